"""How taking a run back looks: what it does to records, merges and profiles, by counts and ids, without a customer's value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retail_brain.desk.revert_result import RevertedProfile, RevertResult
from retail_brain_cli.output import clean, screen
from retail_brain_cli.screens.changes import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

_FILES = 5


@screen.register(RevertResult)
def _revert(result: RevertResult, console: Console) -> None:
    if result.status == "already reverted":
        when = f" on {result.reverted_at:%Y-%m-%d %H:%M}" if result.reverted_at else ""
        say(
            console,
            f"run {result.run_id} was already taken back by {clean(result.reverted_by)}{when} (run {result.revert_run_id})",
        )
        return
    runs = ", ".join(str(run_id) for run_id in result.run_ids)
    say(console, f"take back run{'s' if len(result.run_ids) > 1 else ''} {runs}", style="bold")
    files = ", ".join(clean(name) for name in result.files[:_FILES])
    more = f" and {len(result.files) - _FILES:,} more" if len(result.files) > _FILES else ""
    if files:
        say(console, f"files     {files}{more}", indent=2, hang=10)
    for label, text in _lines(result):
        say(console, f"{label:<9} {text}", indent=2, hang=10)
    for profile in result.largest:
        say(console, _profile(profile), style="dim", indent=12)
    console.print()
    _after(result, console)


def _lines(result: RevertResult) -> Iterator[tuple[str, str]]:
    records = (
        (result.records_out, "are taken out: these runs brought them" if len(result.run_ids) > 1 else "are taken out: the run brought them"),
        (result.records_back, "are in a profile again"),
        (result.records_restored, "get the values back that they had"),
        (result.records_moved, "go back to another profile"),
        (result.records_waiting, "came between runs: the next run looks for their place again"),
    )  # fmt: skip
    told = [f"{count:,} {what}" for count, what in records if count]
    yield "records", "; ".join(told) or "none changes"
    yield "merges", f"{result.merges_unmade:,} end, {result.merges_again:,} stand again"
    alive = f", {result.ids_alive:,} of them under an id that lives again" if result.ids_alive else ""
    yield "profiles", f"{result.profiles:,} become {result.profiles_after:,}{alive}"
    if result.withdrawn:
        numbers = ", ".join(str(number) for number in result.withdrawn[:10])
        yield (
            "decisions",
            f"{len(result.withdrawn):,} taken back with it: {numbers}{' …' if len(result.withdrawn) > 10 else ''}",
        )


def _profile(profile: RevertedProfile) -> str:
    there = dict(profile.becomes)
    stay, others = there.pop(profile.profile_id, 0), len(there)
    told = [
        f"{stay:,} stay" if stay else "",
        f"{sum(there.values()):,} to {'another profile' if others == 1 else f'{others:,} others'}" if others else "",
        f"{profile.gone:,} out" if profile.gone else "",
    ]
    records = "1 record" if profile.records == 1 else f"{profile.records:,} records"
    return f"{profile.profile_id}  {records}: {', '.join(one for one in told if one)}"


def _after(result: RevertResult, console: Console) -> None:
    if result.status != "reverted":
        say(console, "The next runs leave it so, until a source delivers something else.", indent=2)
        say(console, f"plan {result.plan}", style="dim", indent=2)
    else:
        say(console, f"Taken back, by run {result.revert_run_id}.", style="green", indent=2)
        if result.files:
            say(
                console,
                "The files count as taken in. Corrected ones are taken by the next run; to have one taken again as it is, name it: retail-brain run --from FILE",
                indent=2,
            )
        if result.seal:
            say(console, f"seal {result.seal}", style="dim", indent=2)
    for warning in result.warnings:
        say(console, clean(warning), style="yellow", indent=2)
