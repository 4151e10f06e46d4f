"""How a customer looks: a profile, search hits, a history, a resolved person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from retail_brain.desk.result import HistoryResult, ProfileResult, ResolveResult, SearchResult
from retail_brain_cli.output import clean, screen

if TYPE_CHECKING:
    from rich.console import Console

LABELS = {
    "given_name": "given name", "middle_name": "middle name", "family_name": "family name", "name_suffix": "suffix",
    "date_of_birth": "born", "email": "e-mail", "postal_code": "postcode", "loyalty_id": "loyalty no.",
    "national_id": "national no.",
}  # fmt: skip
_NAME_PARTS = ("given_name", "middle_name", "family_name", "name_suffix")


def full_name(values: dict[str, str]) -> str:
    """Return the name as a person would write it."""
    parts = [values.get(part) for part in _NAME_PARTS]
    name = " ".join(clean(part) for part in parts if part) or "(no name)"
    return name.title() if name.islower() else name


def one_line(values: dict[str, str]) -> str:
    """Return the values that tell two customers of one name apart, on one line."""
    parts = [
        values.get("email"),
        values.get("phone"),
        values.get("date_of_birth") and f"b. {values['date_of_birth']}",
        values.get("postal_code"),
    ]
    return "  ".join(clean(part) for part in parts if part)


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table in the house style."""
    made = Table(box=None, pad_edge=False, header_style="dim", show_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


@screen.register(ProfileResult)
def _profile(result: ProfileResult, console: Console) -> None:
    console.print(full_name(result.values), style="bold")
    count = f"{len(result.records)} record{'s' * (len(result.records) != 1)}"
    console.print(f"{result.profile_id}   {count}   version {result.version}   from {result.served_from}", style="dim")
    if result.asked_for not in (result.profile_id, *result.records):
        console.print(f"{clean(result.asked_for)} became part of this profile", style="yellow")
    if result.maybe_stale:
        console.print("PostgreSQL does not answer: this is what the cache knows", style="yellow")
    console.print()
    values = table("", "", "from")
    for name, value in result.values.items():
        values.add_row(LABELS.get(name, name.replace("_", " ")), clean(value), clean(result.came_from.get(name, "")))
    console.print(values)
    console.print()
    if result.members:
        _members(result, console)
    else:
        console.print(f"records  {', '.join(clean(key) for key in result.records)}")


def _members(result: ProfileResult, console: Console) -> None:
    records = table("record", "name", "e-mail", "phone", "born")
    for record in result.members:
        known = record.values
        records.add_row(
            clean(record.key),
            full_name(known),
            *(clean(known.get(name)) for name in ("email", "phone", "date_of_birth")),
        )
    console.print(records)


@screen.register(SearchResult)
def _search(result: SearchResult, console: Console) -> None:
    if not result.hits:
        console.print("nobody found")
        return
    for hit in result.hits:
        count = f"{hit.record_count} record{'s' * (hit.record_count != 1)}"
        name, why = f"{hit.score:5.1f}  {full_name(hit.values)}", f"  {clean(hit.matched_by)}, {count}"
        console.print(Text.assemble((name, "bold"), (why, "dim")))
        console.print(f"       {one_line(hit.values)}")
        console.print(f"       {hit.profile_id}", style="dim")


@screen.register(HistoryResult)
def _history(result: HistoryResult, console: Console) -> None:
    console.print(result.profile_id, style="bold")
    for former in result.former_ids:
        console.print(f"  was also {former}", style="dim")
    rows = table("merge", "run", "when", "what", "records", "p")
    for entry in result.entries:
        probability = "" if entry.match_probability is None else f"{entry.match_probability:.4f}"
        what = entry.kind if entry.live or entry.kind != "merge" else "merge, undone"
        rows.add_row(
            str(entry.merge_id),
            str(entry.run_id or ""),
            f"{entry.logged_at:%Y-%m-%d %H:%M}",
            f"{what} ({entry.cause})",
            f"{clean(entry.left)} ─ {clean(entry.right)}",
            probability,
        )
    console.print(rows if result.entries else "one record, never merged")


@screen.register(ResolveResult)
def _resolve(result: ResolveResult, console: Console) -> None:
    said = {"same": "is this customer", "unsure": "may be this customer", "unknown": "nobody we know"}[result.verdict]
    console.print(f"{said}   p = {result.match_probability:.4f}", style="bold")
    for candidate in result.candidates:
        console.print(
            f"  {candidate.match_probability:.4f}  {candidate.match_weight:+7.1f} bits  {full_name(candidate.values)}  {one_line(candidate.values)}"
        )
        console.print(f"          {candidate.profile_id}  closest record {clean(candidate.record)}", style="dim")
