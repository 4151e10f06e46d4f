"""What the gate says: findings, each with the measure that led to it, and the verdict on a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Band = tuple[float | None, float | None]
"""Least and greatest value that passes; None where there is no bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason to hold a run.

    `check` says what was looked at, `value` what was seen, `band` where it should lie, `message` all of it in a
    sentence; `source` and `field` name the delivered column where there is one.
    """

    check: str
    value: float
    band: Band
    message: str
    source: str | None = None
    field: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a mapping that JSON can hold."""
        return {
            "check": self.check,
            "value": self.value,
            "band": list(self.band),
            "message": self.message,
            "source": self.source,
            "field": self.field,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """The verdict on a run and every reason for it."""

    verdict: Literal["passed", "held"]
    findings: tuple[Finding, ...] = ()


def percent(share: float) -> str:
    """Return a share as people say it: two figures, never a false zero."""
    hundredths = share * 100
    text = f"{hundredths:.0f}" if hundredths >= 1 or hundredths == 0 else f"{hundredths:.2g}"
    return f"{text} %"
