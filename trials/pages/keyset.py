"""Paging by the last row's key: the thousandth page costs what the first one does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import F, Q
from django.http import HttpRequest

from trials.models import Trial
from trials.models.trial import TrialQuerySet


class Cursor(NamedTuple):
    """A row's place in the order: its sort value (None sorts last either way) and its number."""

    value: float | None
    number: int

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """Return the cursor written as `0.35,24`; None for anything else."""
        value, _, number = text.partition(",")
        if not number.isdecimal() or len(number) > 9:
            return None
        try:
            found = float(value) if value else None
        except ValueError:
            return None
        if found is not None and not math.isfinite(found):
            return None
        return cls(found, int(number))

    def __str__(self) -> str:
        return f"{'' if self.value is None else repr(float(self.value))},{self.number}"


@dataclass(frozen=True)
class Order:
    """A column to sort by, and which way; ties go by number."""

    column: str
    descending: bool = False

    def rows(self, trials: TrialQuerySet, *, backwards: bool = False) -> TrialQuerySet:
        """Return the trials in this order, or in the opposite one."""
        key = F(self.column)
        ways = {"nulls_first": True} if backwards else {"nulls_last": True}
        by_key = key.desc(**ways) if self.descending != backwards else key.asc(**ways)
        return trials.order_by(by_key, "-number" if backwards else "number")

    def after(self, cursor: Cursor) -> Q:
        """Return the condition for rows behind the cursor."""
        later = Q(number__gt=cursor.number)
        if cursor.value is None:
            return Q(**{f"{self.column}__isnull": True}) & later
        beyond = "lt" if self.descending else "gt"
        return (
            Q(**{f"{self.column}__{beyond}": cursor.value})
            | Q(**{self.column: cursor.value}) & later
            | Q(**{f"{self.column}__isnull": True})
        )

    def before(self, cursor: Cursor) -> Q:
        """Return the condition for rows in front of the cursor."""
        earlier = Q(number__lt=cursor.number)
        if cursor.value is None:
            return Q(**{f"{self.column}__isnull": False}) | Q(**{f"{self.column}__isnull": True}) & earlier
        beyond = "gt" if self.descending else "lt"
        return Q(**{f"{self.column}__{beyond}": cursor.value}) | Q(**{self.column: cursor.value}) & earlier

    def cursor(self, trial: Trial) -> Cursor:
        """Return the cursor of a row."""
        value = getattr(trial, self.column)
        return Cursor(None if value is None else float(value), trial.number)


class Page(NamedTuple):
    """One page and whether there is more on either side."""

    rows: list[Trial]
    has_earlier: bool
    has_later: bool


def page(trials: TrialQuerySet, order: Order, request: HttpRequest, size: int) -> Page:
    """Return the page that `?after=` or `?before=` asks for, the first one without."""
    after, before = Cursor.read(request.GET.get("after", "")), Cursor.read(request.GET.get("before", ""))
    if after is None and before is not None:
        found = list(order.rows(trials.filter(order.before(before)), backwards=True)[: size + 1])
        return Page(found[:size][::-1], has_earlier=len(found) > size, has_later=True)
    rows = order.rows(trials.filter(order.after(after)) if after is not None else trials)
    found = list(rows[: size + 1])
    return Page(found[:size], has_earlier=after is not None, has_later=len(found) > size)
