"""The search space of a study: what may vary, within which bounds, and under which condition."""

from trials.space.parameters import Categorical, Float, Int, Parameter, Value
from trials.space.space import Space

__all__ = ["Categorical", "Float", "Int", "Parameter", "Space", "Value"]
