"""Recordings that break off: what they may have hidden, told by the curves that went on to their end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from pruning.simulate import Pool


def censor(pool: Pool, places: Collection[int]) -> Pool:
    """Return the pool with the recordings at these places marked as breaking off.

    Each may have hidden what the luckiest complete curve gained from the same step on: how far its best key fell after
    it (in the metric's unit). A bound from this study's own trials, not a law.
    """
    complete = [place for place in range(len(pool.recordings)) if place not in places]
    recordings = tuple(
        replace(one, hidden_gain=_largest_gain(pool, complete, int(one.curve.steps[-1]))) if place in places else one
        for place, one in enumerate(pool.recordings)
    )
    return replace(pool, recordings=recordings)


def _largest_gain(pool: Pool, complete: list[int], step: int) -> float:
    """Return the most by which a complete curve's best key fell after a step; 0 without any."""
    gains = [0.0]
    for place in complete:
        keys = np.minimum.accumulate(pool.keys(place))
        known = max(int(np.searchsorted(pool.recordings[place].curve.steps, step, side="right")) - 1, 0)
        then, end = float(keys[known]), float(keys[-1])
        if np.isfinite(then):
            gains.append(then - end)
    return max(gains)
