"""A longer look for a person: versions, schema, clock, files, and the checks that other floors have registered."""

import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from stat import S_IMODE
from typing import Final

from django.conf import settings
from django.core import checks
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from trials.recounting import differences
from tuning_site import collecting
from tuning_site.health.checks import READINESS, Finding, Level
from tuning_site.sqlite import has_wal_reset_bug

NEEDED: Final = ("django", "djangorestframework", "celery", "kombu", "numpy", "optuna", "gunicorn", "whitenoise")
OPTIONAL: Final = {
    "torch": "the bundled trainables",
    "transformers": "the bundled trainables",
    "psycopg": "PostgreSQL",
    "redis": "Redis as broker",
}
# A clock that is off by more than this makes times on pages hard to believe. Nothing is decided by it.
MAX_SKEW_SECONDS: Final = 5.0
# 2026-01-01: a clock before the first release was never set.
EARLIEST_TIME: Final = 1_767_225_600


def examine() -> Iterator[Finding]:
    """Look at everything, one finding at a time; a database that is away is met once, not by every look after it."""
    yield from versions()
    readiness = [look() for look in READINESS]
    yield from readiness
    if all(finding.ok for finding in readiness if finding.name == "database"):
        yield from (look() for look in WITH_DATABASE)
        yield from registered_checks()
    yield from (look() for look in WITHOUT_DATABASE)


def versions() -> Iterator[Finding]:
    """Name the releases that are installed; a missing optional one is worth a note only."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding(name="python", level=Level.OK, detail=python)
    for package in NEEDED:
        yield _version(package, missing=Level.PROBLEM, purpose="running at all")
    for package, purpose in OPTIONAL.items():
        yield _version(package, missing=Level.NOTE, purpose=purpose)


def schema() -> Finding:
    """Say whether every migration has been applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return Finding(name="schema", level=Level.OK, detail="every migration is applied")
    detail = f"{len(plan)} migrations are not applied, the first is {plan[0][0]}"
    return Finding(name="schema", level=Level.PROBLEM, detail=detail, remedy="run manage.py migrate")


def sqlite_release() -> Finding:
    """Note a release of SQLite with the WAL-reset bug, and that the site does not depend on its repair."""
    if connection.vendor != "sqlite":
        return Finding(name="database release", level=Level.OK, detail=_server_version())
    if not has_wal_reset_bug():
        return Finding(name="database release", level=Level.OK, detail=f"SQLite {sqlite3.sqlite_version}")
    return Finding(
        name="database release",
        level=Level.NOTE,
        detail=f"SQLite {sqlite3.sqlite_version} has the WAL-reset bug; the site avoids it by checkpointing alone",
        remedy="let no other program checkpoint this file; 3.44.6, 3.50.7 and 3.51.3 have the repair",
    )


def write_ahead_log() -> Finding:
    """Check that an SQLite file is really in the mode that the settings ask for."""
    if connection.vendor != "sqlite":
        return Finding(name="durability", level=Level.OK, detail="left to the server")
    with connection.cursor() as cursor:
        mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        synchronous = cursor.execute("PRAGMA synchronous").fetchone()[0]
    if mode == "wal" and synchronous >= 2:
        return Finding(name="durability", level=Level.OK, detail="write-ahead log, every commit synced")
    return Finding(
        name="durability",
        level=Level.PROBLEM,
        detail=f"journal mode is {mode}, synchronous is {synchronous}",
        remedy="put the data directory on a local disk: network file systems cannot hold a write-ahead log",
    )


def statistics() -> Finding:
    """Note a PostgreSQL server that does not keep statistics of its own accord."""
    if connection.vendor != "postgresql" or _shown("autovacuum") == "on":
        return Finding(name="query planning", level=Level.OK, detail="left to the database")
    return Finding(
        name="query planning",
        level=Level.NOTE,
        detail="autovacuum is off: without statistics a query over 100,000 trials can take minutes",
        remedy="set autovacuum = on in postgresql.conf, or run VACUUM ANALYZE every day",
    )


def clock() -> Finding:
    """Compare the process's clock with that of the disk and of the database."""
    if time.time() < EARLIEST_TIME:
        return Finding(name="clock", level=Level.PROBLEM, detail="the clock was never set", remedy="set the time")
    skews = {"the data directory": _disk_skew(), "the database": _database_skew()}
    place, skew = max(skews.items(), key=lambda item: abs(item[1]))
    if abs(skew) <= MAX_SKEW_SECONDS:
        return Finding(
            name="clock", level=Level.OK, detail=f"agrees with the disk and the database to {abs(skew):.1f} s"
        )
    detail = f"{place} is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
    return Finding(name="clock", level=Level.NOTE, detail=detail, remedy="synchronise the clocks (NTP)")


