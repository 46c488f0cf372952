"""Links: how well the order of the trials at one decision point agrees with the order at a later one.

A link is measured over the trials that went on from the earlier point to the later one. They are not a random
part: the better ones went on, so the raw correlation understates the agreement, and it is corrected for the
restricted range. With few pairs it is drawn towards a prior. Links form chains to the end of training; the best
chain says how much the order at a decision point knows about the final order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pruning.normal import Floats, correlation, deviation, exact_sum, scores

SHARES = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""The shares of the training at which a prior profile tells the agreement with the end."""
LIBRARY = (0.60, 0.66, 0.72, 0.80, 0.88, 0.96)
"""Agreement with the end at `SHARES`: the mean over eight families of recorded studies. The range between families
is wide (0.44 to 0.89 at 4 %), so it is a weak prior by design."""
MOST_RESTRICTED = 4.0
FIRM = 0.999
"""Correlations are kept within this on Fisher's scale, where 1 would be infinite."""
FEWEST_FLAGGED = 10
"""From so many flagged control trials on, the propensity-weighted link is computed beside the plain one."""


class Spared(NamedTuple):
    """A control trial that a cut would have taken."""

    step: int
    """The first decision point at which it would have been."""
    weight: float
    """The inverse of the probability with which such a trial is spared: it stands for so many that were not."""


@dataclass(frozen=True, kw_only=True)
class Members:
    """Everyone with a value at one decision point: trial numbers, ascending, with their normal scores."""

    step: int
    trials: NDArray[np.int64]
    scores: Floats

    @classmethod
    def of(cls, step: int, keys: Sequence[tuple[float, int]]) -> Members:
        """Return the members of a rung from its (key, trial number) pairs; lower keys are better."""
        told = np.array([key for key, _ in keys], dtype=np.float64)
        trials = np.array([trial for _, trial in keys], dtype=np.int64)
        order = np.argsort(trials, kind="stable")
        return cls(step=step, trials=trials[order], scores=scores(told)[order])

    @cached_property
    def spread(self) -> float:
        """Return the standard deviation of all scores."""
        return deviation(self.scores)

    def __len__(self) -> int:
        return int(self.trials.size)


@dataclass(frozen=True, kw_only=True)
class Shrinkage:
    """How a raw correlation becomes a cautious one."""

    prior_weight: float = 6.0
    """The prior counts as so many pairs."""
    lcb: float = 1.0
    """How many standard errors, on Fisher's scale, are taken off."""
    min_pairs: int = 5
    """With fewer pairs the link between neighbouring decision points (and to the end) is unknown."""
    min_pairs_jump: int = 8
    """With fewer pairs a link that skips decision points is unknown."""
    prior: tuple[float, ...] = LIBRARY
    """Agreement with the end at `SHARES` of the training."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """The agreement between two decision points, with everything it was derived from."""

    start: int
    end: int
    """Steps; the planned length is the end of training."""
    pairs: int
    raw: float | None
    """Correlation of the normal scores over the pairs; None without two different values on each side."""
    restriction: float
    """u: the spread of all members over that of those which went on, clipped to [1, 4]."""
    corrected: float | None
    """r u / sqrt(1 + r² (u² - 1))."""
    weighted: float | None = None
    """The propensity-weighted correlation, from ten flagged control trials on."""
    flagged: int = 0
    """Flagged control trials among the pairs."""
    prior: float
    prior_weight: float
    z: float
    """Fisher's z of the estimate, drawn towards the prior."""
    error: float
    """Its standard error, on Fisher's scale."""
    lcb: float

    @property
    def agreement(self) -> float:
        """Return the estimated correlation."""
        return math.tanh(self.z)

    @property
    def pessimistic(self) -> float:
        """Return the correlation lowered by `lcb` standard errors."""
        return math.tanh(self.z - self.lcb * self.error)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The best chain of links from a decision point to the end."""

    links: tuple[Link, ...]

    @property
    def agreement(self) -> float:
        """Return the estimated agreement with the end."""
        return math.prod(link.agreement for link in self.links)

    @property
    def pessimistic(self) -> float:
        """Return the agreement that quotas are computed with, at least 0."""
        product = 1.0
        for link in self.links:
            product *= max(0.0, link.pessimistic)
        return product

    @property
    def error(self) -> float:
        """Return the standard error of the agreement, by propagation from Fisher's scale."""
        parts = [
            (self._without(index) * (1 - link.agreement**2) * link.error) ** 2 for index, link in enumerate(self.links)
        ]
        return math.sqrt(math.fsum(parts))

    @property
    def steps(self) -> list[int]:
        """Return the decision points it passes, from its own to the end."""
        return [*(link.start for link in self.links[:1]), *(link.end for link in self.links)]

    @property
    def pairs(self) -> int:
        """Return the number of pairs of its weakest link."""
        return min((link.pairs for link in self.links), default=0)

    def _without(self, index: int) -> float:
        return math.prod(link.agreement for place, link in enumerate(self.links) if place != index)


