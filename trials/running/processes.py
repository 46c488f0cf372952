"""This process as a worker: what it is called, and the beat that says it lives."""

from __future__ import annotations

import threading

from trials.models import Worker
from trials.running.beats import Beat

_lock = threading.Lock()
_beats: list[Beat] = []


def this_worker() -> Worker:
    """Return the row of this process, which runs jobs but no trials; register it at the first call."""
    with _lock:
        if not _beats:
            _beats.append(Beat.start(queue_name="work", slots=0))
        return _beats[0].worker


def stop() -> None:
    """Say that this process stopped on purpose."""
    with _lock:
        while _beats:
            _beats.pop().stop()
