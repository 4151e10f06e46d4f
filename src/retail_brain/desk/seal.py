"""Whether the merge log and the decisions are as they were written: every seal of the chain computed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.desk.lookup import open_store
from retail_brain.store.seal import verify_log

if TYPE_CHECKING:
    from retail_brain.config.file import Configuration
    from retail_brain.store.seal import VerifiedLog


def verify(config: Configuration, *, expect: str | None = None) -> VerifiedLog:
    """Compute every seal again, and look for a digest that was noted elsewhere.

    Args:
        config: the configuration.
        expect: a digest as `run show` told it on some day.

    Returns:
        Rows, seals and the newest digest of a log that was not touched.

    Raises:
        IntegrityError: the log was touched; the message names where.
    """
    with open_store(config) as pg:
        return verify_log(pg, expect=expect)
