"""The one statement of survivorship, built from the rules of the configuration.

Apart from its caller because the same text serves the two profiles of an unmerge and the ten million of a first run.
The choice is one 128-bit integer per record and field, the rank, so that it can depend neither on the order of rows
nor on threads. The record number stands in its lowest bits, and the winner's number is read back from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from retail_brain.config.survivorship import ADDRESS_FIELDS, GOLDEN_FIELDS
from retail_brain.engine import quote_identifier, quote_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from retail_brain.config.survivorship import Rule, SurvivorshipSettings

NAMES = ("given_name", "middle_name", "family_name")
SINGLE_FIELDS = tuple(field for field in GOLDEN_FIELDS if field not in ADDRESS_FIELDS)

# Bits of a rank, from the lowest: record number 40, source priority 8, microseconds since 1970 52, grade 20, usable 1.
_RECORD_MASK = (1 << 40) - 1
_PRIORITY_SHIFT, _TIME_SHIFT, _GRADE_SHIFT, _USABLE_SHIFT = 40, 48, 100, 120
_WHOLE_NAME = 1 << 18
_COUNT_LIMIT = (1 << 16) - 1

# How a value is written where it is held against the values to avoid.
_CODE = "upper(replace(replace({0}, ' ', ''), '-', ''))"
_AVOIDED_FORMS = {
    "given_name": "lower({0})",
    "family_name": "lower({0})",
    "email": "{0}",
    "phone": "right({0}, 10)",
    "date_of_birth": "cast({0} as varchar)",
    "address": "lower({0})",
    "loyalty_id": _CODE,
    "national_id": _CODE,
}
# A placeholder is no value at all; an address loses its place in the queue only, since the city may still be right.
_DROPPED = frozenset(_AVOIDED_FORMS) - {"address"}


class _LookUp(NamedTuple):
    """Where values to avoid are looked up: the table, and the fields of which it has any."""

    table: str
    fields: frozenset[str]


def survivorship_sql(
    settings: SurvivorshipSettings,
    *,
    record: str = "record",
    crosswalk: str = "crosswalk",
    avoid: str | None = None,
    avoided: Collection[str] = _AVOIDED_FORMS,
    present: Collection[str] = GOLDEN_FIELDS,
    part: int = 0,
    parts: int = 1,
) -> str:
    """Build the statement whose result has one row per profile, as `survive` describes it.

    Args:
        settings: the rules.
        record, crosswalk, avoid: names of the tables that `survive` describes.
        avoided: the fields that have values to avoid; the others are not looked up.
        present: the fields that some record has; the others are NULL everywhere, and nothing is chosen for them.
        part, parts: only the profiles of one part, so that memory stays bounded; results do not depend on it.
    """
    single = [field for field in SINGLE_FIELDS if field in present]
    counted = [field for field in single if settings.rule_for(field) == "most_frequent"]
    where = f" where hash(profile_id) % {parts:d} = {part:d}" if parts > 1 else ""
    look_up = _LookUp(avoid, frozenset(avoided).intersection(_AVOIDED_FORMS)) if avoid is not None else None
    ctes = [
        f"membership as (select record_no, profile_id from {quote_identifier(crosswalk)}{where})",
        _tally_sql(),
        _member_sql(settings, record),
        *(_spelling_sql(field) for field in counted),
        _candidate_sql(settings, single, counted, look_up),
        _winner_sql(present),
        _single_sql(settings, record, look_up),
    ]
    golden = ", ".join(GOLDEN_FIELDS)
    tail = "record_count, first_record_no, provenance, updated_at"
    return (
        f"with {', '.join(ctes)} "
        f"select profile_id, {golden}, {tail} from single union all "
        f"select profile_id, {golden}, record_count, first_record_no, {_provenance_sql(_winner_number)}, updated_at "
        "from winner"
    )


def _tally_sql() -> str:
    """One row per profile: how many records, and the first of them."""
    return (
        "tally as materialized (select profile_id, count(*)::integer as record_count, "
        "min(record_no) as first_record_no from membership group by profile_id)"
    )


def _member_sql(settings: SurvivorshipSettings, record: str) -> str:
    """One row per record of a profile with several: its columns and its recency."""
    priority = _priority_sql(settings.source_priority)
    recency = (
        f"(least(greatest(coalesce(epoch_us(record.updated_at), 0), 0), {(1 << 52) - 1})::hugeint << {_TIME_SHIFT})"
        f" + (({priority})::bigint << {_PRIORITY_SHIFT}) + ({_RECORD_MASK} - record.record_no)"
    )
    return (
        f"member as materialized (select membership.profile_id, tally.record_count, tally.first_record_no, record.*, "
        f"{recency} as recency "
        "from membership join tally on membership.profile_id = tally.profile_id and tally.record_count > 1 "
        f"join {quote_identifier(record)} as record on record.record_no = membership.record_no)"
    )


def _priority_sql(sources: Sequence[str]) -> str:
    if not sources:
        return "0"
    ranked = " ".join(f"when {quote_text(name)} then {250 - place}" for place, name in enumerate(sources))
    return f"case record.source {ranked} else 0 end"


def _spelling_sql(field: str) -> str:
    """One row per value that several records of a profile share while others differ: with their number.

    Two records cannot outvote each other, so only profiles of three and more are counted.
    """
    return (
        f"{field}_spelling as (select profile_id, {_spelled(field)} as spelling, "
        f"least(count(*), {_COUNT_LIMIT}) as votes from member where record_count > 2 "
        f"and {field} is not null group by all having count(*) > 1 and count(*) < any_value(record_count))"
    )


def _spelled(field: str) -> str:
    return f"lower(member.{field})" if field in NAMES else f"member.{field}"


def _candidate_sql(
    settings: SurvivorshipSettings, single: Sequence[str], counted: Sequence[str], avoid: _LookUp | None
) -> str:
    """One row per record of a profile with several: its columns and one rank per field (and one for the address)."""
    ranks = [f"{_rank_sql(settings, field, avoid)} as {field}_rank" for field in (*single, "address")]
    joins = "".join(
        f" left join {field}_spelling on {field}_spelling.profile_id = member.profile_id "
        f"and {field}_spelling.spelling = {_spelled(field)}"
        for field in counted
    )
    return f"candidate as (select member.*, {', '.join(ranks)} from member{joins})"


def _rank_sql(settings: SurvivorshipSettings, field: str, avoid: _LookUp | None) -> str:
    """The rank of a record's value: NULL when there is none."""
    present = _present_sql(field) if field == "address" else f"member.{field} is not null"
    grade = _grade_sql(settings.rule_for(field), field)
    terms = ["member.recency"]
    if grade:
        terms.append(f"(({grade})::hugeint << {_GRADE_SHIFT})")
    if avoid is not None and field in avoid.fields:
        present += _unless_placeholder(settings, field, avoid)
        terms.append(f"case when {_is_avoided(field, avoid)} then 0::hugeint else 1::hugeint << {_USABLE_SHIFT} end")
    return f"case when {present} then {' + '.join(terms)} end"


