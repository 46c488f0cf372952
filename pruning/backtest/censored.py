"""Recordings that break off: what they may have hidden, told by the curves that went on to their end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pruning.simulate import Pool


def censor(pool: Pool, places: Collection[int]) -> Pool:
    """Return the pool with the recordings at these places marked as breaking off.

    Each may have hidden what the luckiest complete curve gained from the same step on: how far its best key fell after
    it (in the metric's unit). A bound from this study's own trials, not a law.
    """
    complete = [place for place in range(len(pool.recordings)) if place not in places]
    best = [np.minimum.accumulate(pool.keys(place)) for place in complete]
    steps = [pool.recordings[place].curve.steps for place in complete]
    # Trials break off at looks, so of thousands there are few different steps.
    gains = {step: _largest_gain(steps, best, step) for step in {_last_step(pool, place) for place in places}}
    recordings = tuple(
        replace(one, hidden_gain=gains[_last_step(pool, place)]) if place in places else one
        for place, one in enumerate(pool.recordings)
    )
    return replace(pool, recordings=recordings)


def _last_step(pool: Pool, place: int) -> int:
    return int(pool.recordings[place].curve.steps[-1])


def _largest_gain(steps: Sequence[NDArray[np.int64]], best: Sequence[NDArray[np.float64]], step: int) -> float:
    """Return the most by which a complete curve's best key fell after a step; 0 without any."""
    gains = [0.0]
    for at, keys in zip(steps, best, strict=True):
        known = max(int(np.searchsorted(at, step, side="right")) - 1, 0)
        then, end = float(keys[known]), float(keys[-1])
        if np.isfinite(then):
            gains.append(then - end)
    return max(gains)
