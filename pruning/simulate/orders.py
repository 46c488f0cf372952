"""The draws that every policy shares: which trials are in a study and in what order they come."""

from __future__ import annotations

import zlib

import numpy as np

LARGEST, SHARE = 100, 0.8


def draw_pool(*, name: str, size: int, order: int, seed: int = 0) -> tuple[int, ...]:
    """Return the places of the trials of the nth order, drawn anew for every order: min(100, 80 %) of all.

    The draw depends on the task's name, the order's number and the seed alone, so all policies meet the same
    trials in the same order (common random numbers).
    """
    random = np.random.default_rng([seed, zlib.crc32(name.encode()), order])
    drawn = max(1, min(LARGEST, int(SHARE * size)))
    return tuple(random.permutation(size)[:drawn].tolist())
