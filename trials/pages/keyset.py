"""Pages of a sorted table by the last row seen, so that page 2,000 costs what page 1 does.

Rows whose fact is known come first, then those without, by number: two queries that an index serves, where one with
a word about NULL would sort all rows. The second is asked only where the first does not fill the page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from trials.models import Trial
from trials.models.trial import TrialQuerySet
from trials.query import Field, Kind
from trials.query.places import BEYOND, Beside, Column, Place, hidden

Key: TypeAlias = float | str | datetime


class Cursor(NamedTuple):
    """A row's place in the order: what it is sorted by (None: not known), and what breaks ties."""

    key: Key | None
    tie: int

    def __str__(self) -> str:
        if self.key is None:
            return f"n,{self.tie}"
        text = self.key.isoformat() if isinstance(self.key, datetime) else f"{self.key}"
        return f"k{text},{self.tie}"


class Page(NamedTuple):
    """One page, whether there is more on either side, and where the table may be read on from."""

    rows: list[Trial]
    earlier: str
    later: str


@dataclass(frozen=True)
class Order:
    """A field to sort by, and which way; ties go by number."""

    field: Field
    descending: bool = False

    def page(self, trials: TrialQuerySet, asked: QueryDict, size: int) -> Page:
        """Return the page that `after`, `before` or `last` asks for; the first one without."""
        after, before = self.read(asked.get("after", "")), self.read(asked.get("before", ""))
        if after is not None or (before is None and "last" not in asked):
            found = self._found(trials, after, size + 1, backwards=False)
            rows, more = found[:size], len(found) > size
            return self._page(rows, has_earlier=after is not None, has_later=more)
        found = self._found(trials, before, size + 1, backwards=True)
        rows, more = found[:size][::-1], len(found) > size
        return self._page(rows, has_earlier=more, has_later=before is not None)

    def keys(self, trials: TrialQuerySet, most: int) -> list[int]:
        """Return the keys of the first so many trials, in this order."""
        return [pk for pk, _ in self._found(trials, None, most, backwards=False)]

    def read(self, text: str) -> Cursor | None:
        """Return the cursor that an address carries; None for anything else."""
        head, _, tie = text.rpartition(",")
        if not (tie.isascii() and tie.isdecimal() and len(tie) <= 18) or head[:1] not in {"n", "k"}:
            return None
        if head == "n":
            return Cursor(None, int(tie))
        key = _key(self.field.kind, head[1:]) if head[0] == "k" else None
        return None if key is None else Cursor(key, int(tie))

    def _page(self, found: Sequence[tuple[int, Cursor]], *, has_earlier: bool, has_later: bool) -> Page:
        rows = Trial.objects.in_bulk([pk for pk, _ in found])
        return Page(
            [rows[pk] for pk, _ in found if pk in rows],
            earlier=str(found[0][1]) if found and has_earlier else "",
            later=str(found[-1][1]) if found and has_later else "",
        )

    def _found(
        self, trials: TrialQuerySet, cursor: Cursor | None, most: int, *, backwards: bool
    ) -> list[tuple[int, Cursor]]:
        """Return (key of the trial, its cursor) of so many rows beyond the cursor, in the order they are met."""
        found: list[tuple[int, Cursor]] = []
        parts = (self._without, self._known) if backwards else (self._known, self._without)
        for part in parts:
            if len(found) < most:
                found += part(trials, cursor, most - len(found), backwards)
        return found

    def _known(
        self, trials: TrialQuerySet, cursor: Cursor | None, most: int, backwards: bool
    ) -> list[tuple[int, Cursor]]:
        if cursor is not None and cursor.key is None and not backwards:
            return []
        place, rows = self.field.place, _rows(self.field.place, trials)
        assert isinstance(place, Column | Beside)  # noqa: S101 - `Field.is_sortable`
        column, key, tie = (
            (place.name, "pk", "number") if isinstance(place, Column) else (place.column, "trial", "trial")
        )
        down = self.descending != backwards
        if cursor is not None and cursor.key is not None:
            rows = rows.filter(_beyond(column, tie, cursor, down=down, back=backwards))
        ways = ("-" if down else "") + column, ("-" if backwards else "") + tie
        found = rows.order_by(*ways).values_list(key, column, tie)[:most]
        return [(pk, Cursor(value, beside)) for pk, value, beside in found]

    def _without(
        self, trials: TrialQuerySet, cursor: Cursor | None, most: int, backwards: bool
    ) -> list[tuple[int, Cursor]]:
        if cursor is not None and cursor.key is not None and backwards:
            return []
        rows = trials.exclude(self.field.place.told())
        if cursor is not None and cursor.key is None:
            rows = rows.filter(number__lt=cursor.tie) if backwards else rows.filter(number__gt=cursor.tie)
        found = rows.order_by("-number" if backwards else "number").values_list("pk", "number")[:most]
        return [(pk, Cursor(None, number)) for pk, number in found]


def _rows(place: Place, trials: TrialQuerySet) -> QuerySet[Any]:
    """Return the rows to be sorted: the trials, or the rows beside them that belong to trials asked for.

    A trial's key rises with its number within a study, so rows beside it break ties by its key.
    """
    if isinstance(place, Column):
        return trials.filter(place.told())
    assert isinstance(place, Beside)  # noqa: S101 - `Field.is_sortable`
    rows = place.known()
    if not trials.query.where.children[1:]:
        return rows  # all trials of the study
    return rows.annotate(of_trial=hidden("trial_id")).filter(of_trial__in=trials.values("pk"))


def _beyond(column: str, tie: str, cursor: Cursor, *, down: bool, back: bool) -> Q:
    """Return the condition for rows beyond the cursor; its first part is a range that an index serves."""
    side, beyond = ("lte", "lt") if down else ("gte", "gt")
    return Q(**{f"{column}__{side}": cursor.key}) & (
        Q(**{f"{column}__{beyond}": cursor.key}) | Q(**{f"{tie}__{'lt' if back else 'gt'}": cursor.tie})
    )


def _key(kind: Kind, text: str) -> Key | None:
    try:
        if kind is Kind.NUMBER:
            found = float(text)
            # A whole number travels as one, so that a column of whole numbers may be compared with it.
            is_whole = math.isfinite(found) and found.is_integer() and abs(found) < BEYOND
            return int(found) if is_whole else found if math.isfinite(found) else None
        if kind is Kind.DATE:
            moment = parse_datetime(text)
            return moment if moment is not None and moment.tzinfo is not None else None
        if kind is Kind.FLAG:
            return text == "True" if text in ("True", "False") else None
        return text[:500]
    except ValueError:
        return None
