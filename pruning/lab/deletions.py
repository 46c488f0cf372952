"""Backtests that go: because somebody deletes one, or with a study that they played."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from pruning.models import Backtest
from trials.models import Job, Study


@transaction.atomic
def forget(found: QuerySet[Backtest]) -> None:
    """Delete backtests with their figures and jobs; one that is being played ends with its slice."""
    jobs = list(found.values_list("job", flat=True))
    found.delete()
    Job.objects.filter(pk__in=jobs).delete()


def forget_backtests(*, instance: Study, **kwargs: Any) -> None:
    """Delete the backtests that played a study that is about to be deleted: their figures are its data."""
    forget(Backtest.objects.filter(studies=instance))
