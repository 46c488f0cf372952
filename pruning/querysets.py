"""Questions that pages ask the ledger, one query each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.db.models import Max

from pruning.foreign.registry import EVERY_STRATEGY
from pruning.models import PruningEvent, PruningEventQuerySet
from trials.models import Study

RANKED = frozenset(EVERY_STRATEGY)
"""Rules whose verdicts compare a trial with its peers."""


def strategic(study: Study) -> PruningEventQuerySet:
    """Return the verdicts that a strategy gave, the overruled ones included."""
    return PruningEvent.objects.of_study(study).verdicts().filter(rule__in=RANKED)


def newest_sequence(study: Study) -> int:
    """Return the number of the newest row of a study's ledger, which has at most so many rows; 0 without a ledger."""
    rows = PruningEvent.objects.of_study(study).order_by("-sequence")
    return rows.values_list("sequence", flat=True).first() or 0


def newest_by_step(study: Study, *, until: int | None = None) -> Iterable[PruningEvent]:
    """Return the newest strategic verdict at each decision point, ascending in step."""
    rows = strategic(study) if until is None else strategic(study).filter(sequence__lte=until)
    newest = rows.values("step").annotate(last=Max("sequence")).values("last")
    return PruningEvent.objects.of_study(study).filter(sequence__in=newest).order_by("step")


def newest_by_trial(study: Study, numbers: Collection[int]) -> Iterable[PruningEvent]:
    """Return the newest strategic verdict on each of these trials."""
    rows = strategic(study).filter(trial_number__in=numbers)
    newest = rows.values("trial_number").annotate(last=Max("sequence")).values("last")
    return PruningEvent.objects.of_study(study).filter(sequence__in=newest)


def spared(uids: Iterable[UUID]) -> Mapping[UUID, frozenset[int]]:
    """Return, by study, the numbers of the trials that the control arm protected from a rule."""
    rows = PruningEvent.objects.filter(study_uid__in=list(uids), verdict="PROTECT", reason="control")
    found: dict[UUID, set[int]] = {}
    for uid, number in rows.values_list("study_uid", "trial_number").distinct():
        if number is not None:
            found.setdefault(uid, set()).add(number)
    return {uid: frozenset(numbers) for uid, numbers in found.items()}
