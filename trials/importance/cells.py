"""Configurations as whole numbers: each parameter's range cut into at most 32 cells.

Trees grown on cells split only between them, so their averages over a parameter are exact sums over cells, and the
variance decomposition costs a few array operations instead of a walk through every tree.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trials.space import Categorical, Float, Int, Parameter, Space
from trials.space.parameters import same

MOST_CELLS = 32


@dataclass(frozen=True)
class Factor:
    """One parameter that varies, and what its cells stand for."""

    name: str
    weights: NDArray[np.float64]
    """[cells] the share of the space that each cell takes up; they sum to 1."""
    edges: NDArray[np.float64] | None
    """[cells + 1] of the range, in the parameter's own unit; None for categories and for few whole numbers."""
    values: tuple[object, ...] = ()
    """What each cell stands for where it stands for one value."""
    is_ordered: bool = True
    """Whether neighbouring cells are alike; not so for categories."""
    has_absent: bool = False
    """Whether the last cell holds the trials in which the parameter does not vary (its condition does not hold)."""

    @property
    def n_cells(self) -> int:
        """Return how many cells there are, the one for absence included."""
        return int(self.weights.size)


@dataclass(frozen=True)
class Cells:
    """The configurations of a study in cells."""

    factors: tuple[Factor, ...]
    codes: NDArray[np.int16]
    """[trials, factors] the cell of each value."""
    constant: tuple[str, ...] = ()
    """Parameters that took one value only: nothing can be said about them."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the parameters that vary."""
        return tuple(factor.name for factor in self.factors)

    def features(self) -> NDArray[np.float64]:
        """Return [trials, m]: each number's place in its range from 0 to 1, one column per category and per absence."""
        columns = [column for j, factor in enumerate(self.factors) for column in _features(factor, self.codes[:, j])]
        return np.stack(columns, axis=1) if columns else np.empty((len(self.codes), 0))


def coded(space: Space, configurations: Sequence[Mapping[str, object]]) -> Cells:
    """Return the configurations in cells; a value outside a range that has changed since goes to the nearest cell."""
    factors, columns, constant = [], [], []
    for parameter in space:
        column = [configuration.get(parameter.name, _ABSENT) for configuration in configurations]
        factor, codes = _factor(parameter, column)
        if codes.size and np.ptp(codes) > 0:
            factors.append(factor)
            columns.append(codes)
        else:
            constant.append(parameter.name)
    codes = np.stack(columns, axis=1) if columns else np.empty((len(configurations), 0), dtype=np.int16)
    return Cells(tuple(factors), codes, tuple(constant))


def _features(factor: Factor, codes: NDArray[np.int16]) -> Iterator[NDArray[np.float64]]:
    n = factor.n_cells - factor.has_absent
    if factor.is_ordered:
        yield np.where(codes < n, (codes + 0.5) / n, 0.5)
    else:
        yield from ((codes == cell).astype(np.float64) for cell in range(n))
    if factor.has_absent:
        yield (codes == n).astype(np.float64)


_ABSENT = object()


def _factor(parameter: Parameter, column: Sequence[object]) -> tuple[Factor, NDArray[np.int16]]:
    absent = np.fromiter((value is _ABSENT or not _fits(parameter, value) for value in column), bool, len(column))
    match parameter:
        case Categorical():
            factor, codes = _of_values(parameter, parameter.choices, column)
            factor = replace(factor, is_ordered=False)
        case Int() if (parameter.high - parameter.low) // parameter.step < MOST_CELLS:
            values = tuple(range(parameter.low, parameter.high + 1, parameter.step))
            factor, codes = _of_values(parameter, values, column)
        case _:
            factor, codes = _of_range(parameter, column)
    if not absent.any():
        return factor, codes
    share = float(absent.mean())
    codes[absent] = factor.n_cells
    weights = np.append(factor.weights * (1 - share), share)
    return replace(factor, weights=weights, has_absent=True), codes


def _of_values(
    parameter: Parameter, values: Sequence[object], column: Sequence[object]
) -> tuple[Factor, NDArray[np.int16]]:
    """Return one cell per value; of whole numbers on a logarithmic scale each takes up its share of it."""
    if isinstance(parameter, Int) and parameter.log:
        low = np.log(np.array(values, dtype=float))
        weights = np.diff(np.append(low, math.log(parameter.high + 1)))
        weights = weights / weights.sum()
    else:
        weights = np.full(len(values), 1 / len(values))
    codes = np.fromiter((_nearest(values, value) for value in column), np.int16, len(column))
    return Factor(parameter.name, weights, None, tuple(values)), codes


def _nearest(values: Sequence[object], value: object) -> int:
    for index, choice in enumerate(values):
        if same(choice, value):
            return index
    if isinstance(values[0], int) and isinstance(value, int | float) and not isinstance(value, bool):
        return int(np.argmin([abs(float(choice) - value) for choice in values]))  # type: ignore[arg-type]
    return 0


def _of_range(parameter: Float | Int, column: Sequence[object]) -> tuple[Factor, NDArray[np.int16]]:
    low, high = float(parameter.low), float(parameter.high)
    # A whole number stands for the stretch around it.
    if isinstance(parameter, Int):
        low, high = low - 0.5, high + 0.5
    values = np.fromiter((_number(value) for value in column), np.float64, len(column))
    if high <= low:
        high = low + 1.0
    if parameter.log:
        edges = np.geomspace(low, high, MOST_CELLS + 1)
        places = np.log(np.maximum(values, low) / low) / math.log(high / low)
    else:
        edges = np.linspace(low, high, MOST_CELLS + 1)
        places = (values - low) / (high - low)
    codes = np.clip(np.nan_to_num(places) * MOST_CELLS, 0, MOST_CELLS - 1).astype(np.int16)
    return Factor(parameter.name, np.full(MOST_CELLS, 1 / MOST_CELLS), edges), codes


def _fits(parameter: Parameter, value: object) -> bool:
    """Say whether a value is of the parameter's kind at all; a study's space may have been amended."""
    return isinstance(parameter, Categorical) or math.isfinite(_number(value))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
