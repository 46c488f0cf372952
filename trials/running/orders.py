"""What a child is told to do, as plain data. Code and paths come from this worker's settings, never from a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from trials.models import Attempt, Study
from trials.plan import Plan
from trials.running import checkpoints
from trials.trainables import registry

MINUTE = 60.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a child runs: a slot's device and threads."""

    device: str = "cpu"
    threads: int = 1
    slot: int = 0


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one child does, and how long it may take."""

    message: Mapping[str, object]
    log: Path
    scratch: Path
    seconds_max: float | None = None


def to_train(attempt: Attempt, place: Place) -> Order:
    """Return the order that carries out an attempt."""
    trial = attempt.trial
    revision = trial.study.newest_revision()
    plan = revision.parsed()
    last = checkpoints.to_resume(trial) if attempt.resumed_from else None
    message = _message(plan, trial.study, place, task="train", scratch=checkpoints.scratch(attempt)) | {
        "params": _with_defaults(plan, trial.params),
        "store": str(checkpoints.folder(trial)),
        "checkpoint": str(checkpoints.path_of(last)) if last is not None else None,
        "looks": list(revision.looks),
        "attempt": attempt.number,
    }
    return Order(
        message=message,
        log=checkpoints.log_file(attempt),
        scratch=checkpoints.scratch(attempt),
        seconds_max=plan.trial_minutes * MINUTE if plan.trial_minutes is not None else None,
    )


def to_prepare(study: Study, place: Place) -> Order:
    """Return the order that makes what all trials of a study share."""
    plan = study.plan()
    place_of_study = checkpoints.study_folder(study)
    scratch = place_of_study / "preparation"
    message = _message(plan, study, place, task="prepare", scratch=scratch)
    return Order(message=message, log=place_of_study / "preparation.log", scratch=scratch)


def _message(plan: Plan, study: Study, place: Place, *, task: str, scratch: Path) -> dict[str, object]:
    if plan.trainable is None:
        raise ValueError(f"study {study.name}: its plan names no trainable; its trials report over HTTP")
    registered = registry.entry(plan.trainable.name)
    return {
        "task": task,
        "trainable": registered.class_path,
        "params": _with_defaults(plan, {}),
        "settings": dict(plan.trainable.settings),
        "seed": study.seed,
        "device": place.device,
        "threads": place.threads,
        "directory": str(scratch),
        "store": str(scratch),
        "checkpoint": None,
        "resources": {name: str(path) for name, path in registered.resources.items()},
        "looks": [],
        "metric": study.metric,
        "attempt": 1,
        "memory_bytes": int(getattr(settings, "TRIAL_MEMORY_BYTES", 0)),
    }


def _with_defaults(plan: Plan, params: Mapping[str, object]) -> dict[str, object]:
    assert plan.trainable is not None  # noqa: S101 - `_message` refuses such a plan first
    defaults = {info.name: info.default for info in registry.get(plan.trainable.name).parameters}
    return {**defaults, **params}
