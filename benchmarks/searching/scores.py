"""What trials may be ranked by at a look: one key per look and trial, lower is better, from reports up to the look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Steps = NDArray[np.int64]


def score(name: str, values: Floats, steps: Steps) -> Floats:
    """Return looks × trials of one score; values: trials × reports as keys, not finite is worst.

    `value`: as told at the look. `best`: the best up to it. `mean`: of all reports. `window N`: of the last N.
    `second half`: of the second half of the reports. `ahead A`: the best, and A times what it gained since half the
    training. `ahead from value A`: the same, measured from the value told at half the training.
    """
    places = steps - 1
    best = np.minimum.accumulate(values, axis=1)
    if name == "value":
        return values[:, places].T
    if name == "best":
        return best[:, places].T
    if name.startswith("ahead"):
        before = values if "value" in name else best
        return _ahead(best, before, places, share=float(name.split()[-1]))
    if name == "mean":
        return _means(values, places, np.zeros_like(places))
    if name.startswith("window"):
        return _means(values, places, np.maximum(0, places - int(name.split()[1]) + 1))
    if name == "second half":
        return _means(values, places, (places + 1) // 2)
    raise ValueError(f"{name!r} is no score: value, best, mean, window N, second half, ahead A, ahead from value A")


def _ahead(best: Floats, before: Floats, places: Steps, *, share: float) -> Floats:
    """Return best - share · (before at half the training - best); what is not finite gains nothing."""
    rows = []
    for place in places.tolist():
        half = max(0, (place + 1) // 2 - 1)
        then, now = before[:, half], best[:, place]
        known = np.isfinite(then) & np.isfinite(now)
        gain = np.where(known, then, 0.0) - np.where(known, now, 0.0)
        rows.append(now - share * np.maximum(gain, 0.0))
    return np.array(rows)


def _means(values: Floats, places: Steps, firsts: Steps) -> Floats:
    """Return the means of the reports from `firsts` to `places`; a report that is not finite counts as very bad."""
    total = np.cumsum(np.where(np.isfinite(values), values, 1e30), axis=1)
    rows = [
        (total[:, place] - (total[:, first - 1] if first else 0.0)) / (place - first + 1)
        for place, first in zip(places.tolist(), firsts.tolist(), strict=True)
    ]
    return np.array(rows)


def normal_scores(keys: Floats) -> Floats:
    """Return the quantiles of (rank - 1/2) / n, tied keys sharing their mean rank."""
    _, place, count = np.unique(keys, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(count) - (count - 1) / 2
    return np.asarray(ndtri((mean_rank - 0.5) / keys.size)[place], dtype=np.float64)
