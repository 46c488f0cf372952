"""The sweep: every ten seconds it finds what was lost and rings for what waits.

It declares a worker lost when its beat has not moved for the lease, counted on this process's own monotonic clock and
counted anew after any outage of the database or pause of the sweep itself: neither a clock that jumps nor a database
that is away expires a live trial.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from trials import endings
from trials.alerts.delivering import anything_due
from trials.alerts.kinds import WORKER_LOST
from trials.alerts.telling import tell
from trials.models import Attempt, Job, Study, Worker
from trials.running import beats as beats_of
from trials.running import claims, doorbell, jobs
from trials.running.advancing import advance
from trials.running.outages import AWAY, forget_connection
from trials.studies import PREPARE
from trials.trainables import registry

logger = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
Key = tuple[str, int]
"""What beats: `("worker", pk)`, or `("attempt", pk)` for one over HTTP."""


class Watch:
    """Remembers when each beat was last seen to move, by this process's monotonic clock."""

    def __init__(self, lease: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease = lease
        self._clock = clock
        self._seen: dict[Key, tuple[int, float]] = {}
        self._last_look = clock()

    def forget(self) -> None:
        """Count anew: what happened meanwhile is not known."""
        self._seen.clear()

    def stale(self, beats: Mapping[Key, int]) -> set[Key]:
        """Return the keys whose beat has not moved for the lease."""
        now = self._clock()
        if now - self._last_look > self._lease / 2:
            self.forget()  # we ourselves were held up, and so may the others have been
        self._last_look = now
        for gone in self._seen.keys() - beats.keys():
            del self._seen[gone]
        for key, beat in beats.items():
            if self._seen.get(key, (None, 0.0))[0] != beat:
                self._seen[key] = (beat, now)
        return {key for key, (_, since) in self._seen.items() if now - since >= self._lease}


class Sweep:
    """One process's sweep, with its memory of beats."""

    def __init__(self, *, lease: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        seconds = lease if lease is not None else float(getattr(settings, "LEASE_SECONDS", LEASE_SECONDS))
        self._watch = Watch(seconds, clock=clock)

    def once(self, *, at: datetime | None = None) -> None:
        """Sweep once; a database that is away makes every lease count anew."""
        at = at or timezone.now()
        try:
            _witness()
            self._take_from_the_lost(at)
            for study in Study.objects.running().order_by("pk"):
                _advance(study, at)
            _ring_for_what_waits(at)
        except AWAY as error:
            forget_connection()
            self._watch.forget()
            logger.warning("not swept: the database is away", extra={"action": "sweep", "error": str(error)[:200]})

    def _take_from_the_lost(self, at: datetime) -> None:
        workers = list(Worker.objects.filter(stopped_at=None))
        beats: dict[Key, int] = {("worker", worker.pk): worker.beat for worker in workers}
        over_http = Attempt.objects.filter(worker=None, ended_at=None).values_list("pk", "beat")
        beats.update({("attempt", pk): beat for pk, beat in over_http})
        stale = self._watch.stale(beats)
        # One that died on this host need not be waited for.
        stale |= {("worker", worker.pk) for worker in workers if beats_of.is_known_dead(worker)}
        Worker.objects.filter(pk__in=[pk for kind, pk in stale if kind == "worker"]).update(stopped_at=at)
        living = set(Worker.objects.filter(stopped_at=None).values_list("pk", flat=True))
        lost = Attempt.objects.filter(ended_at=None, worker__isnull=False).exclude(worker__in=living)
        silent = Attempt.objects.filter(pk__in=[pk for kind, pk in stale if kind == "attempt"])
        for attempt in [*lost.select_related("trial"), *silent.select_related("trial")]:
            take_from_the_lost(attempt, at=at)
        for job in jobs.orphaned(living):
            jobs.release(job, "The worker that ran it was lost.", at=at)


def _advance(study: Study, at: datetime) -> None:
    """Advance one study; a mistake in it must not keep the others from being looked after."""
    try:
        advance(study, at=at)
    except AWAY:
        raise
    except Exception:
        logger.exception("a study could not be advanced", extra={"action": "sweep", "study": study.pk})


def _witness() -> None:
    """Write nothing, but wait where a writer would: beats stand still too while somebody holds the one write lock."""
    Worker.objects.filter(pk=-1).update(beat=0)


def take_from_the_lost(attempt: Attempt, *, at: datetime) -> None:
    """Put the trial of an attempt whose owner is lost back to waiting."""
    who = attempt.worker.name if attempt.worker is not None else attempt.claimed_by or "its client"
    sentence = f"Lost: {who} gave no sign of life."
    logger.warning("an attempt was lost", extra={"action": "worker_lost", "attempt": attempt.pk, "worker": who})
    with transaction.atomic():
        endings.requeue(attempt, outcome="worker_lost", sentence=sentence, at=at)
        study = attempt.trial.study
        told = f"Trial {attempt.trial.number}, attempt {attempt.number}. {sentence}"
        tell(WORKER_LOST, study=study, key=f"lost:{attempt.pk}", sentence=told, at=at)


def _ring_for_what_waits(at: datetime) -> None:
    """Ring once for every free slot that could take something, for every waiting job, and for messages that are due."""
    trainables = registry.names()
    n_waiting = claims.waiting_for_workers(trainables).count()
    n_waiting += Job.objects.filter(kind=PREPARE, state=Job.State.WAITING).count()
    busy = Attempt.objects.filter(ended_at=None).values_list("worker__queue", flat=True)
    n_busy = {queue: list(busy).count(queue) for queue in set(busy)}
    n_slots: dict[str, int] = {}
    for queue, slots in Worker.objects.filter(stopped_at=None, slots__gt=0).values_list("queue", "slots"):
        n_slots[queue] = n_slots.get(queue, 0) + slots
    for queue, slots in n_slots.items():
        doorbell.ring(queue, times=max(0, min(n_waiting, slots - n_busy.get(queue, 0))))
    waiting_jobs = Job.objects.filter(state=Job.State.WAITING).exclude(kind=PREPARE).order_by("pk")
    for job_id in waiting_jobs.values_list("pk", flat=True)[:20]:
        doorbell.ring_for_job(job_id)
    if anything_due(at=at):
        doorbell.ask_for_deliveries()
