"""Ringing: telling a worker that there is something to look for. A ring that is lost loses nothing."""

from __future__ import annotations

import logging

from celery import current_app

from trials.models import Worker

logger = logging.getLogger(__name__)

# A ring that nobody heard in this time is stale: the sweep has rung again since.
RING_SECONDS = 30


def ring(queue: str, *, times: int = 1) -> None:
    """Tell the workers of a device class that trials wait."""
    for _ in range(times):
        _send("trials.look_for_work", queue=queue)


def ring_all(*, times: int = 1) -> None:
    """Tell the living workers of every device class; where nobody lives, messages would only pile up."""
    if times:
        for queue in Worker.objects.filter(stopped_at=None, slots__gt=0).values_list("queue", flat=True).distinct():
            ring(queue, times=times)


def ask_for_suggestions(study_id: int) -> None:
    """Have the study's next configurations suggested."""
    _send("trials.suggest", queue="work", study_id=study_id)


def ring_for_job(job_id: int) -> None:
    """Have a job run that needs no slot."""
    _send("trials.run_job", queue="work", job_id=job_id)


def ask_for_deliveries() -> None:
    """Have the messages sent that are due."""
    _send("trials.deliver_alerts", queue="work")


def _send(name: str, *, queue: str, **ids: int) -> None:
    try:
        current_app.send_task(name, kwargs=ids, queue=queue, expires=RING_SECONDS, ignore_result=True, retry=False)
    except Exception as error:
        logger.warning("not rung", extra={"action": "ring", "task": name, "error": str(error)[:200]})
