"""Importance of a study's parameters, as a job: read the trials, explain them, keep the result with the job.

A result is kept for the study's sequence number it was read at: every observation and every ending takes one, so as
long as the number stands, computing again would find the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction
from django.utils import timezone

from trials import head
from trials.importance import Courses, Fate, Settings, agreements, coded, explain, read_all
from trials.models import Job, Observation, Study, Trial
from trials.running import jobs
from trials.running.jobs import Progress

KIND = "importance"
OPEN = (Job.State.WAITING, Job.State.RUNNING)
REFITS = 24


@dataclass(frozen=True)
class Known:
    """What a page knows about a study's importance."""

    job: Job | None
    """The one that waits or runs, else the newest that failed since the last result."""
    done: Job | None
    """The one that left the newest result."""

    @property
    def result(self) -> Mapping[str, object] | None:
        """Return the newest result; read from the database when first asked for, as it may be large."""
        return self.done.result if self.done is not None else None


def ask(study: Study, *, at: datetime) -> Job | None:
    """Have importance computed; None if that is under way already."""
    with transaction.atomic():
        head.lock(study.pk)
        if study.jobs.filter(kind=KIND, state__in=OPEN).exists():
            return None
        return jobs.enqueue(KIND, study=study, at=at)


def known(study: Study) -> Known:
    """Return where to find the newest result, and what became of the jobs after it."""
    newest = list(study.jobs.filter(kind=KIND).defer("result").order_by("-pk")[:20])
    done = next((job for job in newest if job.state == Job.State.DONE), None)
    later = newest[0] if newest and newest[0].state != Job.State.DONE else None
    return Known(later, done)


def compute_here(study: Study, tell: Progress) -> Mapping[str, object] | None:
    """Compute it in this process and keep it as a finished job; None if a job of it is under way already."""
    if study.jobs.filter(kind=KIND, state__in=OPEN).exists():
        return None
    began = timezone.now()
    result = explained(study, tell)
    ended = timezone.now()
    job = Job.objects.create(
        kind=KIND, study=study, state=Job.State.DONE, result=result, created_at=began, started_at=began, ended_at=ended
    )
    _forget_older(job)
    head.touch(study.pk, at=ended)
    return result


@jobs.runs(KIND)
def compute(job: Job, tell: Progress) -> Mapping[str, object]:
    """Compute it and return what the page shows; older results of the study go."""
    if job.study is None:
        raise ValueError("importance is computed for a study, and this job names none")
    found = explained(job.study, tell)
    _forget_older(job)
    return found


def explained(study: Study, tell: Progress) -> Mapping[str, object]:
    """Return the importance of a study as it stands now: what `trials.importance.explain` found, and of what."""
    study.refresh_from_db()
    tell("reading the trials", 0, 0)
    configurations, courses = read(study)
    space = study.plan().space
    cells = coded(space, configurations)
    readings = read_all(courses, cells.features())
    settings = Settings(refits=REFITS, seed=study.seed % 2**32)
    found = explain(space, configurations, cells, readings, settings=settings, tell=tell)
    return {
        **found,
        "as_of": study.sequence,
        "n_ended": study.n_ended,
        "fates": {fate.name.lower(): int(courses.among(fate).sum()) for fate in Fate},
        "agreement": agreements(courses),
    }


def _forget_older(job: Job) -> None:
    Job.objects.filter(study=job.study, kind=KIND, pk__lt=job.pk).exclude(state__in=OPEN).delete()


def read(study: Study) -> tuple[list[Mapping[str, object]], Courses]:
    """Return the configurations of the trials that have been told anything, and their courses, lower being better.

    A trial that another one continues is left out: both are one configuration, and the later one knows more.
    """
    looks = tuple(study.newest_revision().looks)
    sign = 1.0 if study.minimises else -1.0
    rows = list(
        Trial.objects.filter(study=study, continued_by=None)
        .exclude(state=Trial.State.WAITING, last_step=None)
        .order_by("number")
        .values_list("pk", "params", "state", "ending_motive", "value")
    )
    place = {row[0]: index for index, row in enumerate(rows)}
    column = {step: k for k, step in enumerate(looks)}
    fates = np.array([_fate(state, motive) for _, _, state, motive, _ in rows], dtype=np.int8)
    values = np.array([np.nan if row[4] is None else sign * row[4] for row in rows], dtype=np.float64)
    at_looks = np.full((len(rows), len(looks)), np.nan)
    # In the order of their numbers: a resumed trial's later observation replaces the one before.
    seen = Observation.objects.filter(study=study, step__in=looks).order_by("sequence")
    for trial, step, best in seen.values_list("trial_id", "step", "best").iterator(chunk_size=5_000):
        if trial in place:
            at_looks[place[trial], column[step]] = np.inf if best is None else sign * best
    return [row[1] for row in rows], Courses(fates, values, at_looks, looks)


def _fate(state: str, motive: str) -> Fate:
    if state == Trial.State.COMPLETE:
        return Fate.FINISHED
    if state in {Trial.State.PRUNED, Trial.State.PAUSED} and motive:
        return Fate.BROKEN if motive == "risk" else Fate.STOPPED
    return Fate.OPEN
