"""What the address of a trials table asks for: `?q=state = pruned&ending=outpaced&sort=-best&col=best&col=lr`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Q
from django.http import QueryDict

from trials import query
from trials.models import Study
from trials.models.trial import TrialQuerySet
from trials.pages.keyset import Order
from trials.query import Catalogue, Field

MOST_PARAMETERS = 12
"""Parameters that are shown unless the address names columns."""
MOST_COLUMNS = 40
WHY, CURVE = "why", "curve"
USUAL = ("ending", "step", WHY, "best", "last", CURVE)
KEPT = ("q", "ending", "sort", "col")
"""What a saved view keeps of an address."""


@dataclass
class TableQuery:
    """What the address asks for, for one study."""

    study: Study
    catalogue: Catalogue
    asked: QueryDict

    @property
    def text(self) -> str:
        """Return the query as typed."""
        return self.asked.get("q", "").strip()

    @cached_property
    def endings(self) -> tuple[str, ...]:
        """Return the endings, or states, that the chips keep."""
        return tuple(code for code in self.asked.get("ending", "")[:500].split(",") if code)

    @cached_property
    def order(self) -> Order:
        """Return the order asked for; a column that does not exist counts as not asked."""
        sort = self.asked.get("sort", "")[:300]
        field = self.catalogue.find(sort.removeprefix("-"))
        if field is None or not field.is_sortable:
            best = self.catalogue.own["best"]
            return Order(best, descending=not self.study.minimises)
        return Order(field, descending=sort.startswith("-"))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Return the columns asked for, in that order, those that do not exist left out."""
        asked = tuple(dict.fromkeys(self.asked.getlist("col")))[:MOST_COLUMNS]
        known = tuple(name for name in asked if name in (WHY, CURVE) or self.catalogue.find(name) is not None)
        return known or self.usual

    @property
    def usual(self) -> tuple[str, ...]:
        """Return the columns that are shown unless others are asked for."""
        parameters = [field.name for field in self.catalogue.params()]
        return (*USUAL, *parameters[:MOST_PARAMETERS])

    def trials(self, *, now: datetime) -> TrialQuerySet:
        """Return the trials asked for, in no order. Raises `QueryError`."""
        trials = query.prepared(self.study.trials.all())
        if self.endings:
            states = [code.upper() for code in self.endings]
            trials = trials.filter(Q(of_ending__in=self.endings) | Q(ending_code="", of_state__in=states))
        condition = query.parse(self.text, self.catalogue, now=now)
        return trials.filter(condition) if condition else trials

    def field(self, name: str) -> Field | None:
        """Return the field a column shows; None for one of the table's own."""
        return None if name in (WHY, CURVE) else self.catalogue.find(name)
