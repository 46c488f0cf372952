"""A ring reaches whoever listens, on the embedded broker and on whichever CELERY_BROKER_URL names."""

import shutil
import time

import pytest
from django.conf import settings

from tuning_site.celery import app
from tuning_site.health.checks import broker


def ring_and_listen() -> str:
    """Send a task to a queue of its own and return the name of the task that came out."""
    with app.connection_for_read() as connection:
        queue = app.amqp.queues["smoke"](connection.default_channel)
        queue.declare()
        queue.purge()
        app.send_task("trials.sweep", queue="smoke")
        begun = time.monotonic()
        while (message := queue.get(no_ack=True)) is None and time.monotonic() - begun < 10:
            time.sleep(0.05)
        queue.delete()
    return str(message.headers["task"]) if message else "nothing came"


@pytest.mark.skipif(not settings.CELERY_BROKER_URL.startswith("filesystem:"), reason="is about the embedded broker")
def test_the_embedded_broker_carries_a_ring_and_survives_being_wiped() -> None:
    assert ring_and_listen() == "trials.sweep"
    shutil.rmtree(settings.BROKER_DIR)
    assert ring_and_listen() == "trials.sweep"


@pytest.mark.services
def test_the_named_broker_is_there_and_carries_a_ring() -> None:
    assert broker().ok, broker().detail
    assert ring_and_listen() == "trials.sweep"
