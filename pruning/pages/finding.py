"""Finding the rows of a ledger that are asked for, without walking through the others."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from pruning import querysets, rollups
from pruning.models import PruningEvent, PruningEventQuerySet
from pruning.pages import narrowing
from pruning.pages.asking import AuditQuery
from pruning.pages.narrowing import Numbers
from pruning.rollups import Rollup, Tally
from trials.models import Study

COUNTED_TO = 10_000
"""Rows that agree with a filter that no rollup counts are counted up to here: `10,000+`."""
BRANCHES = 40
"""Kinds of row, or steps, looked up one by one; where more are asked for, the ledger is walked in order."""
TURNED = 4
"""Each look at rows known by their numbers takes so many times as many as the one before."""
HIDDEN = {name: Coalesce(name[1:], Value("")) for name in ("_verdict", "_reason")} | {
    name: Coalesce(name[1:], Value(-1)) for name in ("_step", "_trial_number")
}
"""Columns behind an expression: without statistics, a database might take an index of one for the way to the rows."""


class Branch(NamedTuple):
    """Rows that an index gives in the order of the ledger, and the verdict that all of them share, if they do."""

    rows: PruningEventQuerySet
    verdict: str | None = None


class Asked:
    """The rows of one study that an address asks for."""

    def __init__(self, study: Study, query: AuditQuery, rollup: Rollup) -> None:
        self.study, self.query, self.rollup = study, query, rollup

    def before(self, sequence: int | None, n: int) -> list[PruningEvent]:
        """Return the `n` newest rows before this number, or of all, newest first."""
        if self._numbers is not None:
            return _read(self._numbers.before, self._rest, sequence, n)
        at = Q() if sequence is None else Q(sequence__lt=sequence)
        found = [list(branch.rows.filter(at).order_by("-sequence")[:n]) for branch in self._branches]
        return list(islice(heapq.merge(*found, key=lambda row: -row.sequence), n))

    def after(self, sequence: int, n: int) -> list[PruningEvent]:
        """Return the `n` oldest rows after this number, oldest first."""
        if self._numbers is not None:
            return _read(self._numbers.after, self._rest, sequence, n)
        found = [list(branch.rows.filter(sequence__gt=sequence).order_by("sequence")[:n]) for branch in self._branches]
        return list(islice(heapq.merge(*found, key=lambda row: row.sequence), n))

    def newest(self, verdicts: Sequence[str]) -> PruningEvent | None:
        """Return the newest row with one of these verdicts."""
        if self._numbers is not None:
            against = self._rest.filter(Q(_verdict__in=verdicts))
            return next(iter(_read(self._numbers.before, against, None, 1)), None)
        if self.query.has_steps and self._is_every_kind:
            rows = [branch.rows.filter(Q(_verdict__in=verdicts)) for branch in self._branches]
        else:
            rows = [
                branch.rows.filter(verdict=verdict)
                for verdict in verdicts
                for branch in self._branches
                if branch.verdict in {None, verdict}
            ]
        found = [row for one in rows if (row := one.order_by("-sequence").first()) is not None]
        return max(found, key=lambda row: row.sequence, default=None)

    def rows(self) -> PruningEventQuerySet:
        """Return all rows asked for, in no order; for an export, which reads them all anyway."""
        return self._rest if self._numbers is None else self._rest.filter(self._numbers.holds())

    def count(self) -> tuple[int, bool]:
        """Return how many rows are asked for, and whether there are more than were counted."""
        if self.query.is_tallied:
            return sum(tally.n for tally in self._matching), False
        if self._numbers is not None and self._is_by_numbers_alone:
            return min(len(self._numbers), COUNTED_TO), len(self._numbers) > COUNTED_TO
        if self._numbers is not None:
            # Every row has a hash, which no index holds: SQLite would rather read a whole index than look up numbers.
            rows = [self.rows().exclude(hash="")]
        elif self.query.has_steps and self._is_every_kind:
            # Here the index of steps counts without reading a row.
            rows = [narrowing.between(self._in_time, self.query.step_from, self.query.step_to)]
        else:
            rows = [branch.rows for branch in self._branches]
        n = sum(one.order_by()[: COUNTED_TO + 1].count() for one in rows)
        return min(n, COUNTED_TO), n > COUNTED_TO

    @cached_property
    def _matching(self) -> Sequence[Tally]:
        return [tally for tally in self.rollup.tallies if self.query.matches(tally)]

    @property
    def _is_every_kind(self) -> bool:
        return len(self._matching) == len(self.rollup.tallies)

    @cached_property
    def _numbers(self) -> Numbers | None:
        """Return the numbers among which the rows are; None where they are not known beforehand."""
        query, study = self.query, self.study
        if query.person and query.trial is not None:
            return narrowing.of_person_on_trial(study, query.person, query.trial)
        if query.person:
            return narrowing.of_person(study, query.person)
        if query.trial is not None:
            return narrowing.of_trial(study, query.trial)
        return narrowing.at_steps(study, query.step_from, query.step_to) if query.has_steps else None

    @property
    def _is_by_numbers_alone(self) -> bool:
        query = self.query
        if query.person:
            return replace(query, person="", trial=None).is_open
        return replace(query, trial=None).is_open or replace(query, step_from=None, step_to=None).is_open

    @cached_property
    def _in_time(self) -> PruningEventQuerySet:
        """Return the rows at the time asked for."""
        query, study, rows = self.query, self.study, PruningEvent.objects.of_study(self.study)
        if query.since is not None:
            rows = rows.filter(sequence__gte=first_since(study, query.since))
        return rows if query.until is None else rows.filter(sequence__lt=first_since(study, query.until))

    @cached_property
    def _bounded(self) -> PruningEventQuerySet:
        """Return the rows at the time, at the steps and about the trial asked for; no index leads to them."""
        query, rows = self.query, self._in_time.alias(**HIDDEN)
        if query.trial is not None:
            rows = rows.filter(Q(_trial_number=query.trial))
        return narrowing.between(rows, query.step_from, query.step_to, name="_step") if query.has_steps else rows

    @cached_property
    def _rest(self) -> PruningEventQuerySet:
        """Return the rows of which nothing is left to ask but the numbers they are among."""
        if self._is_every_kind:
            return self._bounded
        said = Q(pk__in=[])
        for tally in self._matching:
            same = {field: getattr(tally, field) for field in rollups.FIELDS}
            said |= Q(**{f"_{name}" if f"_{name}" in HIDDEN else name: value for name, value in same.items()})
        return self._bounded.filter(said)

    @cached_property
    def _branches(self) -> Sequence[Branch]:
        """Return querysets that together are the rows asked for, each in the order of an index.

        Rows that one tally counts share verdict and reason. The rarer of the two leads to them by its index; the other
        is hidden, or a database might choose that one and walk through a million rows for three.
        """
        if self._is_every_kind:
            return self._by_step() or [Branch(self._bounded)]
        pairs: dict[tuple[str, str, str], list[Tally]] = {}
        for tally in self._matching:
            pairs.setdefault((tally.kind, tally.verdict, tally.reason), []).append(tally)
        if len(pairs) > BRANCHES:
            return [Branch(self._rest)]
        verdicts, reasons = Counter[str](), Counter[str]()
        for tally in self.rollup.tallies:
            verdicts[tally.verdict] += tally.n
            reasons[tally.reason] += tally.n
        return [
            Branch(
                self._bounded.filter(
                    **(
                        {"verdict": verdict, "_reason": reason}
                        if verdicts[verdict] <= reasons[reason]
                        else {"reason": reason, "_verdict": verdict}
                    ),
                    kind=kind,
                    motive__in={tally.motive for tally in found},
                    rule__in={tally.rule for tally in found},
                    policy__in={tally.policy for tally in found},
                ),
                verdict,
            )
            for (kind, verdict, reason), found in pairs.items()
        ]

    def _by_step(self) -> Sequence[Branch]:
        """Return the rows asked for step by step, whatever they say; none where the steps are too many."""
        if not self.query.has_steps:
            return []
        steps = querysets.steps_between(self.study, self.query.step_from or 0, self.query.step_to, most=BRANCHES + 1)
        rows = self._in_time.alias(**HIDDEN)
        return [Branch(rows.filter(step=step)) for step in steps] if len(steps) <= BRANCHES else []


def _read(
    numbers: Callable[[int | None, int], Sequence[int]] | Callable[[int, int], Sequence[int]],
    rows: PruningEventQuerySet,
    start: int | None,
    n: int,
) -> list[PruningEvent]:
    """Return the first `n` of these rows in the order in which their numbers are given, from a number on."""
    found: list[PruningEvent] = []
    most = n
    while len(found) < n:
        among = numbers(start, most)  # type: ignore[arg-type]  # only newest first may begin anywhere
        if not among:
            break
        here = {row.sequence: row for row in rows.filter(sequence__in=among)}
        found += [here[number] for number in among if number in here]
        start, most = among[-1], most * TURNED
    return found[:n]


def first_since(study: Study, at: datetime) -> int:
    """Return the number of the first row at or after a moment, or the number after the last row.

    Rows are taken to stand in the order of their times, so a few dozen of them tell.
    """
    rows = PruningEvent.objects.of_study(study)
    ends: Mapping[str, int | None] = {
        "low": rows.order_by("sequence").values_list("sequence", flat=True).first(),
        "high": rows.order_by("-sequence").values_list("sequence", flat=True).first(),
    }
    low, high = ends["low"] or 1, (ends["high"] or 0) + 1
    while low < high:
        middle = (low + high) // 2
        told = rows.filter(sequence=middle).values_list("at", flat=True).first()
        if told is not None and told < at:
            low = middle + 1
        else:
            high = middle
    return low
