"""The band of the peers: the middle half and the middle eight tenths at each step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trials.charts.packing import pack

FEWEST_PEERS = 4
MOST_STEPS = 200


class Band(NamedTuple):
    """Quantiles of the peers' values at ascending steps."""

    steps: NDArray[np.int64]
    quantiles: NDArray[np.float64]
    """Rows: 10, 25, 75 and 90 percent."""


def band(curves: Iterable[tuple[NDArray[np.int64], NDArray[np.float64]]], until: int | None = None) -> Band | None:
    """Return the band where at least four curves have a finite value at a step; None if there is no such step.

    Values are taken at the very steps they were told; nothing is interpolated.
    """
    parts = [
        (steps[keep], values[keep])
        for steps, values in curves
        for keep in [np.isfinite(values) & (steps <= (until if until is not None else np.iinfo(np.int64).max))]
    ]
    if not parts:
        return None
    steps = np.concatenate([part[0] for part in parts])
    values = np.concatenate([part[1] for part in parts])
    grid, inverse, counts = np.unique(steps, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(counts >= FEWEST_PEERS)
    if not kept.size:
        return None
    kept = kept[:: max(1, -(-kept.size // MOST_STEPS))]
    order = np.argsort(inverse, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])
    columns = [
        np.quantile(values[order[starts[i] : starts[i + 1]]], (0.10, 0.25, 0.75, 0.90), method="inverted_cdf")
        for i in kept
    ]
    return Band(grid[kept], np.array(columns).T)


def payload(found: Band | None) -> dict[str, object] | None:
    """Return the JSON of docs/charts.md."""
    if found is None:
        return None
    names = ("p10", "p25", "p75", "p90")
    return {
        "x": pack(found.steps),
        **{name: pack(row) for name, row in zip(names, found.quantiles, strict=True)},
    }