def prior_agreement(share: float, profile: Sequence[float] = LIBRARY) -> float:
    """Return the prior agreement with the end after this share of the training, linear in the share's logarithm.

    >>> prior_agreement(0.08), prior_agreement(1.0), prior_agreement(0.001)
    (0.72, 1.0, 0.6)
    """
    return float(np.interp(math.log(share), [math.log(at) for at in (*SHARES, 1.0)], [*profile, 1.0]))


def measure(
    start: Members,
    end: Members,
    *,
    horizon: int,
    is_jump: bool,
    shrinkage: Shrinkage,
    spared: Mapping[int, Spared] | None = None,
) -> Link | None:
    """Return the link between two decision points; None while too few pairs or no spread leave it unknown.

    horizon: the planned length. is_jump: a decision point lies between them. spared: flagged control trials by
    number; those flagged before `end` stand for others that did not come there.
    """
    _, here, there = np.intersect1d(start.trials, end.trials, assume_unique=True, return_indices=True)
    pairs = int(here.size)
    if pairs < (shrinkage.min_pairs_jump if is_jump else shrinkage.min_pairs):
        return None
    before, after = start.scores[here], end.scores[there]
    raw = correlation(before, after)
    if raw is None and pairs:
        return None
    restriction = _restriction(start.spread, before)
    corrected = None if raw is None else _corrected(raw, restriction)
    profile = shrinkage.prior
    prior = prior_agreement(start.step / horizon, profile) / prior_agreement(end.step / horizon, profile)
    z, error = _shrunk(corrected, pairs, prior, shrinkage.prior_weight)
    weighted, flagged = None, 0
    if spared:
        weights, flagged = _weights(start.trials[here], end.step, spared)
        if flagged >= FEWEST_FLAGGED:
            weighted = correlation(before, after, weights)
            z, error = _lower((z, error), weighted, weights, prior, shrinkage)
    return Link(
        start=start.step,
        end=end.step,
        pairs=pairs,
        raw=raw,
        restriction=restriction,
        corrected=corrected,
        weighted=weighted,
        flagged=flagged,
        prior=prior,
        prior_weight=shrinkage.prior_weight,
        z=z,
        error=error,
        lcb=shrinkage.lcb,
    )


def _weights(trials: NDArray[np.int64], end: int, spared: Mapping[int, Spared]) -> tuple[Floats, int]:
    """Return every pair's weight, and how many pairs are controls flagged before `end`."""
    flagged = [spared.get(trial) for trial in trials.tolist()]
    weights = [found.weight if found is not None and found.step < end else 0.0 for found in flagged]
    return np.array([weight or 1.0 for weight in weights]), sum(weight > 0 for weight in weights)


def best_chains(steps: Sequence[int], links: Sequence[Link]) -> dict[int, Chain]:
    """Return for every decision point the chain with the largest pessimistic product; unknown points are missing.

    steps: all decision points, ascending, the end of training last.
    """
    chains: dict[int, Chain] = {steps[-1]: Chain(links=())}
    by_start: dict[int, list[Link]] = {}
    for link in links:
        by_start.setdefault(link.start, []).append(link)
    for step in reversed(steps[:-1]):
        options = [
            Chain(links=(link, *chains[link.end].links)) for link in by_start.get(step, ()) if link.end in chains
        ]
        if options:
            chains[step] = max(options, key=lambda chain: (chain.pessimistic, -len(chain.links)))
    return chains


def _restriction(everyone: float, survivors: Floats) -> float:
    """Return u, from the spread of all scores and the scores of those that went on."""
    narrow = deviation(survivors)
    if narrow <= 0:
        return 1.0
    return min(MOST_RESTRICTED, max(1.0, everyone / narrow))


def _corrected(raw: float, restriction: float) -> float:
    """Return the correlation that the whole range would show (Thorndike's case 2)."""
    return raw * restriction / math.sqrt(1 + raw * raw * (restriction * restriction - 1))


def _shrunk(value: float | None, pairs: float, prior: float, prior_weight: float) -> tuple[float, float]:
    """Return z = ((n - 3) atanh r' + m0 atanh r0) / (n - 3 + m0) and its standard error 1 / sqrt(n - 3 + m0)."""
    weight = 0.0 if value is None else max(0.0, pairs - 3)
    total = max(weight + prior_weight, 1.0)
    z = (weight * _fisher(value or 0.0) + prior_weight * _fisher(prior)) / total
    return z, 1 / math.sqrt(total)


def _lower(
    plain: tuple[float, float], weighted: float | None, weights: Floats, prior: float, shrinkage: Shrinkage
) -> tuple[float, float]:
    """Return the plain or the weighted estimate, whichever is lower after `lcb` standard errors."""
    if weighted is None:
        return plain
    effective = exact_sum(weights) ** 2 / exact_sum(weights * weights)
    other = _shrunk(weighted, effective, prior, shrinkage.prior_weight)
    return min(plain, other, key=lambda estimate: estimate[0] - shrinkage.lcb * estimate[1])


def _fisher(value: float) -> float:
    return math.atanh(max(-FIRM, min(FIRM, value)))
