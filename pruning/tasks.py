"""Celery tasks of the pruning floor; running twice, or late, is normal."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from pruning import carding, checking


@shared_task(name="pruning.check_ledgers", ignore_result=True)
def check_ledgers() -> int:
    """Check what is new in every ledger."""
    return checking.check_ledgers()


@shared_task(name="pruning.catch_up_on_cards", ignore_result=True)
def catch_up_on_cards() -> int:
    """Have cards made of studies that ended before an upgrade, a few at a time."""
    return carding.catch_up(at=timezone.now())
