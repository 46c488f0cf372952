"""Recordings that break off, continued as others went on that no rule chose: an estimate with a known origin.

No rule may stop a member of the control arm, so the members' complete curves are a sample of what would have become of
the trials that were stopped. (In a study without a strategy everybody is such a member.) What broke off at step s is
continued like one of the members that stood nearest to it there (a hot deck). The members are drawn with replacement
first, anew for every order, so that orders differ by as much as another control arm would have made them (approximate
Bayesian bootstrap: Rubin and Schenker, JASA 81, 1986).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pruning.rules.base import Curve
from pruning.simulate import Pool, Recording

FEWEST = 3
"""With fewer complete curves that no rule chose nothing is estimated."""
NEAREST = 3
"""A curve goes on like one of so many members."""
SEED = 0


def members(pool: Pool) -> list[int]:
    """Return the places of the complete curves that no rule chose."""
    return [place for place, one in enumerate(pool.recordings) if one.is_control and not one.is_censored]


def continued(pool: Pool, *, order: int) -> Pool | None:
    """Return the pool with every recording continued to an end; None with fewer than three members to tell how.

    From its best key so far a curve gains at every later step what the member gained from its own. One whose last value
    is not a number has diverged for good and stays as it is. order: another one draws other members.
    """
    known = members(pool)
    if len(known) < FEWEST:
        return None
    random = np.random.default_rng([SEED, order])
    deck = _Deck(pool, random.choice(known, len(known)).tolist())
    return replace(
        pool,
        recordings=tuple(
            _continued(pool, place, deck, random) if one.is_censored else one
            for place, one in enumerate(pool.recordings)
        ),
    )


class _Deck:
    """The drawn members, ready to be asked who stood where at a step."""

    def __init__(self, pool: Pool, drawn: Sequence[int]) -> None:
        self._steps = [pool.recordings[place].curve.steps for place in drawn]
        self._keys = [pool.keys(place) for place in drawn]
        self._best = [np.minimum.accumulate(keys) for keys in self._keys]
        self._standing: dict[int, list[tuple[float, int]]] = {}

    def near(self, key: float, step: int) -> list[int]:
        """Return the members whose best at a step ranks nearest to a key, of those that went on after it."""
        if step not in self._standing:
            self._standing[step] = sorted(
                (float(best[told - 1]), place)
                for place, (steps, best) in enumerate(zip(self._steps, self._best, strict=True))
                if 0 < (told := int(np.searchsorted(steps, step, side="right"))) < steps.size
                and np.isfinite(best[told - 1])
            )
        standing = self._standing[step]
        middle = bisect_left(standing, (key, -1))
        first = max(0, min(middle - NEAREST // 2, len(standing) - NEAREST))
        return [place for _, place in standing[first : first + NEAREST]]

    def gains(self, member: int, step: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return a member's later steps, and its keys there less its best key so far."""
        told = int(np.searchsorted(self._steps[member], step, side="right"))
        return self._steps[member][told:], self._keys[member][told:] - self._best[member][told - 1]


def _continued(pool: Pool, place: int, deck: _Deck, random: np.random.Generator) -> Recording:
    one, keys = pool.recordings[place], pool.keys(place)
    ended = replace(one, hidden_gain=None)
    step, best = int(one.curve.steps[-1]), float(keys.min())
    near = deck.near(best, step) if np.isfinite(keys[-1]) else []
    if not near:
        return ended
    steps, gains = deck.gains(near[int(random.integers(len(near)))], step)
    later = best + gains
    values = np.where(np.isfinite(later), -later if pool.maximize else later, np.nan)
    pace = one.cost / step
    return replace(
        ended,
        curve=Curve.of(np.append(one.curve.steps, steps), np.append(one.curve.values, values)),
        spent=np.append(one.spent, one.cost + pace * (steps - step)),
    )
