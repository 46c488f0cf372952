"""Jobs: long work as a row with progress, claimed like a trial, so that a lost message loses nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from threading import Event
from typing import Protocol

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from trials import closing, head
from trials.models import Job, Study, Worker
from trials.running import checkpoints, doorbell, orders
from trials.running.forking import Child, Exit, Nursery
from trials.running.orders import Place
from trials.running.outages import AWAY, forget_connection, persist
from trials.running.wire import Message
from trials.sanitise import clean_text
from trials.studies import PREPARE

logger = logging.getLogger(__name__)

ATTEMPTS_MAX = 3
PROGRESS_SECONDS = 1.0
S = Job.State


class Later(Exception):
    """A runner has done a slice of its work and lets others go first; what it has kept it will not do again.

    One process serves all `work`, suggestions among it: what takes minutes must not keep studies waiting.
    """


class Progress(Protocol):
    """Tells how far a job has come."""

    def __call__(self, text: str, done: float, total: float) -> None: ...


Runner = Callable[[Job, Progress], Mapping[str, object] | None]
"""What runs one kind of job; what it returns is kept as the job's result."""
RUNNERS: dict[str, Runner] = {}


def runs(kind: str) -> Callable[[Runner], Runner]:
    """Register the function that runs jobs of `kind` in a `work` process."""

    def register(runner: Runner) -> Runner:
        RUNNERS[kind] = runner
        return runner

    return register


def enqueue(kind: str, *, study: Study | None, args: Mapping[str, object] | None = None, at: datetime) -> Job:
    """Create a waiting job and ring for it once the transaction holds."""
    job = Job.objects.create(kind=kind, study=study, args=dict(args or {}), created_at=at)
    if kind == PREPARE:
        transaction.on_commit(doorbell.ring_all)
    else:
        transaction.on_commit(lambda: doorbell.ring_for_job(job.pk))
    return job


def claim_preparation(worker: Worker, *, trainables: Collection[str], at: datetime) -> Job | None:
    """Claim the oldest waiting preparation of a trainable that this worker has."""
    waiting = Job.objects.filter(
        kind=PREPARE, state=S.WAITING, study__trainable__in=trainables, study__state=Study.State.RUNNING
    )
    for job_id in waiting.order_by("id").values_list("pk", flat=True)[:10]:
        if (job := claim(job_id, worker=worker, at=at)) is not None:
            return job
    return None


def claim(job_id: int, *, worker: Worker, at: datetime) -> Job | None:
    """Claim one waiting job; None if it does not wait, or another process was faster."""
    won = Job.objects.filter(pk=job_id, state=S.WAITING).update(
        state=S.RUNNING, worker=worker, n_attempts=F("n_attempts") + 1, started_at=at, message=""
    )
    return Job.objects.select_related("study").get(pk=job_id) if won else None


def run(job_id: int, *, worker: Worker) -> bool:
    """Run one waiting job here; False if there is nothing to run."""
    job = Job.objects.filter(pk=job_id).first()
    runner = RUNNERS.get(job.kind) if job is not None else None
    if runner is None or (claimed := claim(job_id, worker=worker, at=timezone.now())) is None:
        return False
    note = Noting(claimed)
    try:
        result = runner(claimed, note.tell)
    except Later as later:
        release(claimed, str(later), at=timezone.now(), counts=False)
        doorbell.ring_for_job(job_id)
    except Exception as error:
        logger.exception("a job failed", extra={"action": "run_job", "job": job_id, "kind": claimed.kind})
        fail(claimed, f"{type(error).__name__}: {error}", at=timezone.now())
    else:
        finish(claimed, result, at=timezone.now())
    return True


def finish(job: Job, result: Mapping[str, object] | None, *, at: datetime) -> bool:
    """End a running job DONE."""
    return _end(job, at=at, state=S.DONE, result=dict(result) if result is not None else None)


def fail(job: Job, message: str, *, at: datetime) -> bool:
    """End a running job FAILED; trials that waited for it can never start, so their study ends."""
    if not _end(job, at=at, state=S.FAILED, message=clean_text(message, max_length=2000)):
        return False
    if job.kind == PREPARE and job.study is not None:
        note = f"the preparation failed: {message}"[:1000]
        closing.stop_study(job.study, person="the site", note=note, at=at, code="error")
    return True


