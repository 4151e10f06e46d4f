"""The sections of a run's page, each from the run's own numbers.

Apart from the page so that each can be read, tested and left out by itself: a section without data is None.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from retail_brain.model import VALUE_FIELDS
from retail_brain.report.charts import bars, diverging, histogram, stacked
from retail_brain.report.markup import Html, element, join, number, percent, plural, section, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WORDS = {
    "given_name": "first name", "middle_name": "middle name", "family_name": "last name", "name_suffix": "suffix",
    "email": "e-mail", "date_of_birth": "date of birth", "postal_code": "postal code", "loyalty_id": "loyalty card",
    "national_id": "national id",
}  # fmt: skip
_LARGE_PROFILE = 12


def word(field: str) -> str:
    """Return a field's name as people say it."""
    return _WORDS.get(field, field.replace("_", " "))


def verdict(run: Mapping[str, Any]) -> Html | None:
    """What the audit said: a box that cannot be overlooked when the run is held."""
    findings = run.get("findings") or ()
    reasons = element("ul", *(element("li", finding.get("message", "")) for finding in findings))
    if run.get("status") == "published" and findings:
        return element(
            "div", element("strong", "A person approved what the audit had held."), reasons, class_="box warn"
        )
    if run.get("status") == "held" or findings:
        said = element("strong", "Held: a person has to look before anything is published.")
        return element("div", said, reasons, class_="box bad")
    if run.get("status") == "published":
        return element(
            "div", element("strong", "Audit passed."), " Every check lay inside its band.", class_="box good"
        )
    return None


def tiles(run: Mapping[str, Any], metrics: Mapping[str, Any]) -> Html:
    """The numbers that everybody asks for first."""
    files = run.get("files") or ()
    profiles = metrics.get("profiles") or run.get("profiles") or 0
    records = metrics.get("records") or 0
    shown: list[tuple[str, str, str | None]] = [
        ("people", number(profiles), f"{records / profiles:.2f} records each" if profiles else None),
        (
            "records",
            number(records),
            f"{number(sum(_count(file, 'rows') for file in files))} rows delivered" if files else None,
        ),
        ("merges", f"+{number(run.get('merges') or 0)}", f"{number(metrics.get('merges') or 0)} standing"),
        ("splits", number(run.get("splits") or 0), f"{number(run.get('refused') or 0)} links refused by rules"),
        (
            "for review",
            number(run.get("for_review") or 0),
            f"of {number(run.get('pairs') or metrics.get('pairs') or 0)} pairs",
        ),
        ("seconds", number(round(sum((run.get("seconds") or {}).values()), 1)), None),
    ]
    return element(
        "div",
        *(
            element("div", element("b", value), element("span", name), element("small", more) if more else None)
            for name, value, more in shown
        ),
        class_="tiles",
    )


def _count(file: Mapping[str, Any], name: str) -> int:
    return int(file.get(name) or 0)


def deliveries(run: Mapping[str, Any]) -> Html | None:
    """Every delivered file: rows = accepted + quarantined + duplicates."""
    files = run.get("files") or ()
    if not files:
        return None
    names = ("rows", "accepted", "quarantined", "duplicates")
    rows = [
        [
            file.get("source", ""),
            file.get("file_name", ""),
            *(number(_count(file, name)) for name in names),
            _told(file),
        ]
        for file in files
    ]
    totals = {name: sum(_count(file, name) for file in files) for name in names}
    rows.append(
        ["all", "", *(element("td", element("b", number(totals[name])), class_="number") for name in names), ""]
    )
    parts = " + ".join((
        f"{number(totals['accepted'])} accepted",
        f"{number(totals['quarantined'])} quarantined",
        f"{number(totals['duplicates'])} exact duplicates",
    ))  # fmt: skip
    note = f"{plural(totals['rows'], 'row')} = {parts}"
    return section("Delivered", table(("source", "file", *names, ""), rows, texts=2), note=note, wide=True)


def _told(file: Mapping[str, Any]) -> str:
    already = file.get("already_in_run")
    return "; ".join([*([f"already in run {already}"] if already else []), *(file.get("warnings") or ())])


def quarantine(run: Mapping[str, Any]) -> Html | None:
    """Why rows were set aside."""
    reasons = run.get("quarantine_reasons") or {}
    if not reasons:
        return None
    rows = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    note = "Rows that could not be read; each is kept with its file, line and reason."
    return section("Quarantined", bars(rows, tone="warm"), note=note)


def records(run: Mapping[str, Any]) -> Html | None:
    """What happened to the records of the sources."""
    counts = {name: count for name, count in (run.get("records") or {}).items() if count}
    return section("Records tonight", stacked(list(counts.items()))) if counts else None


def completeness(metrics: Mapping[str, Any], previous: Mapping[str, Any] | None) -> Html | None:
    """How often each source fills each field, and how that moved."""
    shares = metrics.get("completeness") or {}
    if not shares:
        return None
    before = (previous or {}).get("completeness") or {}
    sources = sorted(shares)
    filled = {field for source in sources for field, share in shares[source].items() if share}
    fields = [field for field in VALUE_FIELDS if field in filled] + sorted(filled - set(VALUE_FIELDS))
    rows = [
        [word(field), *(_heat(shares[source].get(field, 0.0), before.get(source, {}).get(field)) for source in sources)]
        for field in fields
    ]
    note = (
        "Share of a source's rows tonight in which the field is filled; small figures are points against its last run."
    )
    return section("Completeness", table(("field", *sources), rows, class_="heat"), note=note, wide=True)


def _heat(share: float, before: float | None) -> Html:
    if not share and not before:
        return element("td", "–", class_="number none")
    moved = None
    if before is not None and abs(share - before) >= 0.005:
        points = f"{(share - before) * 100:+.0f}".replace("-", "−")
        moved = element("small", points, class_="down" if share < before else "up")
    return element("td", percent(share), moved, class_="number", style=f"--share:{share * 100:.0f}%")


