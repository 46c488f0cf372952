"""A search space in Optuna's terms."""

from __future__ import annotations

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from trials.space.parameters import Categorical, Float, Int, Parameter


def distribution(parameter: Parameter) -> BaseDistribution:
    """Return Optuna's distribution of one parameter; conditions have no counterpart there."""
    match parameter:
        case Float():
            return FloatDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)
        case Int():
            return IntDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)
        case Categorical():
            return CategoricalDistribution(parameter.choices)
