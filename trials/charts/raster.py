"""Many curves on a grid: how many pass through each cell, and quantiles and means of those alive at each column.

A curve counts in every column that it crosses, at the value on the straight line between its two reports; a column
before its first or after its last report does not see it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

COLUMNS, ROWS, FINE = 200, 120, 960
"""Cells of the picture, and the finer rows from which quantiles are read: a twelfth of a percent of the height."""
FEWEST = 4
"""Curves alive at a column from which on its quantiles are told."""
BLOCK = 2_000_000
"""Crossings worked on at a time: some 60 MB."""
QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """A span of one axis in the units of the data, linear or logarithmic (then above zero)."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"an axis from {self.low} to {self.high} shows nothing")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic axis begins above zero, not at {self.low}")

    def place(self, values: Floats) -> Floats:
        """Return where values lie: 0 at the low end, 1 at the high one; NaN where a logarithm has none."""
        if not self.log:
            return (values - self.low) / (self.high - self.low)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(values > 0, np.log(np.maximum(values, 1e-300)), np.nan)
        return (logs - math.log(self.low)) / math.log(self.high / self.low)

    def at(self, places: Floats) -> Floats:
        """Return the values at these places."""
        if not self.log:
            return self.low + places * (self.high - self.low)
        return np.exp(math.log(self.low) + places * math.log(self.high / self.low))


class Grid(NamedTuple):
    """The cells that the curves of some groups pass through."""

    x: Axis
    y: Axis
    fine: NDArray[np.int64]
    """Crossings, int64[groups, columns, 1 + FINE + 1]: below the scale, on it from low to high, above it."""
    sums: Floats
    """Sums of the places, those beyond the scale at its edge, float64[groups, columns]."""

    def alive(self, group: int = 0) -> NDArray[np.int64]:
        """Return how many curves cross each column."""
        alive: NDArray[np.int64] = self.fine[group].sum(axis=1)
        return alive

    def cells(self, group: int = 0) -> NDArray[np.int64]:
        """Return the crossings of the picture's cells, int64[ROWS, COLUMNS], low values first."""
        rows: NDArray[np.int64] = self.fine[group, :, 1:-1].reshape(COLUMNS, ROWS, FINE // ROWS).sum(axis=2)
        return rows.T

    def centres(self) -> Floats:
        """Return the middle of each column, in the units of the data."""
        return self.x.at((np.arange(COLUMNS) + 0.5) / COLUMNS)

    def quantiles(self, group: int = 0) -> Floats:
        """Return `QUANTILES` of the values of the curves alive, float64[quantiles, columns].

        NaN where fewer than four are alive or the quantile lies beyond the scale.
        """
        counts = self.fine[group]
        alive = counts.sum(axis=1)
        below = np.cumsum(counts, axis=1)
        found = np.full((len(QUANTILES), COLUMNS), np.nan)
        columns = np.arange(COLUMNS)
        for place, share in enumerate(QUANTILES):
            rank = share * alive
            row = np.minimum((below < rank[:, None]).sum(axis=1), FINE + 1)
            inside = (alive >= FEWEST) & (row >= 1) & (row <= FINE)
            before = np.where(row > 0, below[columns, np.maximum(row - 1, 0)], 0)
            within = (rank - before) / np.maximum(counts[columns, row], 1)
            places = (row - 1 + np.clip(within, 0.0, 1.0)) / FINE
            found[place] = np.where(inside, self.y.at(places), np.nan)
        return found

    def means(self, group: int = 0) -> Floats:
        """Return the mean of the values of the curves alive, float64[columns]; NaN where fewer than two are.

        A value beyond the scale counts at its edge, so that one trial that ran away does not carry the mean with it;
        on a logarithmic axis the mean is the geometric one.
        """
        n = self.alive(group)
        return np.where(n >= 2, self.y.at(self.sums[group] / np.maximum(n, 1)), np.nan)

    def beyond(self, group: int = 0) -> int:
        """Return how many crossings lie beyond the scale."""
        return int(self.fine[group, :, 0].sum() + self.fine[group, :, -1].sum())


def rasterise(
    x: Floats,
    y: Floats,
    offsets: NDArray[np.int64],
    *,
    along: Axis,
    up: Axis,
    groups: NDArray[np.int64] | None = None,
    n_groups: int = 1,
) -> Grid:
    """Draw curves, one after the other in x and y, float64[points], curve k from offsets[k] to offsets[k + 1].

    x ascends within a curve. groups: each curve's group, int64[n], of `n_groups`; below zero: in none.
    """
    fine = np.zeros(n_groups * COLUMNS * (FINE + 2), dtype=np.int64)
    sums = np.zeros(n_groups * COLUMNS)
    lengths = np.diff(offsets)
    owners = np.repeat(np.zeros(len(lengths), dtype=np.int64) if groups is None else groups, lengths)
    is_last = np.zeros(len(x), dtype=bool)
    is_last[offsets[1:][lengths > 0] - 1] = True
    u, v = along.place(x) * COLUMNS - 0.5, up.place(y)
    for column, value, group in _crossings(u, v, owners, is_last):
        row = np.clip(np.floor(value * FINE), -1, FINE).astype(np.int64) + 1
        cell = group * COLUMNS + column
        fine += np.bincount(cell * (FINE + 2) + row, minlength=len(fine))
        sums += np.bincount(cell, weights=np.clip(value, 0.0, 1.0), minlength=len(sums))
    return Grid(along, up, fine.reshape(n_groups, COLUMNS, FINE + 2), sums.reshape(n_groups, COLUMNS))


def _crossings(
    u: Floats, v: Floats, owners: NDArray[np.int64], is_last: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int64], Floats, NDArray[np.int64]]]:
    """Yield, block by block, the columns that the lines between neighbouring points cross, with value and group."""
    usable = np.isfinite(u) & np.isfinite(v) & (owners >= 0)
    starts = np.flatnonzero(usable & ~is_last)
    starts = starts[usable[starts + 1]] if starts.size else starts
    first = np.clip(np.ceil(u[starts]), 0, COLUMNS).astype(np.int64)
    after = np.clip(np.ceil(u[starts + 1]), 0, COLUMNS).astype(np.int64) if starts.size else first
    spans = np.maximum(after - first, 0)
    ends = np.cumsum(spans)
    at = 0
    while at < starts.size:
        done = ends[at - 1] if at else 0
        to = max(at + 1, int(np.searchsorted(ends, done + BLOCK, side="right")))
        chosen = np.repeat(np.arange(at, to), spans[at:to])
        column = first[chosen] + np.arange(len(chosen)) - (ends[chosen] - spans[chosen] - done)
        here, there = starts[chosen], starts[chosen] + 1
        share = (column - u[here]) / (u[there] - u[here])
        yield column, v[here] + share * (v[there] - v[here]), owners[here]
        at = to
    # The line up to a curve's last point ends before the column that the point stands in.
    last = np.flatnonzero(usable & is_last)
    column = np.round(u[last]).astype(np.int64)
    missing = (column >= 0) & (column < COLUMNS) & (column >= np.ceil(u[last]))
    yield column[missing], v[last[missing]], owners[last[missing]]
