"""A worker's beat: a number in its row that moves while the process lives. Nobody reads a clock off it."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import uuid
from pathlib import Path
from typing import TextIO

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone

from trials.models import Worker
from trials.running.checkpoints import host
from trials.running.outages import AWAY, forget_connection, persist

logger = logging.getLogger(__name__)

BEAT_SECONDS = 2.0


class Beat:
    """Moves one worker's beat from a thread of its own, so that no work can starve it."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._life = hold(worker)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)

    @classmethod
    def start(cls, *, queue_name: str, slots: int) -> Beat:
        """Register this process as a worker and start beating."""
        beat = cls(persist(lambda: register(queue_name=queue_name, slots=slots)))
        beat._thread.start()
        return beat

    def stop(self) -> None:
        """Stop beating and say that this worker stopped on purpose."""
        self._stop.set()
        self._thread.join(timeout=5)
        try:
            Worker.objects.filter(pk=self.worker.pk).update(stopped_at=timezone.now())
        except AWAY:
            forget_connection()
        self._life.close()
        life_file(self.worker).unlink(missing_ok=True)

    def _run(self) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            try:
                move(self.worker.pk)
            except AWAY as error:
                forget_connection()
                logger.warning("no beat: the database is away", extra={"action": "beat", "error": str(error)[:200]})
        connection.close()


def register(*, queue_name: str, slots: int) -> Worker:
    """Create this process's row; every start is a worker of its own."""
    return Worker.objects.create(
        name=f"{host()}:{os.getpid()}:{uuid.uuid4().hex[:8]}",
        host=host(),
        pid=os.getpid(),
        queue=queue_name,
        slots=slots,
        started_at=timezone.now(),
    )


def move(worker_id: int) -> None:
    """Move a worker's beat; one that was given up for lost counts again from now on."""
    Worker.objects.filter(pk=worker_id).update(beat=F("beat") + 1, stopped_at=None)


def life_file(worker: Worker) -> Path:
    """Return the file that a worker holds locked while it lives."""
    return Path(settings.DATA_DIR) / "workers" / f"{worker.name.replace(os.sep, '_')}.lock"


def hold(worker: Worker) -> TextIO:
    """Lock the worker's file until it is closed; the kernel lets go of it when the process dies, however it dies."""
    path = life_file(worker)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = path.open("w")
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return held


def is_known_dead(worker: Worker) -> bool:
    """Say whether a worker of this host has died for certain: nobody holds its file any more.

    False means "not known": its lease decides.
    """
    path = life_file(worker)
    if worker.host != host() or not path.exists():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    path.unlink(missing_ok=True)
    return True
