"""Policies for a new study, ranked by what they did on the curves of similar ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pruning.backtest.scores import Estimate
from pruning.library.card import Played
from pruning.library.neighbours import FEWEST, Neighbour, mean_distance, near

MOST = 10
"""So many of the nearest studies speak."""
PRICE = 0.1
"""Regret that training everything to its end is worth: ten points of compute weigh as much as 0.01 of regret."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One policy that could be suggested."""

    name: str
    fingerprint: str
    """As it would be played under the plan."""


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """One policy and what it rests on."""

    candidate: Candidate
    utility: float
    """Mean over the studies of -regret - price x compute, less one standard error; see `_likely` for what is open."""
    compute: float
    regret: float
    lost: float
    """Means over the studies; where curves break off, as their control arm tells, else in the worst case."""
    support: tuple[Neighbour, ...]
    is_open: bool = False
    """Recordings that break off leave its figures open on a study whose control arm is too small to tell."""

    @property
    def distance(self) -> float:
        """Return how far the studies are on average."""
        return mean_distance(self.support) or 0.0

    @property
    def sentence(self) -> str:
        """Return its evidence in plain words."""
        worst = "in the worst case of what their recordings leave open " if self.is_open else ""
        return (
            f"On {len(self.support)} similar studies (mean distance {self.distance:.2f}) it {worst}trained "
            f"{100 * self.compute:.0f} % of the steps, lost the best trial in {100 * self.lost:.0f} % of the runs, and "
            f"ended with a regret of {self.regret:.3f}."
        )


def suggested(neighbours: Sequence[Neighbour], candidates: Mapping[str, Candidate]) -> list[Ranked]:
    """Return the candidates that at least three near studies know, the best first; by name among equals."""
    support = near(neighbours, most=MOST)
    found = [ranked for one in candidates.values() if (ranked := _ranked(one, support)) is not None]
    return sorted(found, key=lambda one: (-one.utility, one.candidate.name))


def _ranked(candidate: Candidate, support: Sequence[Neighbour]) -> Ranked | None:
    known = [(one, of) for one in support if (of := one.card.of(candidate.fingerprint)) is not None]
    if len(known) < FEWEST:
        return None
    utilities = np.array([_utility(of) for _, of in known])
    error = float(utilities.std(ddof=1)) / math.sqrt(len(known))
    return Ranked(
        candidate=candidate,
        utility=float(utilities.mean()) - error,
        compute=_mean([_likely(of.compute) for _, of in known]),
        regret=_mean([_likely(of.regret) for _, of in known]),
        lost=_mean([_likely(of.lost) for _, of in known]),
        support=tuple(one for one, _ in known),
        is_open=any(one.value is None for _, of in known for one in (of.compute, of.regret, of.lost)),
    )


def _utility(of: Played) -> float:
    return -_likely(of.regret) - PRICE * _likely(of.compute)


def _likely(one: Estimate) -> float:
    """Return a figure, or its estimate where recordings leave it open; in the worst case where there is neither."""
    return one.at_most if one.value is None else one.value


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
