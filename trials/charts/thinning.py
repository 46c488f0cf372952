"""Fewer points that still look like the curve."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Place = TypeVar("Place", np.int64, np.float64)


def thinned(
    steps: NDArray[Place], values: NDArray[np.float64], most: int
) -> tuple[NDArray[Place], NDArray[np.float64]]:
    """Return at most about `most` points: first and last, and the lowest and highest finite one of each stretch."""
    if steps.size <= most:
        return steps, values
    edges = np.linspace(0, steps.size, max(2, most // 2) + 1).astype(int)
    kept = {0, steps.size - 1}
    for start, end in pairwise(edges):
        part = values[start:end]
        if part.size and np.isfinite(part).any():
            kept |= {int(start + np.nanargmin(part)), int(start + np.nanargmax(part))}
    order = np.array(sorted(kept))
    return steps[order], values[order]