def rollups() -> Finding:
    """Compare what stands ready of every study's trials with the trials themselves."""
    if "ending_count" not in connection.introspection.table_names():
        return Finding(name="rollups", level=Level.NOTE, detail="not there yet", remedy="run manage.py migrate")
    wrong = differences()
    if not wrong:
        return Finding(name="rollups", level=Level.OK, detail="counts and sums agree with the trials")
    detail = f"{len(wrong)} figures differ from the trials, the first: {wrong[0]}"
    return Finding(name="rollups", level=Level.PROBLEM, detail=detail, remedy="run manage.py recount")


def port() -> Finding:
    """Say whether the site's port is free; if not, the site may be running already."""
    with socket.socket(socket.AF_INET6 if ":" in settings.WEB_HOST else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.WEB_HOST, settings.WEB_PORT))
        except OSError as error:
            detail = f"{settings.WEB_HOST}:{settings.WEB_PORT} cannot be taken: {error.strerror}"
            remedy = "the site may be running; else `up` takes the next free port, or set ESPALIER_PORT"
            return Finding(name="port", level=Level.NOTE, detail=detail, remedy=remedy)
    return Finding(name="port", level=Level.OK, detail=f"{settings.WEB_HOST}:{settings.WEB_PORT} is free")


def privacy() -> Finding:
    """Check that no other user of the machine can read the secret key."""
    key = settings.DATA_DIR / "secret_key"
    if not key.exists() or not S_IMODE(key.stat().st_mode) & 0o077:
        return Finding(name="secret key", level=Level.OK, detail="readable by this user only")
    detail = f"{key} can be read by others"
    return Finding(name="secret key", level=Level.PROBLEM, detail=detail, remedy=f"chmod 600 {key}")


def static_files() -> Finding:
    """Say whether the styles and scripts have been collected under their hashed names, from the files of now."""
    if not settings.HASHED_STATIC or collecting.are_fresh():
        return Finding(name="static files", level=Level.OK, detail="ready to be served")
    remedy = "manage.py up does it at its start; before another web server run manage.py collectstatic"
    detail = "collected from other files than those of now" if collecting.are_collected() else "not collected yet"
    return Finding(name="static files", level=Level.NOTE, detail=detail, remedy=remedy)


def variables() -> Finding:
    """Point at variables that look like settings and that nothing reads."""
    unread = settings.ENVIRONMENT.unread()
    if not unread:
        return Finding(name="environment", level=Level.OK, detail="every ESPALIER_ variable is known")
    return Finding(
        name="environment",
        level=Level.NOTE,
        detail=f"nothing reads {', '.join(unread)}",
        remedy="correct the spelling: docs/configuration.md lists the variables",
    )


def registered_checks() -> Iterator[Finding]:
    """Run Django's system checks with the database, where other floors have put theirs (the ledger's triggers)."""
    found = checks.run_checks(databases=["default"])
    if not found:
        yield Finding(name="checks", level=Level.OK, detail="all of the site's own checks pass")
    for message in found:
        level = Level.PROBLEM if message.is_serious() else Level.NOTE
        yield Finding(name=message.id or "check", level=level, detail=message.msg, remedy=message.hint or "")


WITH_DATABASE: tuple[Callable[[], Finding], ...] = (schema, sqlite_release, write_ahead_log, statistics, clock, rollups)
WITHOUT_DATABASE: tuple[Callable[[], Finding], ...] = (static_files, port, privacy, variables)


def _version(package: str, *, missing: Level, purpose: str) -> Finding:
    try:
        return Finding(name=package, level=Level.OK, detail=version(package))
    except PackageNotFoundError:
        detail = f"not installed; needed for {purpose}"
        return Finding(name=package, level=missing, detail=detail, remedy="run make install")


def _server_version() -> str:
    return f"{connection.display_name} {_shown('server_version')}"


def _shown(setting: str) -> str:
    """Return a setting of the PostgreSQL server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [setting])
        return str(cursor.fetchone()[0])


def _disk_skew() -> float:
    with tempfile.NamedTemporaryFile(dir=settings.DATA_DIR, prefix=".clock") as probe:
        probe.write(b"x")
        probe.flush()
        return float(settings.DATA_DIR.joinpath(probe.name).stat().st_mtime - time.time())


def _database_skew() -> float:
    if connection.vendor != "postgresql":
        return 0.0
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            return float(cursor.fetchone()[0]) - time.time()
    except DatabaseError:
        return 0.0
