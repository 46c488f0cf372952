"""Fills a study with trials that never trained, judged by the real engine, in batches.

The reviewer that serves live studies judges every report, so the ledger is one that it could have written: it
verifies and replays. Only the doors to the database are others: rows are collected and inserted by the thousand.
"""

from __future__ import annotations

import math
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest import mock

import numpy as np
from django.db import transaction

from pruning import entries, ledger, rollups, writing
from pruning.memory import course_at
from pruning.resuming import resume_next
from pruning.review import LedgerReviewer
from pruning.rules.base import Stream
from pruning.rules.resuming import Resuming
from pruning.simulate import Pool
from pruning.standing import standing_of
from pruning.writing import Head
from trials import head, recounting, series
from trials.models import Attempt, MetricSummary, Observation, SeriesChunk, Study, Trial, TrialParam
from trials.models.values import split
from trials.seam import Decision, Moment
from trials.series.codec import CLOCK, pack_steps, pack_values

CHUNK = 2000
SECONDS_PER_STEP = 1.5
State = Trial.State


@dataclass
class Course:
    """One trial on its way."""

    trial: Trial
    steps: np.ndarray[Any, np.dtype[np.int64]]
    values: np.ndarray[Any, np.dtype[np.float64]]
    reports: int = 0
    started: list[int] = field(default_factory=list)
    """The step at which each attempt began."""

    @property
    def step(self) -> int:
        return int(self.steps[self.reports - 1]) if self.reports else 0


