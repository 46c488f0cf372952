"""The Celery app. Its messages are doorbells: they say "look for work", and the database says what work there is.

Three kinds of worker: `-Q cpu` or `-Q cuda` (threads pool, one thread per slot) runs trials, `-Q work` (prefork)
makes suggestions and runs jobs, `-Q sweep` (threads pool, one) finds what was lost. `manage.py up` starts them all.
"""

from __future__ import annotations

import gc
import os
from typing import Any

from celery import Celery, signals
from django.conf import settings

from tuning_site import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tuning_site.settings")

broker.install()
app = Celery("tuning_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    # Nothing but plain data ever travels.
    accept_content=["json"],
    task_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    task_default_queue="work",
    # Acknowledged before it runs: a trial outlasts every broker's patience, and the database remembers it anyway.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    enable_utc=True,
    timezone="UTC",
    # The schedule is these few lines; the scheduler that keeps a file of it keeps it pickled.
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule={
        # Every ten seconds: find lost workers, settle studies, ring for whatever waits.
        "sweep": {"task": "trials.sweep", "schedule": 10.0, "options": {"queue": "sweep", "expires": 9.0}},
        # Every minute: check what is new in the ledgers, so that pages can claim it.
        "ledgers": {"task": "pruning.check_ledgers", "schedule": 60.0, "options": {"queue": "work", "expires": 55.0}},
        # Every minute: have a few cards made of studies that ended before an upgrade; one cheap question where none is.
        "cards": {"task": "pruning.catch_up_on_cards", "schedule": 60.0, "options": {"queue": "work", "expires": 55.0}},
    },
)
app.autodiscover_tasks()


@signals.celeryd_after_setup.connect
def open_slots(sender: str, instance: Any, **kwargs: object) -> None:
    """Give a worker of a device class its slots."""
    from trials.running import slots

    queues = set(instance.app.amqp.queues.consume_from)
    for queue_name in settings.TRIAL_QUEUES:
        if queue_name in queues:
            slots.open_slots(queue_name=queue_name, n_slots=int(instance.concurrency))
            return


@signals.worker_shutting_down.connect
def let_go(**kwargs: object) -> None:
    """Have running trials go back to waiting, so that the worker can end."""
    from trials.running import slots

    slots.close()


@signals.worker_shutdown.connect
def end_slots(**kwargs: object) -> None:
    """Say goodbye once the slots are empty."""
    from trials.running import slots

    slots.end()
    # The interpreter's last collection would walk through all of Django: half a second that finds nothing.
    gc.freeze()


@signals.worker_process_shutdown.connect
def end_process(**kwargs: object) -> None:
    """Say goodbye for one process of a prefork pool."""
    from trials.running import processes

    processes.stop()
