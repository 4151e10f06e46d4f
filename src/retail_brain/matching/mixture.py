"""EM over counted level patterns, in three classes: one person, two people of one home, strangers.

Pure numpy, no database. Apart from training because it is mathematics: each blocking rule gives a table of patterns
with counts; the rule's own comparisons are left out of its likelihood; the shares of the three classes are free in
each rule, the level shares are common to all. The default model stands in for unseen pairs (Dirichlet pseudo-counts),
so the same procedure serves 150 records and ten million. Counts are integers and the order of sums is fixed, so the
result depends on nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME, HOME, STRANGER = 0, 1, 2
NAMESAKES = (1.0, 99.0)
MOST_NAMESAKES = 0.05
STRANGERS = 5000.0
"""How many random pairs the default's shares of strangers count for: how often two people share a surname or a birthday is
known better from a census than from the ten thousand pairs of a small file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The patterns of one blocking rule: one row per pattern, one column per comparison, -1 for nothing to say."""

    levels: NDArray[np.int64]
    counts: NDArray[np.float64]
    used: tuple[bool, ...]
    start: tuple[float, float, float]
    learns_strangers: bool = False


Shares = list["NDArray[np.float64]"]


def fit(
    blocks: list[Block],
    prior: Shares,
    personal: tuple[bool, ...],
    fixed: tuple[bool, ...],
    *,
    ceilings: Shares,
    strength: float,
    max_iterations: int,
    tolerance: float,
) -> tuple[Shares, list[NDArray[np.float64]]]:
    """Fit level shares by MAP-EM.

    Args:
        blocks: counted patterns of each rule, and of random pairs (the only ones that teach about strangers).
        prior: for each comparison an array (3, levels) of the default model's shares.
        personal: for each comparison whether it is a person's own. Two people of one home agree there as strangers
            do, but for a small share of namesakes and twins; left free, that class would swallow the badly garbled
            records of one person.
        fixed: for each comparison whether the default model's shares are kept as they are.
        ceilings: for each comparison the most that strangers can reach of each level, 1 where that is not known.
        strength: how many pairs the prior counts for.
        max_iterations: steps at most.
        tolerance: stop when no share moves by more.

    Returns:
        The fitted shares, and for each block the shares of the three classes.
    """
    shares = [array.copy() for array in prior]
    mixes = [np.array(block.start) for block in blocks]
    believed = np.array([strength, strength, max(strength, STRANGERS)])[:, None]
    for _ in range(max_iterations):
        gained = [believed * array for array in prior]
        for number, block in enumerate(blocks):
            belongs = responsibility(block.levels, shares, mixes[number], block.used)
            weight = belongs * block.counts[:, None]
            mixes[number] = (weight.sum(axis=0) + np.array(block.start)) / (block.counts.sum() + 1.0)
            _gather(gained, block, weight)
        fitted = [
            old if kept else _normalise(array, own, strength * old[HOME], ceiling)
            for array, own, kept, old, ceiling in zip(gained, personal, fixed, prior, ceilings, strict=True)
        ]
        moved = max(float(np.abs(new - old).max()) for new, old in zip(fitted, shares, strict=True))
        shares = fitted
        if moved < tolerance:
            break
    return shares, mixes


def _normalise(
    gained: NDArray[np.float64], own: bool, prior_home: NDArray[np.float64], ceiling: NDArray[np.float64]
) -> NDArray[np.float64]:
    shares = gained / gained.sum(axis=1, keepdims=True)
    shares[STRANGER] = np.minimum(shares[STRANGER], ceiling)
    shares[STRANGER, 0] += 1 - shares[STRANGER].sum()
    if own:
        shares[HOME] = _namesakes(shares, gained[HOME] - prior_home)
    return shares


def _namesakes(shares: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the home class of a personal comparison: strangers, mixed with a small share that agrees as one person does."""
    part = 0.01
    for _ in range(20):
        alike = part * shares[SAME] / ((1 - part) * shares[STRANGER] + part * shares[SAME])
        part = min(
            (NAMESAKES[0] + float((counts * alike).sum())) / (sum(NAMESAKES) + float(counts.sum())), MOST_NAMESAKES
        )
    return (1 - part) * shares[STRANGER] + part * shares[SAME]


def responsibility(
    levels: NDArray[np.int64], shares: Shares, mix: NDArray[np.float64], used: tuple[bool, ...]
) -> NDArray[np.float64]:
    """Return how likely each pattern belongs to each class, one row per pattern."""
    logs = np.log(np.maximum(mix, 1e-300))[None, :] + np.zeros((len(levels), 3))
    for column, share in enumerate(shares):
        if used[column]:
            known = levels[:, column] >= 0
            logs[known] += np.log(share[:, levels[known, column]].T)
    logs -= logs.max(axis=1, keepdims=True)
    raw = np.exp(logs)
    return raw / raw.sum(axis=1, keepdims=True)


def _gather(gained: Shares, block: Block, weight: NDArray[np.float64]) -> None:
    classes = (SAME, HOME, STRANGER) if block.learns_strangers else (SAME, HOME)
    for column, array in enumerate(gained):
        if not block.used[column]:
            continue
        known = block.levels[:, column] >= 0
        for kind in classes:
            array[kind] += np.bincount(
                block.levels[known, column], weights=weight[known, kind], minlength=array.shape[1]
            )
