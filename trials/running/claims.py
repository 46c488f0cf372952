"""Claiming: which trial runs next, and that exactly one claimer gets it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from trials import endings, head
from trials.models import Artifact, Attempt, Job, Study, Trial, Worker
from trials.running import checkpoints
from trials.studies import PREPARE


def claim(
    worker: Worker | None,
    *,
    queue: str = "cpu",
    slot: int = 0,
    device: str = "cpu",
    at: datetime,
    claimed_by: str = "",
    study: Study | None = None,
    trainables: Collection[str] | None = None,
) -> Attempt | None:
    """Claim the best waiting trial and return its new attempt; None if nothing waits.

    Resumptions come first, then the oldest study, then the lowest number. A worker claims trials of the trainables
    registered with it; a claim over HTTP has no worker and names its study.
    """
    waiting = _claimable(study, trainables)
    # Looking costs no lock, so that idle slots do not queue for the one writer of SQLite.
    while waiting.exists():
        with transaction.atomic():
            trial = _take(waiting, at=at)
            if trial is not None:
                return _open(trial, worker, slot=slot, device=device or queue, at=at, claimed_by=claimed_by)
        if connection.features.has_select_for_update_skip_locked:
            return None  # others hold what waits; whoever commits last rings again
    return None


def waiting_for_workers(trainables: Collection[str]) -> QuerySet[Trial]:
    """Return the trials that a worker with these trainables could claim now."""
    return _claimable(None, trainables)


def _claimable(study: Study | None, trainables: Collection[str] | None) -> QuerySet[Trial]:
    """Return what may be claimed, best first: of studies that run, whose preparation is done."""
    unprepared = Job.objects.filter(study=OuterRef("study"), kind=PREPARE).exclude(state=Job.State.DONE)
    waiting = Trial.objects.waiting().filter(study__state=Study.State.RUNNING, study__ending_code="")
    if study is not None:
        waiting = waiting.filter(study=study)
    if trainables is not None:
        waiting = waiting.filter(study__trainable__in=trainables)
    return waiting.filter(~Exists(unprepared)).order_by("-resumes", "study_id", "number")


def _take(waiting: QuerySet[Trial], *, at: datetime) -> Trial | None:
    """Move the first claimable trial to RUNNING; None if another claimer was faster."""
    # SQLite has no row locks: there the transaction is IMMEDIATE, so this claimer is alone.
    trial = waiting.select_for_update(of=("self",), skip_locked=True).first()
    if trial is None:
        return None
    won = (
        Trial.objects.waiting()
        .filter(pk=trial.pk)
        .update(state=Trial.State.RUNNING, resumes=False, n_attempts=F("n_attempts") + 1)
    )
    if not won:
        return None
    if trial.started_at is None:
        Trial.objects.filter(pk=trial.pk).update(started_at=at)
    head.move(trial.study_id, before=Trial.State.WAITING, after=Trial.State.RUNNING, at=at)
    Study.objects.filter(pk=trial.study_id, started_at=None).update(started_at=at)
    return Trial.objects.select_related("study").get(pk=trial.pk)


def _open(trial: Trial, worker: Worker | None, *, slot: int, device: str, at: datetime, claimed_by: str) -> Attempt:
    checkpoint = _checkpoint_of(trial) if worker is not None else None
    resumed_from = checkpoint.step if checkpoint is not None else 0
    if trial.last_step is not None and trial.last_step != resumed_from:
        endings.rewind(trial, resumed_from)
    return Attempt.objects.create(
        trial=Trial.objects.select_related("study").get(pk=trial.pk),
        number=trial.n_attempts,
        worker=worker,
        claimed_by=claimed_by,
        device=device,
        slot=slot,
        resumed_from=resumed_from,
        started_at=at,
    )


def _checkpoint_of(trial: Trial) -> Artifact | None:
    """Return the trial's last checkpoint if this host can open it."""
    last = checkpoints.to_resume(trial)
    return last if last is not None and checkpoints.is_here(last) else None
