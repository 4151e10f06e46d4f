"""Whose is this: a person, as somebody typed him in, held against the profiles. Nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from retail_brain.desk.lookup import open_store, plain_values
from retail_brain.desk.result import Candidate, ResolveResult
from retail_brain.errors import ConfigurationError
from retail_brain.store import lookup
from retail_brain.store.search import PersonKeys, resolve_by_name, resolve_candidates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retail_brain.config.file import Configuration
    from retail_brain.desk.brain import Brain
    from retail_brain.matching.compare import PairResult
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
    from retail_brain.desk.brain import newest_run, open_brain
    from retail_brain.pipeline.stores import open_workspace

    _refuse_unknown(person)
    with open_store(config) as pg:
        brain = open_brain(config, pg, open_workspace(config), newest_run(pg))
        try:
            return resolve_in(brain, pg, person, limit=limit)
        finally:
            brain.resources.close()


def resolve_in(brain: Brain, pg: Connection, person: Mapping[str, Any], *, limit: int) -> ResolveResult:
    """Say which profile a person is, with what an open desk knows.

    Args:
        brain: the model of the last published run, and what that kept out of matching.
        pg: a connection outside any transaction.
        person: fields of `PERSON_FIELDS`.
        limit: how many candidates to tell.

    Raises:
        ConfigurationError: an unknown field, or nothing to go by.
    """
    _refuse_unknown(person)
    row = {name: str(person[name]).strip() or None for name in PERSON_FIELDS if person.get(name) is not None}
    values = brain.standardise({"source": "desk", "record_id": "1", **row})
    if not values:
        raise ConfigurationError("nothing is known of this person", hint="a name, an e-mail address, a phone …")
    keys = PersonKeys(values=values)
    scored = _score(brain, values, resolve_candidates(pg, keys, limit=_CANDIDATE_PROFILES))
    if not scored or scored[0][1].match_probability < brain.config.matching.merge_probability:
        seen = {record.record_no for record, _result in scored}
        more = [one for one in resolve_by_name(pg, keys, limit=_CANDIDATE_PROFILES) if one.record_no not in seen]
        scored = _ranked([*scored, *_score(brain, values, more)])
    return _judge(brain.config, pg, scored, limit)


def _refuse_unknown(person: Mapping[str, Any]) -> None:
    unknown = sorted(set(person) - set(PERSON_FIELDS))
    if unknown:
        raise ConfigurationError(f"a person has no {', '.join(unknown)}", hint=f"fields: {', '.join(PERSON_FIELDS)}")


def _score(brain: Brain, values: dict[str, Any], records: list[StoredRecord]) -> list[tuple[StoredRecord, PairResult]]:
    """Hold the person against every candidate; the best come first."""
    key = brain.key(values)
    scored = [
        (record, brain.compare(_PERSON_NO, key, record.record_no, brain.key(record.values))) for record in records
    ]
    return _ranked(scored)


def _ranked(scored: list[tuple[StoredRecord, PairResult]]) -> list[tuple[StoredRecord, PairResult]]:
    return sorted(scored, key=lambda pair: (-pair[1].match_weight, pair[0].record_no))


def _judge(
    config: Configuration, pg: Connection, scored: list[tuple[StoredRecord, PairResult]], limit: int
) -> ResolveResult:
    """Take the best record of each profile, and say what its probability means."""
    best: dict[Any, tuple[StoredRecord, PairResult]] = {}
    for record, match in scored:
        best.setdefault(record.profile_id, (record, match))
    least = config.matching.review_probability / 10
    close = [(profile_id, *pair) for profile_id, pair in best.items() if pair[1].match_probability >= least][:limit]
    golden = {
        profile.profile_id: profile for profile in lookup.fetch_profiles(pg, [profile_id for profile_id, *_ in close])
    }
    candidates = tuple(
        Candidate(
            profile_id=str(profile_id),
            match_probability=match.match_probability,
            match_weight=match.match_weight,
            record=f"{record.source}:{record.record_id}",
            values=plain_values(dict(golden[profile_id].values)),
        )
        for profile_id, record, match in close
    )
    probability = candidates[0].match_probability if candidates else 0.0
    if probability >= config.matching.merge_probability:
        return ResolveResult(
            profile_id=candidates[0].profile_id, match_probability=probability, verdict="same", candidates=candidates
        )
    verdict: Literal["unsure", "unknown"] = "unsure" if probability >= config.matching.review_probability else "unknown"
    return ResolveResult(profile_id=None, match_probability=probability, verdict=verdict, candidates=candidates)
