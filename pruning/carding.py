"""The job that looks back at a study when it has ended: makes its card, and warns of regions pruned unfairly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from trials.alerts.kinds import UNFAIR_REGION
from trials.alerts.telling import tell
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
    return {"card": card.pk, "curves": card.curves, "unfair_regions": warn_of_unfair_regions(job.study)}


def warn_of_unfair_regions(study: Study) -> int:
    """Tell who wants to hear of regions that may have been pruned unfairly; return how many there are."""
    from pruning.halting import halting_of
    from pruning.pages.halted_words import where

    space = study.plan().space
    found = halting_of(study, space).unfair
    for number, one in enumerate(found):
        sentence = (
            f"{where(space, one.region)}: {one.stopped:,} of {one.ended:,} trials were stopped there, and those that "
            f"no rule chose ended {one.gain:.0%} of all ranks better than others that stood alike (p = {one.p:.2g})."
        )
        with transaction.atomic():
            key = f"unfair:{study.pk}:{number}"
            tell(UNFAIR_REGION, study=study, key=key, sentence=sentence, at=timezone.now())
    return len(found)
