"""A run without any service: for tests, for `trainable check`, for recording curves, for trying out training code."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trials.trainables.base import Answer, Value

Judge = Callable[[int, Mapping[str, float]], Answer]
"""What answers a report: the step and its metrics in, an answer out."""


@dataclass(frozen=True)
class Point:
    """One report as it was told."""

    step: int
    metrics: Mapping[str, float]
    labels: Mapping[str, str] = field(default_factory=dict)


def keep_all(step: int, metrics: Mapping[str, float]) -> Answer:
    """Let every trial train to its end."""
    return Answer()


def stop_at(last: int) -> Judge:
    """Stop a trial at its first report at or after `last`."""
    return lambda step, metrics: (
        Answer(action="STOP", sentence=f"asked to stop at {last}") if step >= last else Answer()
    )


@dataclass
class LocalRun:
    """One attempt in a directory of its own; what it reported and saved is kept on the object."""

    directory: Path
    params: Mapping[str, Value] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    seed: int = 0
    device: str = "cpu"
    threads: int = 1
    checkpoint: Path | None = None
    resources: Mapping[str, Path] = field(default_factory=dict)
    judge: Judge = keep_all
    on_progress: Callable[[str, float, float], None] = lambda text, done, total: None

    points: list[Point] = field(default_factory=list)
    saved: list[int] = field(default_factory=list)
    """Steps of the checkpoints, in the order they were saved."""
    events: list[tuple[str, int]] = field(default_factory=list)
    """`save` and `report` with their steps, in the order they came."""
    halted_at: int | None = None

    @property
    def last_checkpoint(self) -> Path:
        """Where the last checkpoint lies, once one was saved."""
        return self.directory / "last"

    @property
    def best_checkpoint(self) -> Path:
        """Where the best checkpoint lies, once one was saved."""
        return self.directory / "best"

    def resource(self, name: str) -> Path:
        """Return the path given under `name`; KeyError if there is none."""
        return self.resources[name]

    def report(self, step: int, metrics: Mapping[str, float], labels: Mapping[str, str] | None = None) -> Answer:
        """Keep the point and answer as the judge says."""
        self._refuse_repeated(step, labels or {})
        self.points.append(Point(step, {name: float(value) for name, value in metrics.items()}, dict(labels or {})))
        self.events.append(("report", step))
        answer = self.judge(step, metrics)
        if answer.halts and self.halted_at is None:
            self.halted_at = step
        return answer

    def save(self, step: int, write: Callable[[Path], None], *, best: bool = False) -> None:
        """Put the checkpoint in place atomically, and beside it as the best one if it is."""
        self.directory.mkdir(parents=True, exist_ok=True)
        for target in [self.last_checkpoint, *([self.best_checkpoint] if best else [])]:
            scratch = target.with_suffix(".part")
            write(scratch)
            scratch.replace(target)
        self.saved.append(step)
        self.events.append(("save", step))

    def progress(self, text: str, done: float, total: float) -> None:
        """Pass it to whoever listens."""
        self.on_progress(text, done, total)

    def values(self, metric: str) -> dict[int, float]:
        """Return one metric's values by step, without labels."""
        return {
            point.step: point.metrics[metric] for point in self.points if metric in point.metrics and not point.labels
        }

    def best_value(self, metric: str, *, maximize: bool = False) -> float:
        """Return the best value told so far; NaN if none was finite."""
        values = [value for value in self.values(metric).values() if math.isfinite(value)]
        return (max if maximize else min)(values, default=math.nan)

    def _refuse_repeated(self, step: int, labels: Mapping[str, str]) -> None:
        earlier = [point.step for point in self.points if point.labels == labels]
        if earlier and step <= earlier[-1]:
            raise ValueError(f"step: {step} does not rise above {earlier[-1]}; report each step once, in order")