def _present_sql(field: str) -> str:
    columns = ADDRESS_FIELDS if field == "address" else (field,)
    return "(" + " or ".join(f"member.{column} is not null" for column in columns) + ")"


def _unless_placeholder(settings: SurvivorshipSettings, field: str, avoid: _LookUp) -> str:
    if settings.keep_placeholders or field not in _DROPPED:
        return ""
    return f" and not coalesce({_is_avoided(field, avoid, 'placeholder')}, false)"


def _is_avoided(field: str, avoid: _LookUp, kind: str | None = None) -> str:
    """Whether a record's value is among the values to avoid (of one kind)."""
    form = _AVOIDED_FORMS[field]
    only = f" and kind = {quote_text(kind)}" if kind else ""
    listed = (
        f"select {form.format('value')} from {quote_identifier(avoid.table)} where field = {quote_text(field)}{only}"
    )
    return f"({form.format('member.' + field)} in ({listed}))"


def _grade_sql(rule: Rule, field: str) -> str:
    """What a rule adds above recency: up to 20 bits; empty when recency decides alone."""
    if field == "address":
        own = {"longest": "least(length(concat_ws(' ', member.address, member.city)), 65535)"}
        base = own.get(rule, "") if isinstance(rule, str) else _sources_sql(rule)
        full = f"(member.address is not null)::integer * {2 << 17} + (member.postal_code is not null or member.city is not null)::integer * {1 << 17}"
        return f"{full} + {base}" if base else full
    terms = []
    if field in NAMES:
        terms.append(f"case when {_whole_name_sql(field)} then {_WHOLE_NAME} else 0 end")
    if rule == "most_frequent":
        terms.append(f"coalesce({field}_spelling.votes, 1) * 2")
    if rule == "longest":
        terms.append(f"least(length(cast(member.{field} as varchar)), 65535) * 2")
    if not isinstance(rule, str):
        terms.append(f"{_sources_sql(rule)} * 2")
    if field in NAMES:
        terms.append(f"({_well_cased_sql(field)})::integer")
    return " + ".join(terms)


