"""Where a configuration stands in the unit cube that its space spans."""

from __future__ import annotations

import math
from collections.abc import Mapping

from trials.space.parameters import Categorical, Float, Int
from trials.space.space import Space


def place_of(space: Space, params: Mapping[str, object]) -> tuple[float | str | None, ...]:
    """Return one coordinate per parameter, in the order of the plan.

    A number lies between 0 (`low`) and 1 (`high`), by its logarithm where the parameter is logarithmic; beyond them
    for a value outside a range that has changed since. A category, and a value that is no number where the space
    has one, is its own text; a parameter that does not vary in this configuration is None.
    """
    return tuple(
        _coordinate(parameter, params[name]) if (name := parameter.name) in params else None for parameter in space
    )


def _coordinate(parameter: Float | Int | Categorical, value: object) -> float | str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return repr(value)
    if isinstance(parameter, Categorical):
        return repr(float(value))  # a database may hand 1.0 back as 1
    low, high, at = float(parameter.low), float(parameter.high), float(value)
    if parameter.log and at > 0:
        low, high, at = math.log(low), math.log(high), math.log(at)
    return (at - low) / (high - low) if high > low else 0.0
