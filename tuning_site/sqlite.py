"""Checkpoints of SQLite's write-ahead log, by one process at a time.

Common builds of SQLite carry the WAL-reset bug: two connections that checkpoint at the same moment can, very rarely,
damage the file. So automatic checkpoints are off on every connection (`tuning_site.env.sqlite_settings`), and whoever
calls `checkpoint_once` - the clock of the site, every second or so - does it under a lock between processes.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

# A log beyond this is cut back to nothing when no reader is in the way; until then it is written over from its start.
TRUNCATE_BEYOND_BYTES: Final = 32 * 1_048_576
# A checkpoint never waits long for others: the next one comes in a second.
BUSY_MILLISECONDS: Final = 100
# The first releases without the bug, one for each line that got the repair.
REPAIRED: Final = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


@dataclass(frozen=True)
class Checkpoint:
    """What one checkpoint did: pages in the log, pages moved to the database, and whether others were in the way."""

    n_log_pages: int
    n_moved_pages: int
    busy: bool


def checkpoint_once(alias: str = DEFAULT_DB_ALIAS) -> Checkpoint | None:
    """Move the log's pages into the database; return None if there is nothing to do here or another process is at it.

    Call it as often as one likes from any process. On a database other than SQLite, or one in memory, it does nothing.
    Raises OSError or django.db.OperationalError where the disk is full or away; the log then waits for the next call.
    """
    path = database_file(alias)
    if path is None or not path.exists():
        return None
    with _alone(path) as alone:
        if not alone:
            return None
        try:
            return _checkpoint(path)
        except sqlite3.Error as error:
            raise OperationalError(*error.args) from error


def database_file(alias: str = DEFAULT_DB_ALIAS) -> Path | None:
    """Return the file of an SQLite database, or None for another kind and for one in memory."""
    connection = connections[alias]
    name = str(connection.settings_dict["NAME"])
    in_memory = name == ":memory:" or "mode=memory" in name
    return None if connection.vendor != "sqlite" or in_memory else Path(name)


def has_wal_reset_bug(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    """Say whether a release of SQLite carries the bug: all from 3.7.0 on that have not got the repair."""
    if version < (3, 7, 0):
        return False
    in_line = [repaired for repaired in REPAIRED if repaired[:2] == version[:2]]
    return version < in_line[0] if in_line else version < REPAIRED[-1]


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Hold the lock between processes, or learn that another holds it; the kernel frees it if its holder dies."""
    with path.with_name(f"{path.name}.checkpoint-lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _checkpoint(path: Path) -> Checkpoint:
    # A connection of its own: Django's may stand in a transaction, and waits up to 30 seconds for others.
    with closing(sqlite3.connect(path, timeout=BUSY_MILLISECONDS / 1000, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        result = _run(connection, "PASSIVE")
        log = path.with_name(f"{path.name}-wal")
        if not result.busy and log.exists() and log.stat().st_size > TRUNCATE_BEYOND_BYTES:
            truncated = _run(connection, "TRUNCATE")
            result = Checkpoint(result.n_log_pages, result.n_moved_pages, truncated.busy)
        return result


def _run(connection: sqlite3.Connection, mode: str) -> Checkpoint:
    busy, n_log, n_moved = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    return Checkpoint(n_log_pages=n_log, n_moved_pages=n_moved, busy=bool(busy))
