"""Where a configuration stands in the unit cube that its space spans."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trials.space.parameters import Categorical, Float, Int
from trials.space.space import Space


def place_of(space: Space, params: Mapping[str, object]) -> tuple[float | str | None, ...]:
    """Return one coordinate per parameter, in the order of the plan.

    A number lies between 0 (`low`) and 1 (`high`), by its logarithm where the parameter is logarithmic; beyond them
    for a value outside a range that has changed since. A category, and a value that is no number where the space
    has one, is its own text; a parameter that does not vary in this configuration is None.
    """
    return tuple(
        coordinate(parameter, params[name]) if (name := parameter.name) in params else None for parameter in space
    )


def places_of(parameter: Float | Int, values: Sequence[object]) -> NDArray[np.float64]:
    """Return where many values of one range stand, as `place_of` has it, float64[n]; NaN for what is no number."""
    at = np.array([value if type(value) in {int, float} else math.nan for value in values], dtype=np.float64)
    low, high = float(parameter.low), float(parameter.high)
    if high <= low:
        return np.where(np.isnan(at), math.nan, 0.0)
    linear = (at - low) / (high - low)
    if not parameter.log:
        return linear
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(at > 0, (np.log(at) - math.log(low)) / (math.log(high) - math.log(low)), linear)


def coordinate(parameter: Float | Int | Categorical, value: object) -> float | str:
    """Return where one value of a parameter stands, as `place_of` has it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return repr(value)
    if isinstance(parameter, Categorical):
        return repr(float(value))  # a database may hand 1.0 back as 1
    low, high, at = float(parameter.low), float(parameter.high), float(value)
    if parameter.log and at > 0:
        low, high, at = math.log(low), math.log(high), math.log(at)
    return (at - low) / (high - low) if high > low else 0.0
