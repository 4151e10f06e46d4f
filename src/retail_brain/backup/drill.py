"""The record of a drill: what a whole recovery took and what it brought back, dated, below the target.

Apart from doing one, which is put together in `desk`, because the record outlives the machine that made it: auditors read
it, and `doctor` asks for the newest.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retail_brain.errors import ResourceError
from retail_brain.workspace import replace_text

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "drills"
PHASES = (
    "fetch", "server", "files", "decrypt", "restore", "compare", "analyze", "schema", "replay", "check", "switch",
    "models", "first look-up", "look-ups", "warm",
)  # fmt: skip
"""The phases of a recovery, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """A recovery that was rehearsed on an empty server, to its end."""

    drilled_at: str
    backup_id: str
    passed: bool
    problem: str = ""
    """What stopped it; empty where nothing did."""
    recovered_until: str = ""
    """The newest moment whose work was brought back."""
    rpo_s: float = 0.0
    """How old that moment was when the drill began: what a loss at that moment would have cost."""
    rto_s: float = 0.0
    """From the beginning to the first look-up that was answered."""
    seconds: dict[str, float] = field(default_factory=dict)
    """By phase, in their order."""
    tables: int = 0
    rows: int = 0
    indexes: int | None = None
    """Indexes that amcheck read; None where the server has none."""
    replayed: dict[str, int] = field(default_factory=dict)
    """Rows that the journal wrote on top of the backup, by table."""
    lookups: int = 0
    lookup_p95_ms: float = 0.0
    warmed: int = 0
    backup_bytes: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    page: str = ""
    """Where the record lies as a page."""


def write_record(target: Path, result: DrillResult, page: str) -> Path:
    """Write the record of a drill, as JSON and as a page, below the target.

    Args:
        target: the folder of the backups.
        result: what to write.
        page: the text of the HTML file.

    Returns:
        The page.

    Raises:
        ResourceError: it cannot be written.
    """
    folder = target / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ResourceError(f"{folder} cannot be made", hint="check its owner and the free disk") from error
    name = result.drilled_at.replace(":", "-").replace("+00-00", "Z")
    replace_text(folder / f"{name}.html", page)
    replace_text(folder / f"{name}.json", json.dumps(asdict(result), indent=1, ensure_ascii=False) + "\n")
    return folder / f"{name}.html"


def last_drill(target: Path) -> datetime | None:
    """Return when the newest drill that passed was held, or None where there was none."""
    held = []
    for path in (target / FOLDER).glob("*.json"):
        try:
            body = json.loads(path.read_bytes())
            if body["passed"]:
                held.append(datetime.fromisoformat(body["drilled_at"]).astimezone(UTC))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return max(held, default=None)
