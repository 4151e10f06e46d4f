"""The statements whose text is fixed, one statement a file, loaded by name.

Apart from the modules that run them, so that SQL can be read, formatted and tested as SQL.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import LiteralString


@cache
def load(name: str) -> LiteralString:
    """Return the text of one statement.

    Args:
        name: room and file without its ending, such as "store/fetch_profile".

    Returns:
        The statement, typed as a literal because it comes from the package and never from data.

    Raises:
        FileNotFoundError: no such file is packaged (a bug).
    """
    text: Any = files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return text
