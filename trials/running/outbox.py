"""What a child told and the database has not taken yet: batches of points and checkpoints, in the order they came."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trials import reporting
from trials.models import Attempt
from trials.running import checkpoints
from trials.running.outages import AWAY, forget_connection
from trials.seam import KEEP, Decision
from trials.series import Point

BATCH_POINTS = 100
BATCH_SECONDS = 0.5
RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Batch:
    """Points that travel together under one number; the number makes a second try harmless."""

    number: int
    points: tuple[Point, ...]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A checkpoint that lies in place and wants its row."""

    kind: str
    step: int
    path: Path
    size: int


class Outbox:
    """Collects between decision points, sends in order, and keeps what the database could not take."""

    def __init__(self, attempt: Attempt, *, now: Callable[[], datetime]) -> None:
        self._attempt = attempt
        self._now = now
        self._open: list[Point] = []
        self._opened = 0.0
        self._sealed: deque[Batch | Saved] = deque()
        self._n_batches = 0
        self._retry_at = 0.0

    def __bool__(self) -> bool:
        return bool(self._open or self._sealed)

    @property
    def is_stuck(self) -> bool:
        """Say whether the database refused the last try for being away."""
        return self._retry_at > 0.0

    def add(self, point: Point) -> None:
        """Put a point into the open batch."""
        if not self._open:
            self._opened = time.monotonic()
        self._open.append(point)

    def add_checkpoint(self, saved: Saved) -> None:
        """Put a checkpoint after the points told before it."""
        self._seal()
        self._sealed.append(saved)

    def wait_seconds(self) -> float | None:
        """Return how long what is here may still wait; None if nothing waits."""
        if self._retry_at:
            return max(0.0, self._retry_at - time.monotonic())
        if len(self._open) >= BATCH_POINTS:
            return 0.0
        if self._open:
            return max(0.0, self._opened + BATCH_SECONDS - time.monotonic())
        return BATCH_SECONDS if self._sealed else None

    def send(self) -> Decision:
        """Send everything, in order; return the first decision that halts, else the last one.

        While the database is away this returns KEEP and keeps the rest. Raises `reporting.ReportRefused`.
        """
        self._seal()
        decision = KEEP
        while self._sealed:
            try:
                answer = self._deliver(self._sealed[0])
            except AWAY:
                forget_connection()
                self._retry_at = time.monotonic() + RETRY_SECONDS
                return decision
            self._sealed.popleft()
            self._retry_at = 0.0
            if answer is not None:
                decision = answer
            if decision.action.halts:
                # The trial has its ending; what was told after it belongs to nobody.
                self._sealed.clear()
        return decision

    def _deliver(self, item: Batch | Saved) -> Decision | None:
        if isinstance(item, Batch):
            return reporting.report(attempt_id=self._attempt.pk, batch=item.number, points=item.points, at=self._now())
        checkpoints.record(
            self._attempt, kind=item.kind, step=item.step, path=item.path, size=item.size, at=self._now()
        )
        return None

    def _seal(self) -> None:
        if self._open:
            self._n_batches += 1
            self._sealed.append(Batch(self._n_batches, tuple(self._open)))
            self._open = []
