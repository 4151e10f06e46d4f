"""The gate's judgement on what each source delivered: every share has a least number of rows beside it.

Apart from the checks of the whole run because these are told by source and column, as whoever sends the file knows it.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from retail_brain.audit.finding import Finding, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from retail_brain.audit.metrics import RunMetrics
    from retail_brain.config.audit import AuditSettings


def usual_delivery(recent: Sequence[RunMetrics], source: str, *, rows_least: int) -> dict[str, Any]:
    """Return what the source's last delivery of enough rows measured; nothing before the first."""
    for past in recent:
        if source in past.usual:
            return past.usual[source]
        if past.source_rows.get(source, 0) >= rows_least:
            return past.delivery(source)
    return {}


def judge_deliveries(
    metrics: RunMetrics, recent: Sequence[RunMetrics], settings: AuditSettings, label: Callable[[str, str | None], str]
) -> Iterator[Finding]:
    """Judge every source that delivered enough rows tonight; of a column the first reason is told.

    Args:
        metrics: what this run measured.
        recent: what the published runs before it measured, newest first.
        settings: the bounds.
        label: how the user knows a field of a source, or the source's files where the field is None.
    """
    for source in sorted(metrics.source_rows):
        if metrics.source_rows[source] < settings.rows_least:
            continue
        one = _Source(
            source,
            metrics.delivery(source),
            usual_delivery(recent, source, rows_least=settings.rows_least),
            settings,
            label,
        )
        told: set[str] = set()
        for finding in chain(
            one.completeness(), one.one_value(), one.shapes(), one.rewritten(), one.people(), one.spelling()
        ):
            column = label(source, finding.field)
            if column not in told:
                told.add(column)
                yield finding


class _Source:
    """One source: what it delivered tonight, what it usually delivers."""

    def __init__(
        self,
        source: str,
        found: Mapping[str, Any],
        usual: Mapping[str, Any],
        settings: AuditSettings,
        label: Callable[[str, str | None], str],
    ) -> None:
        self._source = source
        self._found = found
        self._usual = usual
        self._settings = settings
        self._label = label

    def _say(
        self, check: str, field: str | None, value: float, bound: float, what: str, *, least: bool = False
    ) -> Finding:
        band = (round(bound, 4), None) if least else (None, round(bound, 4))
        name = f"{check} {self._source}.{field}" if field else f"{check} {self._source}"
        message = f"{self._label(self._source, field)}: {what}"
        return Finding(check=name, value=value, band=band, message=message, source=self._source, field=field)

    def completeness(self) -> Iterator[Finding]:
        """Fields that are filled far less than before."""
        for field, usual in sorted(self._usual.get("completeness", {}).items()):
            share, bound = self._found["completeness"].get(field, 0.0), usual - self._settings.completeness_drop
            if share < bound:
                what = f"filled on {percent(share)} of its rows, {percent(usual)} before"
                yield self._say("completeness", field, share, bound, what, least=True)

    def one_value(self) -> Iterator[Finding]:
        """Identifiers of which one value stands on too many rows."""
        for field, share in sorted(self._found["one_value"].items()):
            bound, told = self._settings.one_value_first_share, ""
            if self._usual:
                usual = self._usual.get("one_value", {}).get(field, 0.0)
                bound = max(self._settings.one_value_share, usual * self._settings.one_value_ratio)
                told = f", {percent(usual)} on the nights before"
            if share > bound:
                yield self._say("one_value", field, share, bound, f"one value on {percent(share)} of its rows{told}")

    def rewritten(self) -> Iterator[Finding]:
        """Fields that have another value on most of the records that were known."""
        usual = self._usual.get("rewritten", {})
        for field, (share, rows) in sorted(self._found.get("rewritten", {}).items()):
            bound = self._settings.rewritten_birth_share if field == "date_of_birth" else self._settings.rewritten_share
            if field in usual:
                bound = max(bound, usual[field][0] + self._settings.share_rise)
            if rows < self._settings.affected_least or share <= bound:
                continue
            if field == "updated_at":
                what = f"older than what is known on {percent(share)} of the known records"
            else:
                what = f"another value than before on {percent(share)} of the known records"
            yield self._say("rewritten", field, share, bound, what)

    def shapes(self) -> Iterator[Finding]:
        """Numbers that do not look like those of the nights before."""
        for field, found in sorted(self._found.get("shapes", {}).items()):
            usual = self._usual.get("shapes", {}).get(field, {})
            if not usual or sum(usual.values()) < self._settings.known_shapes_share:
                continue
            share = sum(part for shape, part in found.items() if shape not in usual)
            if share > self._settings.new_shape_share:
                new = next(shape for shape in found if shape not in usual)
                what = f"{percent(share)} of its values do not look as before, most of these like {new}"
                yield self._say("shape", field, round(share, 4), self._settings.new_shape_share, what)

    def people(self) -> Iterator[Finding]:
        """Records that say again what is known under another record id, and rows that were copied down."""
        share, rows = self._found.get("twin", (0.0, 0))
        bound = max(self._settings.twin_share, self._usual.get("twin", (0.0, 0))[0] + self._settings.share_rise)
        if self._usual and rows >= self._settings.affected_least and share > bound:
            what = f"{percent(share)} of the new record ids stand for people whom the source knows by another"
            yield self._say("twin", "record_id", share, bound, what)
        copies = self._found.get("copies", 0)
        most = max(self._settings.copies_least, self._settings.fan_out_ratio * self._usual.get("copies", 0))
        if copies > most:
            what = f"{copies:,} records are alike in name and every identifier"
            yield self._say("copies", "name", copies, most, what)

    def spelling(self) -> Iterator[Finding]:
        """Names in the wrong columns, names that no longer fit the e-mail addresses, letters in the wrong encoding."""
        swapped = self._found.get("swapped") or 0.0
        bound = max(self._settings.swapped_share, (self._usual.get("swapped") or 0.0) + self._settings.share_rise)
        if swapped > bound:
            what = f"given names and surnames look swapped on {percent(swapped)} of its rows"
            yield self._say("swapped", "name", round(swapped, 4), bound, what)
        named, usual = self._found.get("named_email"), self._usual.get("named_email")
        if named is not None and usual is not None and named < usual - self._settings.share_rise:
            what = f"holds the customer's name on {percent(named)} of its rows, {percent(usual)} before"
            bound = usual - self._settings.share_rise
            yield self._say("named_email", "email", round(named, 4), bound, what, least=True)
        share, rows = self._found.get("damaged", (0.0, 0))
        bound = max(self._settings.damaged_share, 3 * self._usual.get("damaged", (0.0, 0))[0])
        if rows >= self._settings.damaged_least and share > bound:
            what = f"letters in a wrong encoding on {percent(share)} of its rows"
            yield self._say("damaged", None, share, bound, what)
