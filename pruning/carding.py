"""The job that looks back at a study when it has ended: makes its card, and warns of regions pruned unfairly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from pruning.models import LedgerHead, StudyCard
from trials.alerts.kinds import UNFAIR_REGION
from trials.alerts.telling import tell
from trials.models import Job, Study
from trials.running import jobs
from trials.running.jobs import Progress

CARD = "card"
"""The kind of job."""
AT_A_TIME = 2
"""So many cards of earlier studies wait at a time: whatever else needs a `work` process goes in between."""


def ask(study: Study, *, at: datetime) -> None:
    """Have a card made of a study that has just ended; it waits for a `work` process."""
    jobs.enqueue(CARD, study=study, at=at)


def catch_up(*, at: datetime, most: int = AT_A_TIME) -> int:
    """Have cards made of studies that ended before this software made any; return how many were asked for.

    The newest first, at most so many under way at a time; called again and again (see the beat schedule) it comes to
    every one. A study whose job has failed is not tried again by itself: `manage.py policy card` says why it failed.
    """
    without = (
        Study.objects.filter(state=Study.State.ENDED)
        .filter(Exists(LedgerHead.objects.filter(study_uid=OuterRef("uid"))))
        .filter(~Exists(StudyCard.objects.filter(study=OuterRef("pk"))))
        .filter(~Exists(Job.objects.filter(study=OuterRef("pk"), kind=CARD)))
    )
    found = list(without.order_by(F("ended_at").desc(nulls_last=True), "-pk")[:most])
    if not found:
        return 0
    under_way = Job.objects.filter(kind=CARD, state__in=(Job.State.WAITING, Job.State.RUNNING)).count()
    asked = found[: max(0, most - under_way)]
    for study in asked:
        ask(study, at=at)
    return len(asked)


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
    from pruning.pages.halted_words import gained, where

    space = study.plan().space
    halting = halting_of(study, space)
    for number, one in enumerate(halting.unfair):
        sentence = (
            f"{where(space, one.region)}: {one.stopped:,} of {one.ended:,} trials were stopped there. "
            f"{gained(one, halting.outcomes.looks)} Permutation test, p = {one.p:.2g}, adjusted for every region."
        )
        with transaction.atomic():
            key = f"unfair:{study.pk}:{number}"
            tell(UNFAIR_REGION, study=study, key=key, sentence=sentence, at=timezone.now())
    return len(halting.unfair)
