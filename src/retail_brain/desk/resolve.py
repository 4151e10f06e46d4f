"""Whose is this: a person, as somebody typed him in, held against the profiles. Nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from retail_brain.desk.evidence import Scorer, as_row, open_scorer
from retail_brain.desk.lookup import open_store, plain_values
from retail_brain.desk.result import Candidate, ResolveResult
from retail_brain.errors import ConfigurationError
from retail_brain.model import VALUE_FIELDS
from retail_brain.store import lookup
from retail_brain.store.search import PersonKeys, resolve_candidates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retail_brain.config.file import Configuration
    from retail_brain.matching.person import PersonMatchResult
    from retail_brain.store.connection import Connection
    from retail_brain.store.lookup import StoredRecord

PERSON_FIELDS = (
    "full_name", "given_name", "middle_name", "family_name", "name_suffix", "native_name", "gender", "email", "phone",
    "date_of_birth", "address", "city", "region", "postal_code", "country", "loyalty_id", "national_id",
)  # fmt: skip
_PERSON_NO = -1
_CANDIDATE_PROFILES = 200


def resolve_person(config: Configuration, person: Mapping[str, Any], *, limit: int = 5) -> ResolveResult:
    """Say which profile a person is, how sure that is, and what else is close.

    Args:
        config: the configuration.
        person: fields of `PERSON_FIELDS`, as written by anybody.
        limit: how many candidates to tell.

    Returns:
        The verdict by the thresholds of the configuration, and the candidates, best first.

    Raises:
        ConfigurationError: an unknown field, or nothing to go by.
        ServiceError: PostgreSQL does not answer.
    """
    unknown = sorted(set(person) - set(PERSON_FIELDS))
    if unknown:
        raise ConfigurationError(f"a person has no {', '.join(unknown)}", hint=f"fields: {', '.join(PERSON_FIELDS)}")
    with open_store(config) as pg, open_scorer(config, pg) as scorer:
        values = _standardise(scorer, person)
        if not values:
            raise ConfigurationError("nothing is known of this person", hint="a name, an e-mail address, a phone …")
        records = resolve_candidates(pg, PersonKeys(values=values), limit=_CANDIDATE_PROFILES)
        return _judge(config, pg, _score(scorer, values, records), records, limit)


def _standardise(scorer: Scorer, person: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the person's values into the spelling that records have."""
    from retail_brain.standardise.values import standardise_values

    columns = ("source", "record_id", *PERSON_FIELDS, "updated_at", "attributes")
    scorer.con.execute(f"create or replace table delivered_row ({', '.join(f'{name} varchar' for name in columns)})")
    row = [
        "desk",
        "1",
        *(str(person[name]).strip() or None if person.get(name) is not None else None for name in PERSON_FIELDS),
        None,
        None,
    ]
    scorer.con.execute(f"insert into delivered_row values ({', '.join('?' * len(row))})", row)
    standardise_values(scorer.con, into="person_value", sources={}, home_region=scorer.config.home_region)
    cursor = scorer.con.execute("select * from person_value")
    names = [column[0] for column in cursor.description or ()]
    found = dict(zip(names, cursor.fetchall()[0], strict=True))
    return {name: found[name] for name in VALUE_FIELDS if found.get(name) is not None}


def _score(scorer: Scorer, values: dict[str, Any], records: list[StoredRecord]) -> list[PersonMatchResult]:
    from retail_brain.matching.person import match_person

    if not records:
        return []
    scorer.make_keys("person", [{"record_no": _PERSON_NO, "source": "desk", "record_id": "1", **values}], "person_key")
    scorer.make_keys("candidate", (as_row(record) for record in records), "candidate_key")
    return match_person(scorer.con, scorer.model, "person_key", "candidate_key", settings=scorer.config.matching)


def _judge(
    config: Configuration, pg: Connection, scored: list[PersonMatchResult], records: list[StoredRecord], limit: int
) -> ResolveResult:
    """Take the best record of each profile, and say what its probability means."""
    by_no = {record.record_no: record for record in records}
    best: dict[Any, PersonMatchResult] = {}
    for match in scored:
        best.setdefault(by_no[match.record_no].profile_id, match)
    least = config.matching.review_probability / 10
    close = [(profile_id, match) for profile_id, match in best.items() if match.match_probability >= least][:limit]
    golden = {
        profile.profile_id: profile for profile in lookup.fetch_profiles(pg, [profile_id for profile_id, _ in close])
    }
    candidates = tuple(
        Candidate(
            profile_id=str(profile_id),
            match_probability=match.match_probability,
            match_weight=match.match_weight,
            record=f"{by_no[match.record_no].source}:{by_no[match.record_no].record_id}",
            values=plain_values(dict(golden[profile_id].values)),
        )
        for profile_id, match in close
    )
    probability = candidates[0].match_probability if candidates else 0.0
    if probability >= config.matching.merge_probability:
        return ResolveResult(
            profile_id=candidates[0].profile_id, match_probability=probability, verdict="same", candidates=candidates
        )
    verdict: Literal["unsure", "unknown"] = "unsure" if probability >= config.matching.review_probability else "unknown"
    return ResolveResult(profile_id=None, match_probability=probability, verdict=verdict, candidates=candidates)