def _well_cased_sql(field: str) -> str:
    """Whether a name is neither shouted nor whispered; a script without capitals is always well written."""
    lower, upper = f"lower(member.{field})", f"upper(member.{field})"
    return f"{lower} = {upper} or (member.{field} <> {lower} and member.{field} <> {upper})"


def _sources_sql(sources: Sequence[str]) -> str:
    return f"({_priority_sql(sources).replace('record.source', 'member.source')})"


def _whole_name_sql(field: str) -> str:
    """Whether a name is more than initials; one letter of a script without initials is a whole name."""
    initials = r"^\p{Latin}(\.[ -]?\p{Latin}|[ -]\p{Latin})*\.?$"
    return f"length(member.{field}) > 5 or not regexp_matches(member.{field}, {quote_text(initials)})"


def _winner_sql(present: Collection[str]) -> str:
    """One row per profile with several records: values, the winners' ranks."""
    columns = [
        "profile_id",
        "any_value(record_count) as record_count",
        "any_value(first_record_no) as first_record_no",
        "max(updated_at) as updated_at",
    ]
    for field in (field for field in SINGLE_FIELDS if field in present):
        columns += [f"arg_max({field}, {field}_rank) as {field}", f"max({field}_rank) as {field}_rank"]
    columns += [f"arg_max_null({field}, address_rank) as {field}" for field in ADDRESS_FIELDS if field in present]
    columns.append("max(address_rank) as address_rank")
    for field in (field for field in GOLDEN_FIELDS if field not in present):
        columns += [f"null::{_type_of(field)} as {field}", f"null::hugeint as {field}_rank"]
    return f"winner as (select {', '.join(columns)} from candidate group by profile_id)"


def _type_of(field: str) -> str:
    return "date" if field == "date_of_birth" else "varchar"


def _winner_number(field: str) -> str:
    rank = "address_rank" if field in ADDRESS_FIELDS else f"{field}_rank"
    return f"({_RECORD_MASK} - ({rank} & {_RECORD_MASK}))::bigint"


def _single_sql(settings: SurvivorshipSettings, record: str, avoid: _LookUp | None) -> str:
    """One row per profile of one record: its own values, without aggregation."""
    golden = []
    for field in GOLDEN_FIELDS:
        value = f"member.{field}"
        if avoid is not None and field in _DROPPED & avoid.fields and not settings.keep_placeholders:
            value = f"case when {_is_avoided(field, avoid, 'placeholder')} then null else {value} end"
        golden.append(f"{value} as {field}")
    return (
        "bare as (select tally.profile_id, tally.record_count, tally.first_record_no, member.updated_at, "
        f"{', '.join(golden)} from tally join {quote_identifier(record)} as member "
        "on member.record_no = tally.first_record_no where tally.record_count = 1), "
        f"single as (select *, {_provenance_sql(lambda _field: 'first_record_no')} as provenance from bare)"
    )


def _provenance_sql(number: Callable[[str], str]) -> str:
    """The JSON text that names, for each golden value, the record it stands on."""
    entries = ", ".join(
        f"""case when {field} is not null then '"{field}":' || {number(field)} end""" for field in GOLDEN_FIELDS
    )
    return f"'{{' || concat_ws(',', {entries}) || '}}'"
