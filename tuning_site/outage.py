"""Tell our own outages from our own mistakes, and say them plainly."""

import errno
import logging
import sqlite3
from collections.abc import Iterator
from enum import Enum

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from tuning_site.errors import answer_in_kind

logger = logging.getLogger(__name__)

# Primary result codes of SQLite (the low byte); the others speak of a wrong statement, which is a bug of ours.
SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PROTOCOL,
    }
)
# PostgreSQL: lost connections, too few resources, an administrator's stop, and conflicts that a retry settles.
POSTGRES_AWAY = ("08", "53", "57", "40", "55P03")
POSTGRES_DISK_FULL = "53100"
DISK_FULL_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT})


class Outage(Enum):
    """A fault of the machine that heals without us: the status, a stable code, and what to tell."""

    DATABASE_AWAY = (
        503,
        "database_unavailable",
        "The database cannot be reached right now. Nothing was lost that had been acknowledged; try again in a moment.",
    )
    DISK_FULL = (
        507,
        "disk_full",
        "The disk is full, so nothing could be written. Reading goes on; free some space and try again.",
    )

    def __init__(self, status: int, code: str, sentence: str) -> None:
        self.status = status
        self.code = code
        self.sentence = sentence

    @classmethod
    def of(cls, error: BaseException) -> "Outage | None":
        """Return the outage behind an exception, or None where the fault is ours."""
        return next((found for link in _chain(error) if (found := _judge(link))), None)


def answer(request: HttpRequest, outage: Outage) -> HttpResponse:
    """Answer with the outage's status, as a page or as JSON."""
    logger.warning("request met an outage", extra={"action": "outage", "code": outage.code})
    response = answer_in_kind(request, status=outage.status, code=outage.code, message=outage.sentence)
    response.headers["Retry-After"] = "5"
    return response


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Walk from an exception to what caused it, a few links deep."""
    link: BaseException | None = error
    for _ in range(8):
        if link is None:
            return
        yield link
        link = link.__cause__ or link.__context__


def _judge(error: BaseException) -> Outage | None:
    if isinstance(error, OSError):
        return Outage.DISK_FULL if error.errno in DISK_FULL_ERRORS else None
    if isinstance(error, sqlite3.Error):
        return _judge_sqlite(error)
    if isinstance(error, InterfaceError):
        return Outage.DATABASE_AWAY
    if isinstance(error, OperationalError) and not isinstance(error.__cause__, sqlite3.Error):
        return _judge_postgres(error.__cause__)
    return None


def _judge_sqlite(error: sqlite3.Error) -> Outage | None:
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return Outage.DISK_FULL
    return Outage.DATABASE_AWAY if primary in SQLITE_AWAY else None


def _judge_postgres(cause: BaseException | None) -> Outage | None:
    state = getattr(cause, "sqlstate", None)
    if state == POSTGRES_DISK_FULL:
        return Outage.DISK_FULL
    # A connection that was never made, or broke, carries no state at all.
    return Outage.DATABASE_AWAY if state is None or state.startswith(POSTGRES_AWAY) else None
