"""The ledger's few statements, given to the database's driver as they are.

A study decides one trial after the other, and each decision waits for the row of the one before. Building these
statements through the ORM took longer than executing them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BinaryField, DateTimeField, UUIDField

from pruning.models import LedgerHead, PruningEvent

FIELDS = tuple(field for field in PruningEvent._meta.concrete_fields if not field.primary_key)
_IN_ORDER = itemgetter(*(field.attname for field in FIELDS))
_UUIDS, _TIMES, _BYTES = (
    [place for place, field in enumerate(FIELDS) if isinstance(field, kind)]
    for kind in (UUIDField, DateTimeField, BinaryField)
)
"""Where the values stand that a database's driver may not take as they are."""


class Head(NamedTuple):
    """Where a chain ends."""

    sequence: int
    hash: str


def head_of(study_uid: uuid.UUID) -> Head | None:
    """Return where a study's chain ends; None without a chain."""
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        cursor.execute(_statements(connection.vendor).newest, [_key(study_uid, connection.vendor)])
        found = cursor.fetchone()
    return Head(*found) if found else None


def insert(rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, columns by name; they do not learn their keys. The caller has opened a transaction.

    A single row goes to SQLite's own cursor: Django's takes as long as the insert, and every decision waits for it.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    statements = _statements(connection.vendor)
    with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
        if len(rows) == 1 and connection.vendor == "sqlite" and connection.connection is not None:
            with connection.wrap_database_errors:
                connection.connection.execute(statements.sqlite_insert, values_of(rows[0], connection))
        else:
            with connection.cursor() as cursor:
                cursor.executemany(statements.insert, [values_of(row, connection) for row in rows])


def mark(study_uid: uuid.UUID, head: Head) -> None:
    """Note in a study's head what the row of this number is."""
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        cursor.execute(_statements(connection.vendor).mark, [*head, _key(study_uid, connection.vendor)])


def values_of(row: Mapping[str, Any], connection: BaseDatabaseWrapper) -> list[Any]:
    """Return a row's columns in order, as the connection's driver takes them."""
    said = list(_IN_ORDER(row))
    vendor = connection.vendor
    for place in _UUIDS:
        said[place] = _key(said[place], vendor)
    for place in _TIMES:
        said[place] = connection.ops.adapt_datetimefield_value(said[place])
    for place in _BYTES:
        said[place] = connection.Database.Binary(said[place])  # type: ignore[attr-defined]  # every backend has it
    return said


@lru_cache(maxsize=1024)
def _key(uid: uuid.UUID | None, vendor: str) -> Any:
    """Return an identifier as the driver of this kind of database takes it."""
    return UUIDField().get_db_prep_value(uid, connections[DEFAULT_DB_ALIAS])


class _Statements(NamedTuple):
    newest: str
    insert: str
    sqlite_insert: str
    mark: str


@cache
def _statements(vendor: str) -> _Statements:
    """Return the statements; every name in them is one of our own models'."""
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    events, heads = quote(PruningEvent._meta.db_table), quote(LedgerHead._meta.db_table)
    names = ", ".join(quote(field.attname) for field in FIELDS)
    values = ", ".join(["%s"] * len(FIELDS))
    head = ", ".join(map(quote, Head._fields))
    moved = ", ".join(f"{quote(name)} = %s" for name in Head._fields)
    return _Statements(
        newest=f"SELECT {head} FROM {events} WHERE study_uid = %s ORDER BY sequence DESC LIMIT 1",  # noqa: S608
        insert=f"INSERT INTO {events} ({names}) VALUES ({values})",  # noqa: S608
        sqlite_insert=f"INSERT INTO {events} ({names}) VALUES ({values.replace('%s', '?')})",  # noqa: S608
        mark=f"UPDATE {heads} SET {moved} WHERE study_uid = %s",  # noqa: S608
    )
