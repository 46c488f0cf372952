"""Small looks at what the site stands on; each returns a finding and never raises."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection


class Level(StrEnum):
    """How a finding is to be taken; only PROBLEM makes the site unready."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one look saw, and what to do about it where there is something to do."""

    name: str
    level: Level
    detail: str
    remedy: str = ""

    @property
    def ok(self) -> bool:
        return self.level is not Level.PROBLEM


def database() -> Finding:
    """Ask the database for one row."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError as error:
        return Finding(
            name="database",
            level=Level.PROBLEM,
            detail=f"the {connection.display_name} database does not answer: {_first_line(error)}",
            remedy="start it, or check DATABASE_URL",
        )
    return Finding(name="database", level=Level.OK, detail=f"{connection.display_name} answers")


def broker() -> Finding:
    """Look whether messages can be left: the folder of the embedded broker, or a connection to another."""
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        return _folder("broker", settings.BROKER_DIR)
    return _connect(settings.CELERY_BROKER_URL)


def disk() -> Finding:
    """Compare the free space where the data lie with the least that one wants."""
    try:
        free = shutil.disk_usage(settings.DATA_DIR).free
    except OSError as error:
        return Finding(
            name="disk",
            level=Level.PROBLEM,
            detail=f"the data directory cannot be read: {error.strerror}",
            remedy="check ESPALIER_DATA_DIR and that its disk is there",
        )
    detail = f"{free / 1e9:.1f} GB free"
    if free < settings.MIN_FREE_BYTES:
        remedy = f"free some space: fewer than {settings.MIN_FREE_BYTES / 1e6:.0f} MB are left"
        return Finding(name="disk", level=Level.PROBLEM, detail=detail, remedy=remedy)
    return Finding(name="disk", level=Level.OK, detail=detail)


READINESS: tuple[Callable[[], Finding], ...] = (database, broker, disk)


def _folder(name: str, path: Path) -> Finding:
    # A wiped broker folder is no fault: the next message makes it anew; what counts is that it can be made.
    nearest = next(parent for parent in (path, *path.parents) if parent.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding(name=name, level=Level.OK, detail="the embedded broker's folder can be written")
    return Finding(
        name=name,
        level=Level.PROBLEM,
        detail="the embedded broker's folder cannot be written",
        remedy="give this user write access to the data directory",
    )


def _connect(url: str) -> Finding:
    from kombu import Connection

    kind = url.partition("://")[0]
    try:
        with Connection(url, connect_timeout=2, transport_options={"socket_connect_timeout": 2}) as broker_connection:
            broker_connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    # Every transport has its own errors, from its own library; all of them mean the same here.
    except Exception as error:
        return Finding(
            name="broker",
            level=Level.PROBLEM,
            detail=f"the {kind} broker does not answer: {type(error).__name__}",
            remedy="start it, or check CELERY_BROKER_URL",
        )
    return Finding(name="broker", level=Level.OK, detail=f"the {kind} broker answers")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
