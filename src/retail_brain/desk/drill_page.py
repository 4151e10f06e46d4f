"""A drill as a page: passed or not, how much would have been lost, how long it would have taken, and where the time went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.report import render_page
from retail_brain.report.charts import bars
from retail_brain.report.markup import Html, element, number, section, table

if TYPE_CHECKING:
    from retail_brain.backup.drill import DrillResult


def render_drill(result: DrillResult) -> str:
    """Draw a drill.

    Args:
        result: what was measured.

    Returns:
        The text of the HTML file.
    """
    phases = bars([(name, round(took, 1)) for name, took in result.seconds.items()], unit=" s")
    main = element(
        "main",
        section("Seconds by phase", phases, note="Look-ups are answered before the cache is warm.")
        if result.seconds
        else None,
        section("What came back", _facts(result)),
    )
    return render_page("Recovery drill", _header(result), _verdict(result), _tiles(result), main)


def _header(result: DrillResult) -> Html:
    pill = element("span", "passed" if result.passed else "failed", class_=f"pill {'good' if result.passed else 'bad'}")
    told = " · ".join(
        [result.drilled_at, f"backup {result.backup_id}", *(f"{k} {v}" for k, v in result.versions.items())]
    )
    return element(
        "header",
        element("p", "Retail Brain", class_="brand"),
        element("h1", "Recovery drill ", pill),
        element("p", told),
    )


def _verdict(result: DrillResult) -> Html:
    if result.passed:
        lead = "The backup was recovered on an empty server, held against its manifest, and answered every look-up."
    else:
        lead = f"The recovery failed: {result.problem}"
    notes = element("ul", *(element("li", warning) for warning in result.warnings)) if result.warnings else None
    return element("div", element("b", lead), notes, class_=f"box {'good' if result.passed else 'bad'}")


def _tiles(result: DrillResult) -> Html | None:
    if not result.passed:
        return None
    found = (
        (span(result.rto_s), "until the first look-up (RTO)"),
        (span(result.rpo_s), "of work lost at most (RPO)"),
        (number(result.rows), f"rows in {result.tables} tables"),
        (f"{result.lookup_p95_ms:,.1f} ms", f"p95 of {number(result.lookups)} look-ups"),
    )
    return element(
        "div", *(element("div", element("b", what), element("span", told)) for what, told in found), class_="tiles"
    )


def _facts(result: DrillResult) -> Html:
    facts: list[tuple[str, str]] = [
        ("state of", result.recovered_until or "nothing"),
        ("size of the backup", f"{result.backup_bytes / 2**20:,.1f} MiB"),
        ("indexes read whole", "amcheck is missing" if result.indexes is None else number(result.indexes)),
        ("keys in the cache", number(result.warmed)),
        *((f"from the journal: {kind}", number(count)) for kind, count in result.replayed.items()),
    ]
    return table(("", ""), facts, texts=1)


def span(seconds: float) -> str:
    """Write a length of time as people say it."""
    if seconds < 120:
        return f"{seconds:,.1f} s"
    return f"{seconds / 60:,.1f} min" if seconds < 7_200 else f"{seconds / 3_600:,.1f} h"
