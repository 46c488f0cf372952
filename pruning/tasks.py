"""Celery tasks of the pruning floor; running twice, or late, is normal."""

from __future__ import annotations

from celery import shared_task

from pruning import checking


@shared_task(name="pruning.check_ledgers", ignore_result=True)
def check_ledgers() -> int:
    """Check what is new in every ledger."""
    return checking.check_ledgers()
