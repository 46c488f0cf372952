"""The held-out test split: evaluated once per trial, on its best checkpoint, and kept apart from what tuning sees."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from trials.models import Artifact, Evaluation, Study, Trial
from trials.plan import TrainableSpec
from trials.running import checkpoints
from trials.sanitise import clean_json
from trials.trainables import registry
from trials.trainables.base import Trainable
from trials.trainables.fields import with_defaults
from trials.trainables.local import LocalRun

TEST = "test"


class EvaluationRefused(Exception):
    """The test split cannot be evaluated; the message says why and what to do."""


def evaluate(
    study: Study, *, at: datetime, progress: Callable[[str, float, float], None] = lambda text, done, total: None
) -> list[Evaluation]:
    """Evaluate the study's best trial and its default one; return their rows, stored ones unchanged.

    A test split that is looked at again and again is one more validation split: what is stored is never repeated.
    Raises `EvaluationRefused` if a checkpoint is not on this host, or there is nothing to evaluate.
    """
    spec = study.plan().trainable
    if spec is None:
        raise EvaluationRefused(f"Study {study.name} names no trainable; evaluate it where its trials are trained.")
    return [_evaluate(trial, role, spec, at=at, progress=progress) for trial, role in _candidates(study)]


def _candidates(study: Study) -> list[tuple[Trial, str]]:
    best = study.trials.filter(number=study.best_number).first() if study.best_number is not None else None
    default = study.trials.filter(origin=Trial.Origin.DEFAULTS).order_by("number").first()
    if best is None:
        raise EvaluationRefused(f"Study {study.name} has no complete trial yet; evaluate it when one has finished.")
    if default is None or not default.has_ended:
        return [(best, "best")]
    return [(best, "best and default")] if best == default else [(best, "best"), (default, "default")]


def _evaluate(
    trial: Trial, role: str, spec: TrainableSpec, *, at: datetime, progress: Callable[[str, float, float], None]
) -> Evaluation:
    stored = Evaluation.objects.filter(trial=trial, split=TEST).first()
    if stored is not None:
        return stored
    checkpoint = _checkpoint(trial)
    trainable = _trainable(spec)
    with tempfile.TemporaryDirectory() as directory:
        run = LocalRun(
            directory=Path(directory),
            params=with_defaults(trainable.parameters, trial.params),
            settings=spec.settings,
            seed=trial.study.seed,
            checkpoint=checkpoint,
            resources=registry.entry(spec.name).resources,
            on_progress=progress,
        )
        metrics = trainable.evaluate(run)
    if not metrics:
        raise EvaluationRefused(f"The trainable {spec.name} has no test split; there is nothing to evaluate.")
    # Of two processes that evaluated at once, the first result stands.
    row, _ = Evaluation.objects.get_or_create(
        study=trial.study,
        trial=trial,
        split=TEST,
        defaults={"role": role, "metrics": clean_json(dict(metrics)), "created_at": at},
    )
    return row


def _checkpoint(trial: Trial) -> Path:
    artifact = Artifact.objects.filter(trial=trial, kind=Artifact.Kind.BEST).first()
    if artifact is None:
        raise EvaluationRefused(f"Trial {trial.number} left no best checkpoint; run its configuration again.")
    if not checkpoints.is_here(artifact):
        raise EvaluationRefused(
            f"The best checkpoint of trial {trial.number} lies on {artifact.host} ({artifact.path}); evaluate it there."
        )
    return checkpoints.path_of(artifact)


def _trainable(spec: TrainableSpec) -> Trainable:
    try:
        return registry.get(spec.name)
    except (registry.UnknownTrainable, ImproperlyConfigured) as error:
        raise EvaluationRefused(f"The trainable {spec.name} cannot be used here: {error}")
