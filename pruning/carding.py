"""The job that makes a card when a study has ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from trials.models import Job, Study
from trials.running import jobs
from trials.running.jobs import Progress

CARD = "card"
"""The kind of job."""


def ask(study: Study, *, at: datetime) -> None:
    """Have a card made of a study that has just ended; it waits for a `work` process."""
    jobs.enqueue(CARD, study=study, at=at)


@jobs.runs(CARD)
def run(job: Job, progress: Progress) -> Mapping[str, object] | None:
    """Make the card; one that is there already is left as it is, so running twice changes nothing."""
    from pruning import cards  # the policies and their simulation are loaded where they are played

    if job.study is None:
        return None
    card = cards.make(job.study, at=timezone.now(), progress=progress)
    return {"card": card.pk, "curves": card.curves}
