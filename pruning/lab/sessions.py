"""Playing backtests: a job in slices, so that suggestions of running studies are never kept waiting for long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from pruning.backtest import (
    Cell,
    NothingToPlay,
    Scores,
    Task,
    cells_of,
    fingerprints,
    planned,
    play,
    report,
    undrawn,
)
from pruning.lab import pictures, sources
from pruning.lab.asking import Asked, makers_of
from pruning.lab.store import CellStore
from pruning.models import Backtest, BacktestTask
from trials.models import Job, Study
from trials.models.project import Person
from trials.running import jobs
from trials.sanitise import clean_text

KIND = "backtest"
SLICE_SECONDS = 10.0
MOST_NAME = 200


@transaction.atomic
def start(asked: Asked, *, user: Person) -> Backtest:
    """Create the backtest and its job; a worker finds it."""
    at = timezone.now()
    backtest = Backtest.objects.create(
        project=asked.project,
        name=asked.name,
        created_by=user if user.is_authenticated else None,
        created_at=at,
        folders=dict(asked.folders),
        policies=[one.to_mapping() for one in asked.policies],
        against=asked.against,
        orders=asked.orders,
        workers=asked.workers,
        job=jobs.enqueue(KIND, study=None, at=at),
    )
    backtest.studies.set(asked.studies)
    return backtest


@transaction.atomic
def go_on(backtest: Backtest) -> bool:
    """Have a failed backtest go on where it was; False if it has not failed."""
    if backtest.job.state != Job.State.FAILED:
        return False
    failed = backtest.job
    backtest.job = jobs.enqueue(KIND, study=None, at=timezone.now())
    backtest.save(update_fields=["job"])
    failed.delete()
    return True


def rename(backtest: Backtest, name: str) -> None:
    """Give it another name, of one line of up to 200 characters; an empty one calls it after its policies."""
    backtest.name = clean_text(" ".join(name.split()))[:MOST_NAME]
    backtest.save(update_fields=["name"])


class Step(NamedTuple):
    """One finished cell, and how far the backtest has come."""

    cell: Cell
    done: int
    total: int


class Session:
    """One backtest under way in this process; whoever takes it up after a crash plays no finished cell again."""

    def __init__(self, backtest: Backtest, note: jobs.Progress) -> None:
        self._backtest = backtest
        note("Reading the recorded curves", 0, 0)
        chosen = list(backtest.studies.select_related("project").order_by("pk"))
        known = list(sources.found(chosen, backtest.folders))
        self._plan, self._skipped = planned([one for one, _ in known], makers_of(backtest.policies))
        by_name = {one.name: study for one, study in known if isinstance(one, Task)}
        rows = {task.name: self._row(place, task, by_name[task.name]) for place, (task, _) in enumerate(self._plan)}
        self._store = CellStore(rows, orders=backtest.orders, workers=backtest.workers)
        self._cells: list[Cell] = []
        self.total = cells_of(self._plan, backtest.orders)

    def steps(self) -> Iterator[Step]:
        """Play on, cell by cell."""
        for task, policies in self._plan:
            for cell in play(
                task,
                policies,
                orders=self._backtest.orders,
                workers=self._backtest.workers,
                work=self._store,
                traces=True,
            ):
                self._cells.append(cell)
                yield Step(cell, len(self._cells), self.total)

    def keep(self) -> None:
        """See that every played cell is in the database."""
        self._store.flush()

    def report(self) -> dict[str, object]:
        """Return what `manage.py backtest --json` writes; NothingToPlay if no order could be played."""
        unlucky = undrawn(self._plan, {cell.task for cell in self._cells})
        if not self._cells:
            raise NothingToPlay("\n".join(["No order of any study could be played.", *(f"  {one}" for one in unlucky)]))
        names = self._backtest.policy_names
        return report(
            Scores(self._cells, names),
            [task for task, _ in self._plan],
            against=self._backtest.against,
            workers=self._backtest.workers,
            skipped=[*self._skipped, *unlucky],
            policies=fingerprints(self._plan, names),
        )

    def _row(self, place: int, task: Task, study: Study | None) -> BacktestTask:
        """Return the task's row; one whose curves or policies have changed since begins anew."""
        policies = {name: policy.fingerprint for name, policy in self._plan[place][1].items()}
        kept = self._backtest.tasks.filter(name=task.name).first()
        if kept is not None and (kept.curves, kept.policies) == (task.digest, policies):
            return kept
        if kept is not None:
            kept.delete()
        return self._backtest.tasks.create(
            place=place,
            name=task.name,
            family=task.family,
            study=study,
            curves=task.digest,
            policies=policies,
            names=[one.name for one in task.pool.recordings],
            values=pictures.values_of(task),
            picture=pictures.picture_of(
                task, orders=self._backtest.orders, unit=study.step_unit if study is not None else "reports"
            ),
        )


Key = tuple[int, datetime]
_under_way: dict[Key, tuple[Session, Iterator[Step]]] = {}
"""By job: what this process plays between two slices."""


@jobs.runs(KIND)
def play_backtest(job: Job, note: jobs.Progress) -> dict[str, object] | None:
    """Play a slice of a backtest; the figures once it is done. What cannot be played ends the job with its reasons."""
    backtest = Backtest.objects.filter(job=job).first()
    if backtest is None:
        return None
    key = job.pk, job.created_at
    try:
        session, steps = _under_way.get(key) or _begin(backtest, key, note)
        _slice(session, steps, backtest, note)
        _under_way.pop(key, None)
        return session.report()
    except NothingToPlay as error:
        jobs.fail(job, str(error), at=timezone.now())
        return None
    except jobs.Later:
        raise
    except BaseException:
        _under_way.pop(key, None)
        if not Backtest.objects.filter(pk=backtest.pk).exists():
            return None  # somebody deleted it meanwhile, and there is nowhere to keep what was played
        raise


def _begin(backtest: Backtest, key: Key, note: jobs.Progress) -> tuple[Session, Iterator[Step]]:
    session = Session(backtest, note)
    _under_way.clear()  # one at a time: curves take room
    _under_way[key] = session, session.steps()
    return _under_way[key]


def _slice(session: Session, steps: Iterator[Step], backtest: Backtest, note: jobs.Progress) -> None:
    until = time.monotonic() + SLICE_SECONDS
    try:
        for step in steps:
            words = f"Playing {step.cell.task}, order {step.cell.order + 1} of {backtest.orders}"
            note(words, step.done, session.total)
            if time.monotonic() > until:
                raise jobs.Later(words)
    finally:
        session.keep()
