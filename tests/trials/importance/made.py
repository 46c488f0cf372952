"""Studies whose answer is known, as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trials.importance import Cells, Courses, Fate, coded
from trials.space import Categorical, Float, Int, Space

Floats = NDArray[np.float64]
SPACE = Space(tuple(Float(name=f"x{j}", low=0.0, high=1.0) for j in range(4)))


def uniform(n: int, *, seed: int = 0) -> Floats:
    """Return configurations of `SPACE` as rows."""
    return np.random.default_rng(seed).random((n, 4))


def configurations(x: Floats) -> list[dict[str, object]]:
    return [dict(zip(SPACE.names, map(float, row), strict=True)) for row in x]


def cells(x: Floats) -> Cells:
    return coded(SPACE, configurations(x))


def finished(values: Floats) -> Courses:
    """Return trials that all trained to their ends, under a policy without looks."""
    return Courses(np.full(values.size, Fate.FINISHED, np.int8), values, np.empty((values.size, 0)))


def halved(ends: Floats, early: Floats, *, kept: float = 0.25) -> Courses:
    """Return trials of which those outside the best share at the one look were stopped there."""
    stopped = early > np.quantile(early, kept)
    fates = np.where(stopped, Fate.STOPPED, Fate.FINISHED).astype(np.int8)
    return Courses(fates, np.where(stopped, np.nan, ends), early[:, None], (4,))


MIXED = Space(
    (
        Float(name="rate", low=1e-5, high=1e-1, log=True),
        Int(name="layers", low=1, high=4),
        Int(name="width", low=8, high=512, log=True),
        Categorical(name="optimizer", choices=("adam", "sgd")),
        Float(name="momentum", low=0.0, high=0.9, when={"optimizer": ("sgd",)}),
        Float(name="fixed", low=0.0, high=1.0),
    )
)
