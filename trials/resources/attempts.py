"""Attempts as columns: when each ran, where, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RUNNING = "running"
PAUSED = "paused"
LOST = "lost"
RELEASED = "released"
OUTCOMES = {"paused": PAUSED, "worker_lost": LOST, "crashed": LOST, "released": RELEASED}
"""Ends of an attempt that are no end of its trial."""


class Place(NamedTuple):
    """Where attempts run: a host, or whoever claims over HTTP, and one of its slots."""

    host: str
    slot: int


@dataclass(frozen=True)
class Attempts:
    """Attempts of one study in the order in which they began; times in seconds since the epoch."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    """Of one that still runs: now."""
    trial: NDArray[np.int64]
    """The number of its trial."""
    number: NDArray[np.int64]
    kind: Sequence[str]
    """How it ended: a glyph of its trial's ending, or running, paused, lost, released."""
    code: Sequence[str]
    place: Sequence[Place]
    resumed: NDArray[np.bool_]
    """Whether it began from a checkpoint."""

    def __len__(self) -> int:
        return len(self.start)

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Return how long each ran."""
        return np.maximum(self.end - self.start, 0.0)

    @property
    def span(self) -> tuple[float, float]:
        """Return when the first began and the last ended; (0, 0) without any."""
        return (float(self.start.min()), float(self.end.max())) if len(self) else (0.0, 0.0)


def paused_until(attempts: Attempts, ended_at: dict[int, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (from, until) of every pause: until the trial's next attempt, its end, or infinity.

    `ended_at`: when trials ended, by their number.
    """
    order = np.lexsort((attempts.number, attempts.trial))
    begun: list[float] = []
    over: list[float] = []
    for at, one in enumerate(order):
        if attempts.kind[one] != PAUSED:
            continue
        follows = order[at + 1] if at + 1 < len(order) else None
        trial = int(attempts.trial[one])
        begun.append(float(attempts.end[one]))
        if follows is not None and int(attempts.trial[follows]) == trial:
            over.append(float(attempts.start[follows]))
        else:
            over.append(ended_at.get(trial, np.inf))
    return np.array(begun), np.array(over)
