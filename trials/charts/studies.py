"""Several studies on one axis: the best value in hand by trials, by cost and by time, and how their values spread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trials.charts.packing import pack
from trials.models import Study, Trial

# A curve over a few hundred pixels shows no more.
MOST_VALUES = 400


@dataclass
class Course:
    """One study's way: at each trial that brought a better value, what it had taken by then.

    `trials` counts ended trials, `hours` are slot hours, `time` hours since the study began; each list ends where the
    study stands now.
    """

    study: Study
    trials: list[float] = field(default_factory=list)
    hours: list[float] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    """Of the COMPLETE trials, ascending."""

    def best_after(self, n: int) -> float | None:
        """Return the best value in hand once `n` trials had ended; None before the first complete one."""
        known = [value for at, value in zip(self.trials, self.best, strict=True) if at <= n]
        return known[-1] if known and self.n_ended >= n else None

    @property
    def n_ended(self) -> int:
        """Return how many trials had ended at the end of the course."""
        return int(self.trials[-1]) if self.trials else 0

    def spread(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the empirical distribution: float64[n] values and the share of COMPLETE trials at most that large."""
        if not self.values:
            return np.empty(0), np.empty(0)
        values = np.sort(np.array(self.values))
        shares = np.arange(1, values.size + 1) / values.size
        if values.size > MOST_VALUES:
            kept = np.unique(np.linspace(0, values.size - 1, MOST_VALUES).round().astype(int))
            values, shares = values[kept], shares[kept]
        return values, shares


def courses(studies: Sequence[Study]) -> list[Course]:
    """Read the ended trials of all studies in the order they ended, in one query."""
    found = {study.pk: _Reading(study) for study in studies}
    rows = (
        Trial.objects.filter(study__in=studies, ended_at__isnull=False)
        .order_by("study_id", "ended_at", "id")
        .values_list("study_id", "number", "state", "value", "slot_seconds", "ended_at")
    )
    for study_id, number, state, value, seconds, ended_at in rows.iterator(chunk_size=5_000):
        if ended_at is not None:
            found[study_id].take(number, state, value, seconds, ended_at)
    return [found[study.pk].finished() for study in studies]


class _Reading:
    """A study's ended trials, taken one by one."""

    def __init__(self, study: Study) -> None:
        self.course = Course(study)
        self.began = study.started_at or study.created_at
        self.n, self.seconds, self.last = 0, 0.0, self.began

    def take(self, number: int, state: str, value: float | None, seconds: float, ended_at: datetime) -> None:
        self.n, self.seconds, self.last = self.n + 1, self.seconds + seconds, ended_at
        if state != Trial.State.COMPLETE or value is None:
            return
        course = self.course
        course.values.append(value)
        if course.study.better(value, course.best[-1] if course.best else None):
            self._mark(value, number)

    def finished(self) -> Course:
        """Return the course, drawn out to where the study stands."""
        if self.course.best:
            self._mark(self.course.best[-1], self.course.numbers[-1])
        return self.course

    def _mark(self, value: float, number: int) -> None:
        course = self.course
        course.trials.append(float(self.n))
        course.hours.append(self.seconds / 3600)
        course.time.append(max(0.0, (self.last - self.began).total_seconds() / 3600))
        course.best.append(value)
        course.numbers.append(number)


def payload(found: Sequence[Course], letters: Sequence[str], version: str) -> dict[str, object]:
    """Return the JSON of docs/charts.md for studies of one metric and direction."""
    first = found[0].study
    return {
        "objective": first.metric,
        "direction": first.direction,
        "studies": list(_studies(found, letters)),
        "version": version,
    }


def _studies(found: Sequence[Course], letters: Sequence[str]) -> Iterator[dict[str, object]]:
    for course, letter in zip(found, letters, strict=True):
        values, shares = course.spread()
        yield {
            "id": course.study.pk,
            "letter": letter,
            "name": course.study.name,
            "trials": pack(course.trials),
            "hours": pack(course.hours),
            "time": pack(course.time),
            "best": pack(course.best),
            "numbers": course.numbers,
            "values": pack(values),
            "shares": pack(shares),
        }
