"""Triggers that keep the ledger append-only, whoever speaks to the database.

They refuse UPDATE, DELETE, TRUNCATE and the silent delete of SQLite's INSERT OR REPLACE. A migration that rebuilds
the table drops them, so they are installed again after every migration, and `doctor` checks that they stand.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "pruning_event"
MESSAGE = "the pruning ledger is append-only"

_SQLITE = {
    "pruning_event_no_update": f"""
        CREATE TRIGGER pruning_event_no_update BEFORE UPDATE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}: rows are never updated'); END""",
    "pruning_event_no_delete": f"""
        CREATE TRIGGER pruning_event_no_delete BEFORE DELETE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}: rows are never deleted'); END""",
    # REPLACE deletes the row in its way without firing a delete trigger, so it is met before it starts.
    "pruning_event_no_replace": f"""
        CREATE TRIGGER pruning_event_no_replace BEFORE INSERT ON {TABLE}
        WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)
          OR EXISTS (SELECT 1 FROM {TABLE} WHERE study_uid = NEW.study_uid AND sequence = NEW.sequence)
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}: this entry exists'); END""",  # noqa: S608 - constants of this module
}

_POSTGRESQL_FUNCTION = f"""
    CREATE OR REPLACE FUNCTION pruning_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{MESSAGE}: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation'; END $$"""
_POSTGRESQL = {
    "pruning_event_no_change": f"""
        CREATE TRIGGER pruning_event_no_change BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION pruning_event_refuse()""",
    "pruning_event_no_truncate": f"""
        CREATE TRIGGER pruning_event_no_truncate BEFORE TRUNCATE ON {TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION pruning_event_refuse()""",
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Install the triggers anew, if the ledger's table exists."""
    if TABLE not in connection.introspection.table_names():
        return
    remove(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL_FUNCTION)
        for statement in _statements(connection).values():
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away; for tests that empty their own database."""
    suffix = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for name in _statements(connection):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{suffix}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that are absent, switched off or altered."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname, tgenabled::text FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND NOT tgisinternal",
                [TABLE],
            )
            standing = {name for name, enabled in cursor.fetchall() if enabled in {"O", "A"}}
            return sorted(set(_POSTGRESQL) - standing)
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
        found = {name: " ".join(sql.split()) for name, sql in cursor.fetchall()}
    return sorted(name for name, sql in _SQLITE.items() if found.get(name) != " ".join(sql.split()))


def reinstall(*, using: str = "default", **kwargs: Any) -> None:
    """Install the triggers after a migration (a `post_migrate` handler; the signal sends more than it needs)."""
    install(connections[using])


def _statements(connection: BaseDatabaseWrapper) -> dict[str, str]:
    return _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE
