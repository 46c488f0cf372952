"""What trials gained from a look to the end: their ranks there, against those of trials that stood alike before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pruning.halted.outcomes import Floats, Outcomes

Indices = NDArray[np.int64]

MOST_LINKED = 2_000
"""Trials that the test looks at from one look; of more, so many drawn at random."""
FEWEST_LINKED = 8
STRATUM = 10
"""Trials of similar rank, among which gains are exchanged, at least."""
MOST_STRATA = 20
TINY = 1e-9


@dataclass(frozen=True)
class Link:
    """What trials that no rule has chosen gained from a look to the end."""

    look: int
    """Which of the looks, from 0."""
    trials: Indices
    """Places in the columns of the outcomes."""
    gains: Floats
    """By how much each ended better than its stratum, in shares of all ranks, the line through ranks taken off."""
    offsets: Floats
    """Ranks at the look, from 0 (best) to 1, from the middle of their stratum."""
    strata: Sequence[Indices]
    """Places in `trials`, by rank at the look."""

    def shuffled(self, random: np.random.Generator, times: int) -> Floats:
        """Return the gains exchanged within strata, float64[times, trials]."""
        moved = np.empty((times, len(self.trials)))
        for stratum in self.strata:
            moved[:, stratum] = random.permuted(np.tile(self.gains[stratum], (times, 1)), axis=1)
        return moved


@dataclass(frozen=True)
class Contrast:
    """Regions of a link against all else: least squares of the gains on being inside, among trials that stood alike.

    gains: float64[trials]. apart: float64[trials, regions], being inside (0 or 1) with strata and line taken off, as
    they are off the gains (Frisch and Waugh, Econometrica 1, 1933).
    """

    gains: Floats
    apart: Floats

    @classmethod
    def of(cls, link: Link, members: Floats) -> Contrast:
        """Return the contrast of regions; members: float64[trials, regions] of zeros and ones."""
        apart = members.copy()
        for stratum in link.strata:
            apart[stratum] -= apart[stratum].mean(axis=0)
        if (square := float(link.offsets @ link.offsets)) > TINY:
            apart -= np.outer(link.offsets, link.offsets @ apart / square)
        return cls(link.gains, apart)

    @cached_property
    def squares(self) -> Floats:
        """Return the squared length of each column; 0 where no trial outside stood like one inside."""
        return np.asarray((self.apart**2).sum(axis=0))

    @cached_property
    def differences(self) -> Floats:
        """Return by how much trials inside ended better than those outside: float64[regions], shares of all ranks."""
        return np.asarray(self.gains @ self.apart / np.maximum(self.squares, TINY))

    @cached_property
    def residuals(self) -> Floats:
        """Return the squares that each difference leaves unexplained, float64[regions]."""
        return np.maximum(self.gains @ self.gains - self.differences**2 * self.squares, 0.0)

    def against(self, margin: float) -> Floats:
        """Return the statistic of each region against a margin: the correlation of being inside with what is left of
        the gains once the margin is taken off inside, times the root of the number of trials.
        """
        beyond = self.differences - margin
        left = np.sqrt(self.residuals + beyond**2 * self.squares)
        found = beyond * np.sqrt(self.squares * len(self.gains)) / np.maximum(left, TINY)
        return np.where(self.squares > TINY, found, -np.inf)

    def bounds(self, statistic: float) -> Floats:
        """Return the largest margin against which each region's statistic exceeds the one given, float64[regions]."""
        free = len(self.gains) - statistic**2
        if free <= TINY:
            return np.full(len(self.squares), -np.inf)
        width = statistic * np.sqrt(self.residuals / np.maximum(self.squares, TINY) / free)
        return np.where(self.squares > TINY, self.differences - width, -np.inf)

    def highest(self, moved: Floats) -> Floats:
        """Return the largest statistic of any region by chance; moved: float64[times, trials], gains exchanged."""
        length = float(np.sqrt(self.gains @ self.gains))
        unit = self.apart / np.sqrt(np.maximum(self.squares, TINY))
        return np.asarray((moved @ unit).max(axis=1) * np.sqrt(len(self.gains)) / max(length, TINY))


def links_of(outcomes: Outcomes, random: np.random.Generator) -> Iterator[Link]:
    """Yield what trials gained from each look, where enough trials can tell that no rule has chosen.

    From the last look to the end all that went on can tell, from the others the control arm.
    """
    end = outcomes.at_looks[:, -1]
    n_looks = outcomes.at_looks.shape[1] - 1
    for look in range(n_looks):
        before = outcomes.at_looks[:, look]
        unchosen = np.isfinite(before) & np.isfinite(end)
        if look < n_looks - 1:
            unchosen &= outcomes.control
        trials = np.flatnonzero(unchosen)
        if len(trials) > MOST_LINKED:
            trials = np.sort(random.choice(trials, MOST_LINKED, replace=False))
        if len(trials) >= FEWEST_LINKED:
            yield _link(look, trials, before[trials], end[trials])


def _link(look: int, trials: Indices, before: Floats, after: Floats) -> Link:
    n = len(trials)
    promised, kept = _ranks(before), _ranks(after)
    in_order = np.argsort(promised, kind="stable")
    strata = [np.asarray(one) for one in np.array_split(in_order, int(np.clip(n // STRATUM, 1, MOST_STRATA)))]
    gains, offsets = np.empty(n), np.empty(n)
    for stratum in strata:
        gains[stratum] = kept[stratum].mean() - kept[stratum]
        offsets[stratum] = promised[stratum] - promised[stratum].mean()
    square = float(offsets @ offsets)
    slope = float(offsets @ gains) / square if square > TINY else 0.0
    return Link(look, trials.astype(np.int64), gains - slope * offsets, offsets, strata)


def _ranks(values: Floats) -> Floats:
    """Return ranks from 0 to 1, the best first; ties share theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray(middle[inverse] / max(len(values) - 1, 1))
