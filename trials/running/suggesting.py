"""Keeping one configuration ready for every free slot."""

from __future__ import annotations

from django.db.models import Sum
from django.utils import timezone

from trials.models import Attempt, Study, Worker
from trials.running import doorbell


def top_up(study_id: int) -> int:
    """Suggest until the study has a configuration ready for every free slot; return how many were added."""
    study = Study.objects.running().filter(pk=study_id, ending_code="").first()
    if study is None:
        return 0
    from trials.search.suggesting import top_up as fill

    # One is kept ready even while every slot is busy, so that none waits for its successor.
    added = fill(study, free_slots=max(1, free_slots()), at=timezone.now())
    doorbell.ring_all(times=added)
    return added


def free_slots() -> int:
    """Return how many slots of living workers run nothing now."""
    total = Worker.objects.filter(stopped_at=None).aggregate(total=Sum("slots"))["total"] or 0
    return int(total) - Attempt.objects.filter(ended_at=None, worker__isnull=False).count()