def match_weights(metrics: Mapping[str, Any], thresholds: Mapping[str, float] | None) -> Html | None:
    """How sure the model was of the pairs that it kept."""
    counts = {int(bits): int(count) for bits, count in (metrics.get("match_weights") or {}).items()}
    if not counts:
        return None
    picture = histogram(counts, marks=thresholds, name="Number of pairs by match weight in bits")
    note = f"{plural(sum(counts.values()), 'scored pair')} by match weight, in bits; each bit doubles the odds that two records are one person's."
    return section("Match weight", picture, note=note, wide=True)


def model_weights(model: Mapping[str, Any] | None) -> Html | None:
    """What each level of each comparison is worth to the model."""
    comparisons = (model or {}).get("comparisons") or ()
    if not comparisons:
        return None
    limit = max((abs(level["bits"]) for comparison in comparisons for level in comparison["levels"]), default=1) or 1
    blocks = [
        element("div", element("h3", word(comparison["name"])), _levels(comparison["levels"], limit))
        for comparison in comparisons
    ]
    note = join(
        (
            "Model ",
            element("code", (model or {}).get("model_id", "")),
            ": bits for (right) or against (left) one person.",
        )
    )
    return section("What the model learnt", element("div", *blocks, class_="columns"), note=note, wide=True)


def _levels(levels: Sequence[Mapping[str, Any]], limit: float) -> Html:
    return diverging([(str(level["label"]), float(level["bits"])) for level in levels], limit=limit)


def profile_sizes(metrics: Mapping[str, Any]) -> Html | None:
    """How many records people have."""
    sizes = {int(size): int(count) for size, count in (metrics.get("profile_sizes") or {}).items()}
    if not sizes:
        return None
    rows = [(plural(size, "record"), count) for size, count in sorted(sizes.items()) if size <= _LARGE_PROFILE]
    more = sum(count for size, count in sizes.items() if size > _LARGE_PROFILE)
    if more:
        rows.append((f"more than {_LARGE_PROFILE}", more))
    note = f"The largest profile holds {plural(max(sizes), 'record')}."
    return section("Records per person", bars([(label, float(count)) for label, count in rows]), note=note)


def kept_out(run: Mapping[str, Any], *, include_values: bool) -> Html | None:
    """Values that say nothing about who somebody is; their text only where asked for."""
    values = [value for value in run.get("kept_out") or () if isinstance(value, dict)]
    if not values:
        return None
    head: tuple[str, ...] = ("field", "kind", "records", "people")
    rows = [[word(str(value.get("field", ""))), str(value.get("kind", ""))] for value in values[:25]]
    rows = [
        [*row, number(value.get("records") or 0), number(value.get("people") or 0)]
        for row, value in zip(rows, values, strict=False)
    ]
    if any(value.get("value") is not None for value in values):
        head = (*head[:2], "value" if include_values else "form", *head[2:])
        written = [_written(value.get("value"), include_values=include_values) for value in values]
        rows = [
            [*row[:2], element("td", element("code", text)), *row[2:]] for row, text in zip(rows, written, strict=False)
        ]
    more = f" The {len(rows)} on most records are shown." if len(values) > len(rows) else ""
    note = f"{plural(len(values), 'value')} found on too many different people, or known as stand-ins.{more}"
    return section("Kept out of matching", table(head, rows, texts=len(head) - 2), note=note, wide=True)


def _written(value: str | None, *, include_values: bool) -> str:
    """The value itself, or only its shape: a for letters, 0 for digits."""
    if value is None:
        return "–"
    if include_values:
        return value
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "0", value))


def changes(run: Mapping[str, Any], metrics: Mapping[str, Any], previous: Mapping[str, Any] | None) -> Html | None:
    """What moved since the last published run."""
    if not previous:
        return None
    names = {
        "records": "records", "profiles": "people", "merges": "standing merges", "largest_profile": "largest profile",
        "scored_records": "records scored", "pairs": "pairs", "new_merges": "new merges", "new_splits": "splits",
    }  # fmt: skip
    rows = [
        [said, number(previous.get(name) or 0), number(metrics.get(name) or 0), _moved(metrics, previous, name)]
        for name, said in names.items()
    ]
    changed, before = metrics.get("changed_profiles") or 0, metrics.get("profiles_before") or 0
    note = (
        f"{plural(changed, 'profile')} of {number(before)} changed or ended ({percent(changed / before)})."
        if before
        else None
    )
    written = {name: count for name, count in (run.get("written") or {}).items() if count}
    stored = table(
        ("rows written to PostgreSQL", ""), [[name.replace("_", " "), number(count)] for name, count in written.items()]
    )
    return section(
        "Since the last run", table(("", "before", "now", "change"), rows), stored if written else None, note=note
    )


def _moved(metrics: Mapping[str, Any], previous: Mapping[str, Any], name: str) -> str:
    change = (metrics.get(name) or 0) - (previous.get(name) or 0)
    return f"{change:+,}".replace("-", "−") if change else "="


def seconds(run: Mapping[str, Any]) -> Html | None:
    """Where the time went."""
    stages = [(stage, round(float(spent), 2)) for stage, spent in (run.get("seconds") or {}).items()]
    if not stages:
        return None
    return section(
        "Seconds per stage", bars(stages, unit=" s"), note=f"{sum(spent for _, spent in stages):,.1f} s in all."
    )


def warnings(run: Mapping[str, Any]) -> Html | None:
    """What a run could do nothing about but had to say."""
    told = run.get("warnings") or ()
    return element("div", element("ul", *(element("li", text) for text in told)), class_="box warn") if told else None
