"""Made-up studies whose right answer is known: what a policy does on them shows what it believes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pruning.simulate import Pool, Recording

REPORTS = 32
TRIALS = 60


def pool(values: NDArray[np.float64], *, maximize: bool = False) -> Pool:
    """Return a pool with one trial per row."""
    reports = values.shape[1]
    recordings = tuple(Recording.of(f"trial {row}", range(1, reports + 1), line) for row, line in enumerate(values))
    return Pool(metric="val_loss", maximize=maximize, horizon=reports, recordings=recordings)


def falling(seed: int = 0, trials: int = TRIALS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return one common falling curve for all trials, and a quality per trial, 0 (best) to 1 in random order."""
    common = 3 * np.arange(1, REPORTS + 1) ** -0.5
    return np.tile(common, (trials, 1)), np.random.default_rng(seed).permutation(trials) / trials


def independent(seed: int = 0) -> Pool:
    """Return curves that say nothing: the last report is drawn apart from all before it, and below them."""
    values, quality = falling(seed)
    values += np.random.default_rng(seed + 1).permutation(TRIALS)[:, None] / TRIALS
    values[:, -1] = -1 - quality
    return pool(values)


def noise(seed: int = 0) -> Pool:
    """Return noise around one curve: no trial is better than another."""
    values, _ = falling(seed)
    return pool(values + np.random.default_rng(seed).normal(0, 0.05, values.shape))


def ordered(seed: int = 0, trials: int = TRIALS) -> Pool:
    """Return curves that never cross."""
    values, quality = falling(seed, trials)
    return pool(values + quality[:, None])


def diverging(seed: int = 0) -> Pool:
    """Return curves that all cease to be numbers at the fifth report."""
    values, quality = falling(seed)
    values = values + quality[:, None]
    values[:, 4:] = np.nan
    return pool(values)


def reversed_order(seed: int = 0, trials: int = TRIALS) -> Pool:
    """Return curves of which the early leaders end worst."""
    values, quality = falling(seed, trials)
    turn = np.linspace(-1, 1, REPORTS)
    return pool(values - quality[:, None] * turn)
