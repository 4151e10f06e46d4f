"""The trained model: what was learnt about each level, as plain data that can be saved, read and shown.

Apart from training and scoring because it outlives both: it is versioned, frozen beside its term frequencies, and the
same one scores a first night, a usual night and a single person.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.resources import files
from math import log2
from pathlib import Path

from retail_brain.errors import ConfigurationError
from retail_brain.matching.comparison import COMPARISONS, Comparison

CLASSES = ("same", "home", "stranger")
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShare:
    """How often one comparison reaches each of its levels, from 0 (different) upwards, in the three kinds of pairs.

    `same` are pairs of one person's records, `home` of two people who share a home, `stranger` of any two others.
    """

    same: tuple[float, ...]
    home: tuple[float, ...]
    stranger: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A trained matching model."""

    model_id: str
    shares: dict[str, LevelShare]
    same_share: float
    home_share: float
    blocking_rules: tuple[tuple[str, ...], ...]
    records: int
    versions: dict[str, str] = field(default_factory=dict)
    term_totals: dict[str, tuple[int, float]] = field(default_factory=dict)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The comparisons that the model knows, in their fixed order."""
        return tuple(comparison for comparison in COMPARISONS if comparison.name in self.shares)

    @property
    def shares_order(self) -> tuple[str, ...]:
        """The names of the comparisons in their fixed order: the order of `edge.levels`."""
        return tuple(comparison.name for comparison in self.comparisons)

    @property
    def prior_bits(self) -> float:
        """The odds, in bits, that two records drawn at random are one person's."""
        return round(log2(self.same_share / (1 - self.same_share)), 6)

    @property
    def home_odds(self) -> float:
        """Pairs that share a home for each pair of strangers."""
        return self.home_share / max(1 - self.home_share - self.same_share, 1e-12)

    def level_bits(self, name: str, level: int) -> float:
        """Return the weight of a level between one person and strangers; 0 for a level of -1."""
        return self._bits(name)[0][level] if level >= 0 else 0.0

    def home_bits(self, name: str, level: int) -> float:
        """Return the weight of a level between two people of one home and strangers; 0 for a level of -1."""
        return self._bits(name)[1][level] if level >= 0 else 0.0

    def _bits(self, name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
        share = self.shares[name]
        return _distinct_bits(share.same, share.stranger), _distinct_bits(share.home, share.stranger)

    def save(self, folder: Path) -> None:
        """Write model.json into a folder; the term frequencies are written beside it by `terms.save_terms`."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "model.json"
        text = json.dumps({"version": VERSION, **asdict(self)}, indent=2, sort_keys=True)
        temporary = path.with_suffix(".partial")
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(path)

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Read a model from its folder.

        Raises:
            ConfigurationError: the file is missing, damaged or of another version.
        """
        try:
            return cls.from_text((folder / "model.json").read_text(encoding="utf-8"))
        except OSError as error:
            raise _unreadable() from error

    @classmethod
    def from_text(cls, text: str) -> Model:
        """Read a model from the text of its file.

        Raises:
            ConfigurationError: the text is damaged or of another version.
        """
        try:
            return _from_text(text)
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable() from error


@cache
def _distinct_bits(kind: tuple[float, ...], stranger: tuple[float, ...]) -> tuple[float, ...]:
    """Return the weights rounded to a millionth of a bit; no two equal and none zero, so that a weight tells its level."""
    bits: list[float] = []
    for share, other in zip(kind, stranger, strict=True):
        weight = round(log2(share / other), 6)
        while weight == 0 or weight in bits:
            weight = round(weight + 1e-6, 6)
        bits.append(weight)
    return tuple(bits)


def _unreadable() -> ConfigurationError:
    return ConfigurationError("the matching model cannot be read", hint="train it again: retail-brain model train")


def default_model() -> Model:
    """Return the model that is shipped: a prior for small data, a start for training."""
    return _from_text(files("retail_brain.matching").joinpath("default_model.json").read_text(encoding="utf-8"))


def with_settings(model: Model, *, comparisons: tuple[str, ...], blocking_rules: tuple[tuple[str, ...], ...]) -> Model:
    """Return a model that is limited to some comparisons and uses other blocking rules."""
    shares = {name: share for name, share in model.shares.items() if name in comparisons}
    return replace(model, shares=shares, blocking_rules=blocking_rules)


def _from_text(text: str) -> Model:
    raw = json.loads(text)
    if raw.pop("version") != VERSION:
        raise ValueError
    raw["shares"] = {
        name: LevelShare(**{kind: tuple(values) for kind, values in share.items()})
        for name, share in raw["shares"].items()
    }
    raw["blocking_rules"] = tuple(tuple(rule) for rule in raw["blocking_rules"])
    raw["term_totals"] = {column: (total, agreement) for column, (total, agreement) in raw["term_totals"].items()}
    return Model(**raw)
