"""What a trainable is, and what it is given.

A trainable describes itself (`Trainable`) and trains (`train(run)`). It never talks to the database, the
network or the clock that orders things: all it may do is call the methods of the `Run` it was handed. The
same code serves the CPU and a CUDA slot: the device is a value on the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Value = float | int | str | bool | None
"""The value of one parameter in one configuration."""


@dataclass(frozen=True, kw_only=True)
class MetricInfo:
    """One metric a trainable reports."""

    name: str
    direction: str | None = None
    """`minimize`, `maximize`, or None where neither is better (a learning rate)."""
    unit: str = ""
    labels: tuple[str, ...] = ()
    """Names of the labels its series carry, such as `fold`."""
    repeatable: bool = True
    """False for a metric that differs when the same seed runs again, such as a speed."""


@dataclass(frozen=True, kw_only=True)
class ParameterInfo:
    """One tunable parameter: what a study's space or its defaults may name."""

    name: str
    kind: str
    """`float`, `int` or `categorical`."""
    default: Value
    low: float | None = None
    high: float | None = None
    choices: tuple[Value, ...] = ()
    help: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the study answered to a report."""

    action: str = "KEEP"
    sentence: str = ""

    @property
    def halts(self) -> bool:
        """Say whether the trainable must save nothing more and return now."""
        return self.action in {"STOP", "FINISH", "PAUSE"}


class Run(Protocol):
    """One attempt of one trial, as its training code sees it."""

    params: Mapping[str, Value]
    """The configuration: every tunable parameter, defaults filled in."""
    settings: Mapping[str, object]
    """The plan's fixed settings of this trainable, validated by `check_settings`."""
    seed: int
    device: str
    """`cpu` or `cuda:N`."""
    threads: int
    directory: Path
    """A directory of this attempt's own; what lies in it may be deleted after the attempt."""
    checkpoint: Path | None
    """The checkpoint to resume from, written by an earlier attempt of this trial; None at the start."""

    def resource(self, name: str) -> Path:
        """Return the path registered under `name` for this trainable; KeyError if it is not registered."""

    def report(self, step: int, metrics: Mapping[str, float], labels: Mapping[str, str] | None = None) -> Answer:
        """Tell one point of each metric at `step`; NaN and infinities are values, not errors.

        Steps rise strictly within an attempt (per set of labels). Returns at once between decision points
        and waits for the verdict at one.
        """

    def save(self, step: int, write: Callable[[Path], None], *, best: bool = False) -> None:
        """Keep a checkpoint as of `step`: `write` fills the path it is given, which is then put in place atomically.

        Call it before `report(step, ...)`, so that a trial paused at `step` resumes there. The last one is
        kept to resume from; one marked `best` is kept apart as the trial's result.
        """

    def progress(self, text: str, done: float, total: float) -> None:
        """Tell how far a long preparation has come; shown on the command line and the trial's page."""


class Trainable(Protocol):
    """One kind of training. What is a property here may be a plain class attribute there."""

    @property
    def name(self) -> str:
        """The name it is registered under."""

    @property
    def title(self) -> str:
        """What it is, in a few words."""

    @property
    def step_unit(self) -> str:
        """What one step counts, in the plural: `examples`, `epochs`, `rounds`."""

    @property
    def parameters(self) -> tuple[ParameterInfo, ...]:
        """What a study may tune."""

    @property
    def metrics(self) -> tuple[MetricInfo, ...]:
        """What it reports; the first one with a direction is the usual objective."""

    @property
    def preload(self) -> tuple[str, ...]:
        """Modules a slot imports once before it forks: no CUDA, no threads at import."""

    @property
    def small_settings(self) -> Mapping[str, object]:
        """Fixed settings under which a trial takes seconds: for `trainable check` and tests."""

    def check_settings(self, settings: Mapping[str, object]) -> Sequence[str]:
        """Return what is wrong with a plan's fixed settings, each as `field: what, and the remedy`."""

    def resource_names(self, settings: Mapping[str, object]) -> Sequence[str]:
        """Return the registered resources that a run with these settings opens."""

    def horizon(self, settings: Mapping[str, object]) -> int:
        """Return the last step of a full trial: the planned length T."""

    def report_steps(self, settings: Mapping[str, object]) -> Sequence[int]:
        """Return the steps at which the objective is reported, ascending, ending at the horizon."""

    def prepare(self, run: Run) -> None:
        """Make what all trials share (data, base model), once, idempotently and safe against a second process."""

    def train(self, run: Run) -> None:
        """Train one trial to its horizon or until an answer halts; raise on failure."""

    def evaluate(self, run: Run) -> Mapping[str, float]:
        """Evaluate `run.checkpoint` on the held-out test split; return {} where a trainable has none."""


class Defaults:
    """What most trainables need not say: no fixed settings, no resources, nothing to prepare, no test split."""

    preload: tuple[str, ...] = ()
    small_settings: Mapping[str, object] = {}

    def check_settings(self, settings: Mapping[str, object]) -> Sequence[str]:
        """Refuse every fixed setting."""
        return [f"{name}: there is no such setting; this trainable has none" for name in settings]

    def resource_names(self, settings: Mapping[str, object]) -> Sequence[str]:
        """Open no resource."""
        return ()

    def prepare(self, run: Run) -> None:
        """Prepare nothing."""

    def evaluate(self, run: Run) -> Mapping[str, float]:
        """Evaluate nothing."""
        return {}
