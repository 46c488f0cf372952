"""What a study will have cost in the end, from what its trials have cost so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

FEWEST = 5
Z90 = 1.645
"""Of the normal distribution, which leaves 5 % on each side."""


class Forecast(NamedTuple):
    """Slot hours in all, with the bounds of a 90 % prediction interval."""

    low: float
    mean: float
    high: float


def forecast(ended: Sequence[float], *, spent: float, remaining: int) -> Forecast | None:
    """Return the slot hours of a whole study; None while fewer than `FEWEST` trials have ended.

    `ended`: slot hours of each ended trial, however it ended; `spent`: of all trials so far; `remaining`: trials that
    have not ended or are still to come. Later trials are taken for draws like the earlier ones: the sum of `r` of them
    is `r` means, with the deviation of the sum, sqrt(r), and of the mean itself, r/sqrt(n). (Normal approximation.)
    """
    if len(ended) < FEWEST:
        return None
    mean, deviation = float(np.mean(ended)), float(np.std(ended, ddof=1))
    done = math.fsum(ended)
    middle = done + remaining * mean
    margin = Z90 * deviation * math.sqrt(remaining + remaining**2 / len(ended))
    return Forecast(max(spent, middle - margin), max(spent, middle), max(spent, middle + margin))
