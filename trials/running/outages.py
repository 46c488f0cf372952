"""Telling a database that is away from a mistake of ours, and waiting for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)
T = TypeVar("T")

# What Django raises when the database cannot be reached, is locked for too long, or its disk is full.
AWAY = (OperationalError, InterfaceError)
PAUSE_SECONDS = 1.0


def forget_connection() -> None:
    """Drop this thread's connection, so that the next query opens a fresh one."""
    if not connection.in_atomic_block:
        connection.close()


def persist(call: Callable[[], T], *, until: Event | None = None, patience: float = 10.0) -> T:
    """Call until the database takes it; once `until` is set, for `patience` more seconds at most."""
    deadline: float | None = None
    while True:
        try:
            return call()
        except AWAY as error:
            forget_connection()
            if until is not None and until.is_set():
                deadline = deadline or time.monotonic() + patience
                if time.monotonic() >= deadline:
                    raise
            logger.warning("the database is away", extra={"action": "database_away", "error": str(error)[:200]})
            time.sleep(PAUSE_SECONDS)