class Sink:
    """Takes in ledger rows where the database would, and writes them by the thousand."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.head = writing.head_of(study.uid)
        self.rows: list[Mapping[str, Any]] = []
        self.write = writing.insert

    def head_of(self, study_uid: uuid.UUID) -> Head | None:
        return self.head

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows.extend(rows)
        self.head = Head(rows[-1]["sequence"], rows[-1]["hash"])
        if len(self.rows) >= CHUNK:
            self.flush()

    def mark(self, study_uid: uuid.UUID, head: Head) -> None:
        """Nothing: the newest row is marked when all are written."""

    def remember(self, study_uid: uuid.UUID, end: Head) -> None:
        """Nothing: `head_of` answers."""

    def next_sequence(self, study: Study) -> int:
        self.study.sequence += 1
        study.sequence = self.study.sequence
        return self.study.sequence

    def flush(self) -> None:
        self.write(self.rows)
        self.rows = []


class Filling:
    """A study being filled: workers take turns, each report is judged, paused trials go on when they may."""

    def __init__(
        self, study: Study, pool: Pool, workers: int, configurations: Sequence[Mapping[str, object]] | None
    ) -> None:
        self.study, self.pool, self.workers, self.configurations = study, pool, workers, configurations
        self.standing, self.reviewer = standing_of(study), LedgerReviewer()
        revision = study.newest_revision()
        self.revision = (revision.number, revision.fingerprint)
        self.looks = frozenset(self.standing.looks)
        self.courses = [self._course(number) for number in range(len(pool.recordings))]
        self.fresh = deque(range(len(self.courses)))
        self.running: deque[int] = deque()
        self.observations: list[Observation] = []
        self.now = study.created_at

    def play(self) -> None:
        """Play until nobody trains any more."""
        self._employ()
        while self.running:
            number = self.running.popleft()
            if self._report(self.courses[number]):
                self.running.append(number)
            self._employ()

    def curves(self, attempt: Attempt, *, batch: int) -> dict[tuple[str, str], tuple[Any, Any]]:
        """Return a trial's curve so far, as the store would."""
        course = self.courses[attempt.trial.number]
        return {(self.study.metric, "{}"): (course.steps[: course.reports], course.values[: course.reports])}

    def _course(self, number: int) -> Course:
        recording = self.pool.recordings[number]
        trial = Trial(
            study=self.study,
            number=number,
            uid=uuid.uuid5(self.study.uid, str(number)),
            origin=Trial.Origin.SAMPLER,
            suggestion=number,
            params=dict(self.configurations[number]) if self.configurations else {"x": (number * 0.6180339887) % 1.0},
            state=State.WAITING,
            created_at=self.study.created_at,
        )
        return Course(trial, recording.curve.steps, recording.curve.values)

    def _employ(self) -> None:
        while len(self.running) < self.workers:
            number = self._resumed()
            if number is None:
                if not self.fresh:
                    return
                number = self.fresh.popleft()
            course = self.courses[number]
            course.trial.state = State.RUNNING
            course.trial.n_attempts += 1
            course.trial.started_at = course.trial.started_at or self.now
            course.started.append(course.step)
            self.running.append(number)

    def _resumed(self) -> int | None:
        if not isinstance(self.standing.policy.strategy, Resuming):
            return None
        known = course_at(self.study, seen=self.study.sequence, said=self.study.sequence)
        found = resume_next(
            self.study,
            self.standing,
            known,
            stream=Stream(begun=len(self.courses) - len(self.fresh), under_way=frozenset(self.running)),
            is_closing=False,
            find=lambda study, number: self.courses[number].trial,
        )
        return None if found is None else found.number

    def _report(self, course: Course) -> bool:
        """Tell one report; return whether the trial trains on."""
        trial = course.trial
        course.reports += 1
        self.now += timedelta(seconds=SECONDS_PER_STEP)
        step, value = course.step, float(course.values[course.reports - 1])
        trial.last_value, trial.last_value_state = split(value)
        trial.last_step = step
        if math.isfinite(value) and self.study.better(value, trial.best_value):
            trial.best_value, trial.best_step = value, step
        decision = self._judged(course, step, value)
        if decision is not None and decision.action.halts:
            self._halt(course, decision, step)
            return False
        if course.reports == len(course.steps):
            self._end(course, State.COMPLETE, "finished", f"Finished at step {step}: trained to its planned end.")
            self.reviewer.ended(trial, sequence=head.next_sequence(self.study))
            return False
        return True

    def _judged(self, course: Course, step: int, value: float) -> Decision | None:
        trial, is_look = course.trial, step in self.looks
        moment = Moment(
            study=self.study,
            trial=trial,
            attempt=Attempt(trial=trial, number=trial.n_attempts),
            revision=self.revision,
            step=step,
            value=value,
            metrics={self.study.metric: value},
            batch=course.reports,
            is_look=is_look,
            sequence=self.study.sequence + 1,
        )
        if not is_look and not self.reviewer.alarmed(moment):
            return None
        sequence = head.next_sequence(self.study)
        if is_look:
            number, state = split(value)
            self.observations.append(
                Observation(
                    study=self.study,
                    trial=trial,
                    attempt_number=trial.n_attempts,
                    sequence=sequence,
                    step=step,
                    value=number,
                    value_state=state,
                    best=trial.best_value,
                    at=self.now,
                )
            )
        return self.reviewer.review(moment)

    def _halt(self, course: Course, decision: Decision, step: int) -> None:
        after = {"STOP": State.PRUNED, "FINISH": State.COMPLETE, "PAUSE": State.PAUSED}[str(decision.action)]
        self._end(course, after, decision.code, decision.sentence, motive=decision.motive)

    def _end(self, course: Course, state: State, code: str, sentence: str, *, motive: str = "") -> None:
        trial = course.trial
        trial.state, trial.ending_code, trial.ending_motive = state, code, motive
        trial.ending_sentence, trial.ending_step = sentence, course.step
        if state in Trial.ENDED:
            trial.value, trial.ended_at = trial.best_value, self.now
        trial.steps_trained = course.step
        trial.slot_seconds = course.step * SECONDS_PER_STEP


def fill(
    study: Study, pool: Pool, *, workers: int = 4, configurations: Sequence[Mapping[str, object]] | None = None
) -> Study:
    """Fill a launched study that has no trials yet with one trial per recording of the pool; return it as it stands.

    configurations: one per recording, for a study whose space is not the workbench's single `x`.

    The study stays open: trials that its policy has paused stay paused.
    """
    filling = Filling(study, pool, workers, configurations)
    with transaction.atomic(), _doors(filling) as sink:
        filling.play()
        sink.flush()
        newest = sink.head
    with transaction.atomic():
        if newest is not None:
            writing.mark(study.uid, newest)
            rollups.count_up(study.uid, newest.sequence)
        _store(filling)
    study.refresh_from_db()
    return study


