"""What a study may be due for whenever a trial of it has ended, or the sweep comes by."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from trials import closing, endings, seam
from trials.models import Study
from trials.running import checkpoints, doorbell


def advance(study: Study, *, at: datetime) -> None:
    """Let paused trials go on, end the study if it is done, else have further configurations suggested.

    Resumptions come first: a study whose last running trial has just paused may yet have some that go on.
    """
    n_resumed = 0
    while _resume_one(study, at=at):
        n_resumed += 1
    if closing.settle(study, at=at):
        checkpoints.keep_the_best(study)
        return
    # Settling may have let one more go on.
    doorbell.ring_all(times=n_resumed + 1)
    doorbell.ask_for_suggestions(study.pk)


@transaction.atomic
def _resume_one(study: Study, *, at: datetime) -> bool:
    """Let the paused trial that the reviewer names go on; False if it names none."""
    trial = seam.reviewer().next_to_resume(study)
    return trial is not None and endings.resume(trial, at=at)
