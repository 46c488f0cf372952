"""The ledger's three statements, given to the database's driver as they are.

A study decides one trial after the other, and each decision waits for the row of the one before. Building these
statements through the ORM took longer than executing them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import BinaryField, DateTimeField, UUIDField

from pruning.models import LedgerHead, PruningEvent

FIELDS = tuple(field for field in PruningEvent._meta.concrete_fields if not field.primary_key)
_CONVERTED = (UUIDField, DateTimeField, BinaryField)
"""Fields whose values a database's driver may not take as they are."""
_TO_CONVERT = [(place, field) for place, field in enumerate(FIELDS) if isinstance(field, _CONVERTED)]
_UID = LedgerHead._meta.get_field("study_uid")


class Head(NamedTuple):
    """Where a chain ends."""

    sequence: int
    n_rows: int
    hash: str


def head_of(study_uid: uuid.UUID) -> Head | None:
    """Return where a study's chain ends, its row locked where the database locks rows; None without a chain."""
    with connection.cursor() as cursor:
        cursor.execute(_statements(connection.vendor).select, [_UID.get_db_prep_value(study_uid, connection)])
        found = cursor.fetchone()
    return Head(*found) if found else None


def append(study_uid: uuid.UUID, rows: Sequence[Mapping[str, Any]], *, before: Head, after: Head) -> bool:
    """Move a chain's end and insert the rows between; False, having written nothing, if it does not end at `before`.

    Rows are columns by name; they do not learn their keys. The caller has opened a transaction, which an error ends.
    """
    with transaction.mark_for_rollback_on_error(connection.alias), connection.cursor() as cursor:
        uid = _UID.get_db_prep_value(study_uid, connection)
        cursor.execute(_statements(connection.vendor).update, [*after, uid, before.hash])
        if cursor.rowcount != 1:
            return False
        _insert(cursor, rows)
    return True


def insert(rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; the caller has opened a transaction."""
    with transaction.mark_for_rollback_on_error(connection.alias), connection.cursor() as cursor:
        _insert(cursor, rows)


def values_of(row: Mapping[str, Any]) -> list[Any]:
    """Return a row's columns in order, as the driver takes them."""
    said = [row[field.attname] for field in FIELDS]
    for place, field in _TO_CONVERT:
        said[place] = field.get_db_prep_save(said[place], connection)
    return said


def _insert(cursor: CursorWrapper, rows: Sequence[Mapping[str, Any]]) -> None:
    statement = _statements(connection.vendor).insert
    if len(rows) == 1:
        cursor.execute(statement, values_of(rows[0]))
    else:
        cursor.executemany(statement, [values_of(row) for row in rows])


class _Statements(NamedTuple):
    select: str
    insert: str
    update: str


@cache
def _statements(vendor: str) -> _Statements:
    """Return the statements; every name in them is one of our own models'."""
    quote = connection.ops.quote_name
    events, heads = quote(PruningEvent._meta.db_table), quote(LedgerHead._meta.db_table)
    names = ", ".join(quote(field.attname) for field in FIELDS)
    marks = ", ".join(["%s"] * len(FIELDS))
    lock = " FOR UPDATE" if vendor == "postgresql" else ""
    moved = ", ".join(f"{quote(name)} = %s" for name in Head._fields)
    return _Statements(
        select=f"SELECT {', '.join(map(quote, Head._fields))} FROM {heads} WHERE study_uid = %s{lock}",  # noqa: S608
        insert=f"INSERT INTO {events} ({names}) VALUES ({marks})",  # noqa: S608
        update=f"UPDATE {heads} SET {moved} WHERE study_uid = %s AND {quote('hash')} = %s",  # noqa: S608
    )