@contextmanager
def _doors(filling: Filling) -> Iterator[Sink]:
    """Collect what would be written row by row, and answer what would be read."""
    sink = Sink(filling.study)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(ledger, "_remember", sink.remember))
        stack.enter_context(mock.patch.object(rollups, "count_up", mock.Mock()))
        for name in ("head_of", "insert", "mark"):
            stack.enter_context(mock.patch.object(writing, name, getattr(sink, name)))
        stack.enter_context(mock.patch.object(head, "next_sequence", sink.next_sequence))
        stack.enter_context(mock.patch.object(series, "of_attempt", filling.curves))
        used = {"device": "cpu", "seconds_per_step": SECONDS_PER_STEP, "memory_bytes": None}
        stack.enter_context(mock.patch.object(entries, "spent", mock.Mock(return_value=used)))
        yield sink


def _store(filling: Filling) -> None:
    """Write trials, attempts, parameters, series and observations, and move the study's rollups."""
    study, courses = filling.study, filling.courses
    Trial.objects.bulk_create([course.trial for course in courses], batch_size=CHUNK)
    TrialParam.objects.bulk_create(
        (
            TrialParam(trial=course.trial, study=study, name=name, **_typed(value))
            for course in courses
            for name, value in course.trial.params.items()
        ),
        batch_size=CHUNK,
    )
    Attempt.objects.bulk_create((made for course in courses for made in _attempts(course)), batch_size=CHUNK)
    SeriesChunk.objects.bulk_create(
        (made for course in courses if course.reports for made in _chunks(study, course)), batch_size=CHUNK
    )
    MetricSummary.objects.bulk_create(
        (_summary(study, course) for course in courses if course.reports), batch_size=CHUNK
    )
    Observation.objects.bulk_create(filling.observations, batch_size=CHUNK)
    _roll_up(filling)


def _typed(value: object) -> dict[str, Any]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"number": float(value)} if is_number else {"text": str(value)}  # type: ignore[arg-type]


def _attempts(course: Course) -> Iterator[Attempt]:
    trial = course.trial
    for number, began in enumerate(course.started, start=1):
        is_last = number == len(course.started)
        yield Attempt(
            trial=trial,
            number=number,
            claimed_by="filling",
            resumed_from=began,
            last_step=course.step if is_last else course.started[number],
            started_at=trial.started_at,
            ended_at=trial.ended_at or trial.started_at,
            outcome=trial.ending_code if is_last and trial.state != State.PAUSED else "paused",
        )


def _chunks(study: Study, course: Course) -> Iterator[SeriesChunk]:
    """Yield the curve of one trial and the seconds at which it was told."""
    told = course.steps[: course.reports]
    for (metric, labels), values in (
        ((study.metric, "{}"), course.values[: course.reports]),
        (CLOCK, told * SECONDS_PER_STEP),
    ):
        yield SeriesChunk(
            trial=course.trial,
            attempt_number=1,
            metric=metric,
            labels=labels,
            first_step=int(told[0]),
            last_step=course.step,
            n_points=len(told),
            steps=pack_steps(told),
            values=pack_values(values),
        )


def _summary(study: Study, course: Course) -> MetricSummary:
    told = course.values[: course.reports]
    low, high = int(told.argmin()), int(told.argmax())
    return MetricSummary(
        trial=course.trial,
        study=study,
        metric=study.metric,
        n_points=course.reports,
        first_value=float(told[0]),
        first_step=int(course.steps[0]),
        last_value=float(told[-1]),
        last_step=course.step,
        low_value=float(told[low]),
        low_step=int(course.steps[low]),
        high_value=float(told[high]),
        high_step=int(course.steps[high]),
    )


def _roll_up(filling: Filling) -> None:
    study, courses = filling.study, filling.courses
    seen = min(
        (course.trial for course in courses if course.trial.best_value is not None),
        key=lambda trial: trial.best_value if study.minimises else -trial.best_value,  # type: ignore[operator, arg-type, return-value]
        default=None,
    )
    Study.objects.filter(pk=study.pk).update(
        sequence=study.sequence,
        next_number=len(courses),
        next_suggestion=len(courses),
        started_at=study.created_at,
        last_activity_at=filling.now,
        best_seen_value=seen.best_value if seen else None,
        best_seen_number=seen.number if seen else None,
    )
    recounting.repair(study)
