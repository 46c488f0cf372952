"""The plan of a study: a value read from YAML or JSON, checked as a whole, with every default filled in."""

from trials.plan.model import Budget, Enqueued, Objective, Plan, PlanError, Problem, SamplerSpec, TrainableSpec
from trials.plan.reading import read_data, read_plan

__all__ = [
    "Budget",
    "Enqueued",
    "Objective",
    "Plan",
    "PlanError",
    "Problem",
    "SamplerSpec",
    "TrainableSpec",
    "read_data",
    "read_plan",
]