def release(job: Job, message: str, *, at: datetime, counts: bool = True) -> bool:
    """Put a running job whose process went away back to waiting; the third time it fails."""
    if counts and job.n_attempts >= ATTEMPTS_MAX:
        return fail(job, f"{message} That was attempt {job.n_attempts} of {ATTEMPTS_MAX}.", at=at)
    n_attempts = job.n_attempts if counts else job.n_attempts - 1
    return _end(job, at=None, state=S.WAITING, worker=None, n_attempts=n_attempts, message=clean_text(message))


def orphaned(live_workers: Collection[int]) -> list[Job]:
    """Return the running jobs whose worker is not among the living."""
    return list(Job.objects.filter(state=S.RUNNING).filter(~Q(worker__in=live_workers) | Q(worker=None)))


def _end(job: Job, *, at: datetime | None, **changes: object) -> bool:
    won = Job.objects.filter(pk=job.pk, state=S.RUNNING, n_attempts=job.n_attempts).update(ended_at=at, **changes)
    if won and job.study_id is not None:
        head.touch(job.study_id, at=at or timezone.now())
    return won == 1


class Noting:
    """Writes a job's progress to its row, at most once a second; a database that is away is no reason to stop."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._next = 0.0

    def tell(self, text: str, done: float, total: float) -> None:
        """Note how far the job has come."""
        if time.monotonic() < self._next and done < total:
            return
        self._next = time.monotonic() + PROGRESS_SECONDS
        try:
            Job.objects.filter(pk=self._job.pk, state=S.RUNNING).update(
                message=clean_text(text, max_length=500), done=done, total=total
            )
            if self._job.study_id is not None:
                head.touch(self._job.study_id, at=timezone.now())
        except AWAY:
            forget_connection()


class Preparation:
    """Runs a study's preparation in a child process on a slot, its progress in the job's row."""

    def __init__(self, job: Job, *, nursery: Callable[[], Nursery], place: Place, stopping: Event) -> None:
        assert job.study is not None  # noqa: S101 - a preparation is always some study's
        self._job = job
        self._nursery = nursery
        self._stopping = stopping
        self._study = job.study
        self._place = place
        self._note = Noting(job)
        self._done = False
        self._failure = ""

    def run(self) -> None:
        """Run it to its end, or give it back if the worker stops."""
        try:
            self._watch()
        except AWAY:
            raise
        except Exception as error:
            # A mistake of ours, or in the settings, must not leave it running for ever.
            logger.exception("preparing failed", extra={"action": "prepare", "job": self._job.pk})
            words = f"{type(error).__name__}: {error}"
            persist(lambda: fail(self._job, words, at=timezone.now()), until=self._stopping)

    def _watch(self) -> None:
        order = persist(lambda: orders.to_prepare(self._study, self._place), until=self._stopping)
        order.log.parent.mkdir(parents=True, exist_ok=True)
        self._note.tell("loading the training libraries", 0, 0)
        child = self._nursery().launch(order.message, order.log)
        try:
            while not child.is_over:
                for message in child.messages(1.0):
                    self._hear(message)
                if self._stopping.is_set():
                    child.kill()
        finally:
            child.kill()
            child.close()
            checkpoints.discard(order.scratch)
        self._settle(child)

    def _hear(self, message: Message) -> None:
        match message["is"]:
            case "progress":
                self._note.tell(message["text"], message["done"], message["total"])
            case "done":
                self._done = True
            case "failed":
                self._failure = message["sentence"]

    def _settle(self, child: Child) -> None:
        at = timezone.now()
        exit_ = child.exit or Exit(code=None)
        persist(lambda: self._end(exit_, at), until=self._stopping)
        if self._done and self._job.study_id is not None:
            doorbell.ask_for_suggestions(self._job.study_id)
            doorbell.ring_all()

    def _end(self, exit_: Exit, at: datetime) -> bool:
        if self._done:
            return finish(self._job, None, at=at)
        if self._failure:
            return fail(self._job, self._failure, at=at)
        if self._stopping.is_set():
            return release(self._job, "The worker was shut down.", at=at, counts=False)
        return release(self._job, f"The process that prepared ended with {exit_.code}.", at=at)
