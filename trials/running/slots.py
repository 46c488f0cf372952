"""The slots of one worker process, and the loop that fills them.

A message from the broker only means "look for work": a free slot claims, runs, and claims again until nothing waits.
"""

from __future__ import annotations

import logging
import os
import queue
import shutil
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from trials import endings
from trials.models import Attempt, Worker
from trials.running import claims, doorbell, jobs
from trials.running.beats import Beat
from trials.running.devices import all_devices
from trials.running.forking import Nursery
from trials.running.orders import Place
from trials.running.outages import AWAY, forget_connection
from trials.running.supervisor import Supervisor
from trials.trainables import registry

logger = logging.getLogger(__name__)

# With less free disk than this nothing new is started: it would only fail to save.
FREE_BYTES_MIN = 64 * 1_048_576


class Slots:
    """What one `trials` worker process can run at once."""

    def __init__(self, *, queue_name: str, places: Sequence[Place], beat: Beat) -> None:
        self.queue_name = queue_name
        self.stopping = threading.Event()
        self._beat = beat
        self._free: queue.SimpleQueue[Place] = queue.SimpleQueue()
        for place in places:
            self._free.put(place)
        self._n_places = len(places)
        self._threads = places[0].threads
        self._nurseries: dict[str, Nursery] = {}
        self._lock = threading.Lock()

    @property
    def worker(self) -> Worker:
        """Return this process's row."""
        return self._beat.worker

    def work(self) -> int:
        """Run what waits on a free slot, until nothing waits; return how many attempts ran."""
        try:
            place = self._free.get_nowait()
        except queue.Empty:
            return 0
        n_done = 0
        try:
            while not self.stopping.is_set() and self._run_one(place):
                n_done += 1
        except AWAY as error:
            # The sweep rings again once the database is back.
            forget_connection()
            logger.warning("the database is away", extra={"action": "look_for_work", "error": str(error)[:200]})
        finally:
            self._free.put(place)
        return n_done

    def close(self) -> None:
        """Let every attempt go back to waiting, and end the nurseries."""
        self.stopping.set()

    def end(self) -> None:
        """End the nurseries, once the slots are empty."""
        for nursery in self._nurseries.values():
            nursery.close()
        self._beat.stop()

    def nursery(self, trainable: str) -> Nursery:
        """Return the nursery that has this trainable's modules loaded."""
        with self._lock:
            if trainable not in self._nurseries:
                self._nurseries[trainable] = Nursery(
                    preload=registry.get(trainable).preload,
                    threads=self._threads,
                    root=Path(settings.BASE_DIR),
                    extra=getattr(settings, "TRIAL_ENVIRONMENT", ()),
                )
            return self._nurseries[trainable]

    def _run_one(self, place: Place) -> bool:
        if not has_room():
            logger.error("the disk is full; no trial is started", extra={"action": "disk_full"})
            return False
        give_back(self.worker, place)
        names = registry.names()
        job = jobs.claim_preparation(self.worker, trainables=names, at=timezone.now())
        if job is not None and job.study is not None:
            find = partial(self.nursery, job.study.trainable)
            jobs.Preparation(job, nursery=find, place=self._widened(place), stopping=self.stopping).run()
            return True
        attempt = claims.claim(
            self.worker,
            queue=self.queue_name,
            slot=place.slot,
            device=place.device,
            at=timezone.now(),
            trainables=names,
        )
        if attempt is None:
            return False
        study = attempt.trial.study
        doorbell.ask_for_suggestions(study.pk)
        find = partial(self.nursery, study.trainable)
        Supervisor(attempt, nursery=find, place=place, stopping=self.stopping).run()
        return True

    def _widened(self, place: Place) -> Place:
        """Return the place with every core, if no other slot of this process is at work."""
        is_alone = self._free.qsize() == self._n_places - 1
        return replace(place, threads=n_cores()) if is_alone else place


def give_back(worker: Worker, place: Place) -> None:
    """Put back to waiting what a free slot is said to run: its claim held, but the answer to it was lost."""
    for attempt in Attempt.objects.filter(worker=worker, slot=place.slot, ended_at=None):
        sentence = "The worker never heard that it had claimed the trial."
        endings.requeue(attempt, outcome="released", sentence=sentence, at=timezone.now())


def has_room() -> bool:
    """Say whether the data directory's disk has room for a checkpoint."""
    return shutil.disk_usage(settings.DATA_DIR).free >= FREE_BYTES_MIN


def places(*, queue_name: str, n_slots: int) -> list[Place]:
    """Return the slots of a worker: on the CPU, or spread over the CUDA devices it may use."""
    threads = max(1, n_cores() // n_slots)
    if queue_name != "cuda":
        return [Place(device="cpu", threads=threads, slot=slot) for slot in range(n_slots)]
    n_devices = max(1, len(all_devices()))
    return [Place(device=f"cuda:{slot % n_devices}", threads=threads, slot=slot) for slot in range(n_slots)]


def n_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


class _Process:
    """What this worker process serves; set once when it starts."""

    slots: Slots | None = None


def open_slots(*, queue_name: str, n_slots: int) -> Slots:
    """Register this process as a worker with slots and start its beat."""
    beat = Beat.start(queue_name=queue_name, slots=n_slots)
    _Process.slots = Slots(queue_name=queue_name, places=places(queue_name=queue_name, n_slots=n_slots), beat=beat)
    return _Process.slots


def look_for_work() -> int:
    """Fill a free slot of this process; 0 where nothing waits or the process has no slots."""
    return _Process.slots.work() if _Process.slots is not None else 0


def close() -> None:
    """Have every attempt of this process go back to waiting."""
    if _Process.slots is not None:
        _Process.slots.close()


def end() -> None:
    """End what serves the slots, once they are empty."""
    if _Process.slots is not None:
        _Process.slots.end()
