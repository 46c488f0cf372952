"""What of a study's budgets is spent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from trials.models import Attempt, Study


@dataclass(frozen=True)
class Spent:
    """One budget of time: what was used of it, in hours."""

    code: str
    """The ending of a study that has spent it."""
    name: str
    used: float
    limit: float

    @property
    def share(self) -> float:
        """Return what is spent of it; 1 = all."""
        return self.used / self.limit if self.limit > 0 else 1.0


def slot_hours(study: Study, *, at: datetime) -> float:
    """Return the hours of slots spent, those of attempts that are still running included."""
    # The few trials that run are found first: joined to all of them, SQLite would look each of them up.
    running = study.trials.running().values("pk")
    live = Attempt.objects.filter(trial__in=running, ended_at__isnull=True).values_list("started_at", flat=True)
    return (study.slot_seconds + sum((at - start).total_seconds() for start in live)) / 3600


def spent(study: Study, *, at: datetime) -> Iterator[Spent]:
    """Yield the budgets of time that the study's plan sets; slot hours count attempts that are still running."""
    budget = study.plan().budget
    if budget.slot_hours is not None:
        yield Spent("budget_slot_hours", "slot hours", slot_hours(study, at=at), budget.slot_hours)
    if budget.wall_hours is not None and study.started_at is not None:
        hours = (at - study.started_at).total_seconds() / 3600
        yield Spent("budget_wall_hours", "hours of wall-clock", hours, budget.wall_hours)
