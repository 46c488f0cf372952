"""A deleted study leaves its chain, closed by a tombstone."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from pruning import ledger
from pruning.models import LedgerHead, PruningEvent
from trials import head
from trials.models import Study


def raise_tombstone(*, instance: Study, **kwargs: Any) -> None:
    """Append the tombstone of a study that is about to be deleted (a `pre_delete` handler)."""
    with transaction.atomic():
        if not LedgerHead.objects.filter(study_uid=instance.uid).exists():
            return
        study = head.lock(instance.pk)
        now = timezone.now()
        entry = ledger.Entry(
            kind=PruningEvent.Kind.DELETED,
            sequence=head.next_sequence(study),
            sentence=f"The study {study.name} was deleted; its data are gone, its ledger ends here.",
            evidence={"n_trials": study.n_trials},
        )
        ledger.append(study, entry, at=now)
        LedgerHead.objects.filter(study_uid=study.uid).update(deleted_at=now)
