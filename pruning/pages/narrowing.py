"""Rows of a ledger known by their numbers alone: of one trial, of one person, at steps that few rows stand at.

Such rows lie scattered over a ledger of millions. Walked through in its order, one of them may be a million rows
away; so their numbers are looked up first, and then just so many rows are read.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db.models import Q

from pruning import rollups
from pruning.models import PruningEvent, PruningEventQuerySet
from pruning.rollups import Acts
from trials.models import Study

FEW = 10_000
"""So many numbers are held at once; where more rows stand at a span of steps, the ledger is walked for them."""


class Numbers(Protocol):
    """The numbers of some rows of a ledger."""

    def before(self, sequence: int | None, n: int) -> Sequence[int]:
        """Return the `n` largest numbers below this one, or of all, in descending order."""

    def after(self, sequence: int, n: int) -> Sequence[int]:
        """Return the `n` smallest numbers above this one, in ascending order."""

    def holds(self) -> Q:
        """Return the condition that a row of the ledger is one of them."""

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Held:
    """A few numbers, ascending."""

    numbers: Sequence[int]

    def before(self, sequence: int | None, n: int) -> Sequence[int]:
        end = len(self.numbers) if sequence is None else bisect_left(self.numbers, sequence)
        return self.numbers[max(0, end - n) : end][::-1]

    def after(self, sequence: int, n: int) -> Sequence[int]:
        start = bisect_right(self.numbers, sequence)
        return self.numbers[start : start + n]

    def holds(self) -> Q:
        return Q(sequence__in=self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True)
class Acted:
    """The rows that a person is behind, however many: those counted stand in a table, the newest few are held."""

    acts: Acts

    def before(self, sequence: int | None, n: int) -> Sequence[int]:
        kept = self.acts.kept if sequence is None else self.acts.kept.filter(sequence__lt=sequence)
        found = [*kept.order_by("-sequence").values_list("sequence", flat=True)[:n]]
        return sorted([*found, *Held(self.acts.rest).before(sequence, n)], reverse=True)[:n]

    def after(self, sequence: int, n: int) -> Sequence[int]:
        kept = self.acts.kept.filter(sequence__gt=sequence).order_by("sequence")
        return sorted([*kept.values_list("sequence", flat=True)[:n], *Held(self.acts.rest).after(sequence, n)])[:n]

    def holds(self) -> Q:
        kept = Q(sequence__in=self.acts.kept.values("sequence"))
        return kept | Q(sequence__in=self.acts.rest) if self.acts.rest else kept

    def __len__(self) -> int:
        return self.acts.kept.count() + len(self.acts.rest)


def of_person(study: Study, person: str) -> Numbers:
    """Return the numbers of the rows that a person is behind."""
    return Acted(rollups.acts_of(study, person))


def of_person_on_trial(study: Study, person: str, number: int) -> Numbers:
    """Return the numbers of the rows about one trial that a person is behind: few, whatever either did elsewhere."""
    acts = rollups.acts_of(study, person)
    told = PruningEvent.objects.of_study(study).of_trial(number).order_by()
    kept = acts.kept.filter(sequence__in=told.values("sequence")).values_list("sequence", flat=True)
    rest = told.filter(sequence__in=acts.rest).values_list("sequence", flat=True) if acts.rest else ()
    return Held(sorted([*kept, *rest]))


def of_trial(study: Study, number: int) -> Numbers:
    """Return the numbers of the rows about one trial."""
    rows = PruningEvent.objects.of_study(study).of_trial(number).order_by("sequence")
    return Held(list(rows.values_list("sequence", flat=True)))


def at_steps(study: Study, low: int | None, high: int | None) -> Numbers | None:
    """Return the numbers of the rows at a span of steps; None where there are more than a few."""
    rows = between(PruningEvent.objects.of_study(study), low, high)
    found = list(rows.order_by().values_list("sequence", flat=True)[: FEW + 1])
    return Held(sorted(found)) if len(found) <= FEW else None


def between(
    rows: PruningEventQuerySet, low: int | None, high: int | None, *, name: str = "step"
) -> PruningEventQuerySet:
    """Keep the rows at a span of steps; `name` is the column, or what hides it from the index of steps."""
    if low is not None and low == high:
        return rows.filter(**{name: low})
    rows = rows.filter(**{f"{name}__gte": low or 0})
    return rows if high is None else rows.filter(**{f"{name}__lte": high})
