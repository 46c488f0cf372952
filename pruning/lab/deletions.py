"""What a deleted study takes with it."""

from __future__ import annotations

from typing import Any

from pruning.models import Backtest
from trials.models import Job, Study


def forget_backtests(*, instance: Study, **kwargs: Any) -> None:
    """Delete the backtests that played a study that is about to be deleted: their figures are its data."""
    found = Backtest.objects.filter(studies=instance)
    jobs = list(found.values_list("job", flat=True))
    found.delete()
    Job.objects.filter(pk__in=jobs).delete()
