"""The memory that attempts of this very process hold now: what a supervisor can see of its child while it lives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Gauge = Callable[[], int | None]

_gauges: dict[int, Gauge] = {}
_guard = threading.Lock()


@contextmanager
def watched(attempt_id: int, gauge: Gauge) -> Iterator[None]:
    """Let `peak_memory_bytes` answer for an attempt, by this gauge, as long as the block lasts."""
    with _guard:
        _gauges[attempt_id] = gauge
    try:
        yield
    finally:
        with _guard:
            _gauges.pop(attempt_id, None)


def peak_memory_bytes(attempt_id: int) -> int | None:
    """Return the most memory that an attempt's process has held so far; None if it is not a child of this process."""
    with _guard:
        gauge = _gauges.get(attempt_id)
    return gauge() if gauge is not None else None


def peak_of_process(pid: int, root: Path = Path("/proc")) -> int | None:
    """Return the most host memory a living process has held, in bytes; None where the kernel does not tell."""
    try:
        lines = (root / str(pid) / "status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)
