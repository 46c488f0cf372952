"""Where the facts stand that queries ask for and tables sort by: columns of a trial, and rows beside it.

A study's trials are scanned once, in one index that holds every column of the table (`trial_table`); facts that stand
beside them are looked up in sets that indexes serve whole. So the cost follows the number of trials, never how wide
their rows are, and a query that fits nothing costs what one that fits everything does. On SQLite names in `HIDDEN` are
columns behind an expression: its planner, if it knew them as columns, would fetch row by row what an index of one
column finds. PostgreSQL's knows how many rows a condition fits, but only of a plain column.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db import connection
from django.db.models import F, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from trials.models import Attempt, MetricSummary, Observation, Study, Tag, TrialParam
from trials.models.trial import TrialQuerySet

BEST_OR_VALUE = Coalesce("value", "best_value")
"""A trial's value: the told one, else its best observed one."""
HIDDEN = {"of_key": "id", "of_number": "number", "of_state": "state", "of_ending": "ending_code"}


NEVER = Q(pk__in=())
BEYOND = 2**62
"""No number of ours is larger; a column holds no larger one."""


class Place(Protocol):
    """A fact's place in the database."""

    def holds(self, lookup: str, value: object) -> Q:
        """Return the condition on trials (`prepared` ones) that the fact compares so with a value, or a list (`in`)."""

    def told(self) -> Q:
        """Return the condition on trials that the fact is known."""


@dataclass(frozen=True)
class Column:
    """A column of the trial's own row; whole: it holds whole numbers."""

    name: str
    whole: bool = False

    def holds(self, lookup: str, value: object) -> Q:
        if self.whole and isinstance(value, float):
            if lookup == "exact" and not value.is_integer():
                return NEVER
            value = max(-BEYOND, min(BEYOND, math.floor(value) if lookup in ("gt", "lte") else math.ceil(value)))
        return Q(**{f"{self.name}__{lookup}": value})

    def told(self) -> Q:
        return Q(**{f"{self.name}__isnull": False})


@dataclass(frozen=True)
class Beside:
    """A column of rows that belong to trials, at most one of them to each."""

    rows: QuerySet[TrialParam] | QuerySet[MetricSummary] | QuerySet[Observation]
    column: str

    def holds(self, lookup: str, value: object) -> Q:
        return Q(of_key__in=self.rows.filter(**{f"{self.column}__{lookup}": value}).values("trial"))

    def told(self) -> Q:
        return Q(of_key__in=self.known().values("trial"))

    def known(self) -> QuerySet[TrialParam] | QuerySet[MetricSummary] | QuerySet[Observation]:
        """Return the rows that hold a value."""
        return self.rows.filter(**{f"{self.column}__isnull": False})


@dataclass(frozen=True)
class Several:
    """Rows that belong to trials, any of which may fit, in any of these columns."""

    rows: QuerySet[Tag] | QuerySet[Attempt]
    columns: tuple[str, ...]

    def holds(self, lookup: str, value: object) -> Q:
        fits = Q.create([Q(**{f"{column}__{lookup}": value}) for column in self.columns], connector=Q.OR)
        return Q(of_key__in=self.rows.filter(fits).values("trial"))

    def told(self) -> Q:
        return Q(of_key__in=self.rows.values("trial"))


@dataclass(frozen=True)
class Numbers:
    """Facts that somebody else keeps, known as the numbers of the trials that they hold for."""

    of: Callable[[Sequence[str]], Iterable[int]]
    """Asked once for all the values that a comparison fits."""
    choices: tuple[str, ...]

    def holds(self, lookup: str, value: object) -> Q:
        wanted = [str(one).lower() for one in (value if isinstance(value, list) else [value])]
        if "contains" in lookup:
            fits = [one for one in self.choices if wanted[0] in one.lower()]
        else:
            fits = [one for one in self.choices if one.lower() in wanted]
        return self._any(fits) if fits else NEVER

    def told(self) -> Q:
        return self._any(self.choices)

    def _any(self, choices: Sequence[str]) -> Q:
        return Q(of_number__in=self.of(choices))


def param(study: Study, name: str, *, as_text: bool = False) -> Beside:
    """Return where a parameter's value stands: as a number, or as a text."""
    return Beside(TrialParam.objects.filter(study=study, name=name), "text" if as_text else "number")


def metric(study: Study, name: str, column: str) -> Beside:
    """Return where a metric's first, last, lowest or highest value stands."""
    return Beside(MetricSummary.objects.filter(study=study, metric=name, labels="{}"), column)


def observed(study: Study, step: int) -> Beside:
    """Return where the objective at a decision point stands."""
    return Beside(Observation.objects.filter(study=study, step=step), "value")


def tagged(study: Study) -> Several:
    """Return where a trial's tags stand."""
    return Several(Tag.objects.of_trials().filter(study=study), ("name",))


def worked(study: Study) -> Several:
    """Return where the names of those stand who ran a trial."""
    return Several(Attempt.objects.filter(trial__study=study), ("worker__name", "worker__host", "claimed_by"))


def prepared(trials: TrialQuerySet) -> TrialQuerySet:
    """Return the trials with what conditions and sorting read beside their columns."""
    return trials.annotate(best_or_value=BEST_OR_VALUE, **{name: hidden(column) for name, column in HIDDEN.items()})


def hidden(column: str) -> Combinable:
    """Return a column that no index of its own is to be searched for; see the head of this module."""
    if connection.vendor != "sqlite":
        return F(column)
    return F(column) + Value(0) if column in {"id", "number", "trial_id"} else Coalesce(column, Value(""))
