"""Celery tasks: ids in, one call. Each means "look whether there is work"; running twice, or late, is normal."""

from __future__ import annotations

from functools import lru_cache

from celery import shared_task

from trials import explaining  # noqa: F401 - registers its kind of job
from trials.alerts import delivering
from trials.running import jobs, slots, suggesting
from trials.running.processes import this_worker
from trials.running.sweep import Sweep


@shared_task(name="trials.look_for_work", ignore_result=True)
def look_for_work() -> int:
    """Fill a free slot of this process and keep it filled until nothing waits."""
    return slots.look_for_work()


@shared_task(name="trials.suggest", ignore_result=True)
def suggest(*, study_id: int) -> None:
    """Suggest configurations until every free slot has one ready."""
    suggesting.top_up(study_id)


@shared_task(name="trials.run_job", ignore_result=True)
def run_job(*, job_id: int) -> bool:
    """Run a waiting job that needs no slot."""
    return jobs.run(job_id, worker=this_worker())


@shared_task(name="trials.sweep", ignore_result=True)
def sweep() -> None:
    """Find what was lost, and ring for what waits."""
    _sweep().once()


@shared_task(name="trials.deliver_alerts", ignore_result=True)
def deliver_alerts() -> int:
    """Send the messages that are due."""
    return delivering.deliver_due()


@lru_cache(maxsize=1)
def _sweep() -> Sweep:
    """Return this process's sweep, which remembers when it saw each beat move."""
    return Sweep()
