"""The plan as a frozen value. `trials.plan.reading` makes it from text; `from_stored` from a revision's row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from trials.space import Space


Direction: TypeAlias = Literal["minimize", "maximize"]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with a plan: where, what, and the remedy."""

    path: str
    """The field, dotted, such as `space.learning_rate.low`."""
    message: str
    """What is wrong, with the value, and what to do."""
    line: int | None = None
    """The line of the YAML text, from 1; None for a plan that came as data."""

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.path}: {self.message}"


class PlanError(ValueError):
    """A plan that cannot be launched; nothing was created."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A metric to be driven in one direction."""

    metric: str
    direction: Direction


@dataclass(frozen=True, kw_only=True)
class SamplerSpec:
    """The sampler by its registered name, and its settings."""

    name: str = "random"
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TrainableSpec:
    """The trainable by its registered name, and its fixed settings."""

    name: str
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What ends a study by itself; None = no limit (trials is always set)."""

    trials: int
    slot_hours: float | None = None
    wall_hours: float | None = None


@dataclass(frozen=True, kw_only=True)
class Enqueued:
    """A configuration asked for by a person, tried before the sampler's."""

    params: Mapping[str, object]
    pinned: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that defines a study."""

    name: str
    description: str = ""
    hypothesis: str = ""
    objectives: tuple[Objective, ...]
    space: Space
    defaults: Mapping[str, object] | None = None
    """Trial 0, pinned; None for no such trial."""
    enqueue: tuple[Enqueued, ...] = ()
    sampler: SamplerSpec = SamplerSpec()
    seed: int = 0
    policy: Mapping[str, object] | str | None = None
    """As read: the reviewer makes sense of it. A string names a preset."""
    budget: Budget
    trainable: TrainableSpec | None = None
    """None for a study that other programs report to over HTTP; then `horizon` and `report_steps` are given."""
    horizon: int
    """The planned length T of a trial, in steps: the trainable's, or as told."""
    step_unit: str = "steps"
    report_steps: tuple[int, ...] = ()
    """Where the objective is reported, if known beforehand."""
    metrics: tuple[str, ...] = ()
    """The metrics the trainable declares; empty for a study over HTTP (then any metric may be told)."""
    tags: tuple[str, ...] = ()
    trial_minutes: float | None = None
    """Wall-clock limit of one attempt; past it the trial ends `timed_out`."""

    @property
    def objective(self) -> Objective:
        """Return the first objective: the one that pruning judges by."""
        return self.objectives[0]

    @classmethod
    def from_stored(cls, data: Mapping[str, object]) -> Plan:
        """Return the plan that `to_stored` wrote."""
        from trials.plan.storing import plan_from_data

        return plan_from_data(data)

    def to_stored(self) -> dict[str, object]:
        """Return plain data with every default filled in: what is fingerprinted and kept in the revision."""
        from trials.plan.storing import plan_to_data

        return plan_to_data(self)

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the canonical JSON of the stored form, in hex."""
        from trials.plan.storing import fingerprint

        return fingerprint(self)
