"""Fewer points that still look like the curve."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def thinned(
    steps: NDArray[np.int64], values: NDArray[np.float64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
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
