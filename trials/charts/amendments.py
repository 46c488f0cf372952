"""Where a study's amendments stand on its charts: in time, in the order of trials, in steps trained."""

from __future__ import annotations

from trials.models import Study, Trial


def marks(study: Study) -> list[dict[str, object]]:
    """Return each amendment's revision number, reason, time (seconds since the epoch), and the first trial after it.

    The trial is null where none has begun since. One query where nothing was amended, two more for each amendment.
    """
    amended = study.revisions.filter(number__gt=1).order_by("number").values_list("number", "reason", "created_at")
    return [
        {
            "revision": number,
            "reason": reason,
            "at": at.timestamp(),
            "trial": Trial.objects.filter(study=study, created_at__gte=at)
            .order_by("number")
            .values_list("number", flat=True)
            .first(),
        }
        for number, reason, at in amended
    ]
