"""What a plan says, piece by piece, before it is known to make sense as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trials.plan.model import Budget, Enqueued, Objective, SamplerSpec, TrainableSpec
from trials.space import Parameter, Value
from trials.trainables.base import MetricInfo, ParameterInfo


@dataclass(frozen=True, kw_only=True)
class TrainableFacts:
    """What a registered trainable says of itself under the plan's settings."""

    name: str
    step_unit: str
    metrics: Sequence[MetricInfo]
    parameters: Mapping[str, ParameterInfo]
    horizon: int | None
    """None while its settings are wrong."""
    report_steps: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The readable pieces of a plan; None where a required one is missing or wrong."""

    name: str
    description: str
    hypothesis: str
    objectives: tuple[Objective, ...]
    parameters: tuple[Parameter, ...]
    defaults: Mapping[str, Value] | None
    enqueue: tuple[Enqueued, ...]
    sampler: SamplerSpec
    seed: int
    policy: Mapping[str, object] | str | None
    budget: Budget | None
    trainable: TrainableSpec | None
    facts: TrainableFacts | None
    """None for a study over HTTP, and for a trainable nobody has registered."""
    horizon: int | None
    step_unit: str
    report_steps: tuple[int, ...]
    tags: tuple[str, ...]
    trial_minutes: float | None
