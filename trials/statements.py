"""Statements that every report executes, built once from the models and given to the driver as they are.

Building an UPDATE of five columns through the ORM takes several times as long as executing it, and a report has a
handful of them. Names come from the models; values are numbers, texts and None, which every driver takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from django.db import connection, models


class Update:
    """Sets columns of one row, found by its key."""

    def __init__(self, model: type[models.Model], *columns: str, bumped: str = "") -> None:
        self._model, self._columns, self._bumped = model, columns, bumped

    def __call__(self, key: int, *values: float | int | str | None) -> None:
        """Set the columns to these values, in the order in which they were named, and bump the counter."""
        with connection.cursor() as cursor:
            cursor.execute(self._sql, [*values, key])

    @cached_property
    def _sql(self) -> str:
        sets = [f'"{column}" = %s' for column in _columns(self._model, self._columns)]
        sets += [f'"{self._bumped}" = "{self._bumped}" + 1'] if self._bumped else []
        table, key = self._model._meta.db_table, self._model._meta.pk.column
        return f'UPDATE "{table}" SET {", ".join(sets)} WHERE "{key}" = %s'  # noqa: S608 - names of our own columns


class Upsert:
    """Inserts a row, or moves the columns of the one that has the same unique columns; `added` columns add up."""

    def __init__(
        self, model: type[models.Model], *, unique: Sequence[str], moved: Sequence[str] = (), added: Sequence[str] = ()
    ) -> None:
        self._model, self._unique, self._moved, self._added = model, unique, moved, added
        self.fields = [field for field in model._meta.concrete_fields if not field.primary_key]

    def __call__(self, rows: Sequence[models.Model]) -> None:
        """Write rows, which do not learn their keys."""
        values = [[row.__dict__[field.attname] for field in self.fields] for row in rows]
        with connection.cursor() as cursor:
            cursor.executemany(self._sql, values)

    @cached_property
    def _sql(self) -> str:
        names = ", ".join(f'"{field.column}"' for field in self.fields)
        marks = ", ".join(["%s"] * len(self.fields))
        unique = ", ".join(f'"{column}"' for column in _columns(self._model, self._unique))
        table = self._model._meta.db_table
        sets = [f'"{column}" = EXCLUDED."{column}"' for column in _columns(self._model, self._moved)]
        sets += [
            f'"{column}" = "{table}"."{column}" + EXCLUDED."{column}"' for column in _columns(self._model, self._added)
        ]
        moved = ", ".join(sets)
        return f'INSERT INTO "{table}" ({names}) VALUES ({marks}) ON CONFLICT ({unique}) DO UPDATE SET {moved}'  # noqa: S608


def _columns(model: type[models.Model], names: Sequence[str]) -> list[str]:
    """Return the columns of fields; FieldDoesNotExist for a name that is none."""
    found = [model._meta.get_field(name) for name in names]
    return [str(field.column) for field in found if isinstance(field, models.Field)]
