"""The end of an attempt's captured output."""

from __future__ import annotations

import os
from pathlib import Path

from trials.models import Attempt, Trial
from trials.running import checkpoints

TAIL_BYTES = 16_384
TAIL_LINES = 60


def written(trial: Trial, number: int) -> int:
    """Return how many bytes of a trial's nth attempt this host has captured; 0 if none, or where it cannot tell."""
    try:
        return checkpoints.log_file(Attempt(trial=trial, number=number)).stat().st_size
    except OSError:
        return 0


def tail(attempt: Attempt) -> str:
    """Return the last lines an attempt wrote on this host; empty if there are none."""
    path = checkpoints.log_file(attempt)
    try:
        return read_tail(path)
    except FileNotFoundError:
        return _elsewhere(attempt)
    except OSError as trouble:
        return f"The log cannot be read: {trouble.strerror}."


def read_tail(path: Path) -> str:
    """Return the last 60 lines of a file, at most 16 kB of it."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        text = file.read(TAIL_BYTES).decode("utf-8", errors="replace").replace("\x00", "\ufffd")
    lines = text.splitlines()
    if size > TAIL_BYTES:
        lines = lines[1:]  # the first one may be torn
    return "\n".join(lines[-TAIL_LINES:])


def _elsewhere(attempt: Attempt) -> str:
    worker = attempt.worker
    if worker is not None and worker.host != checkpoints.host():
        return f"The log lies on {worker.host}."
    return ""
