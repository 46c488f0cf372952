"""What part of a ledger the address asks for, as a value; and finding its rows without walking through the others."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from pruning import rollups
from pruning.models import PruningEvent, PruningEventQuerySet
from pruning.rollups import Rollup, Tally
from trials.models import Study

FIELDS = ("verdict", "motive", "reason", "rule", "policy")
COUNTED_TO = 10_000
"""Rows that agree with a filter that no rollup counts are counted up to here: `10,000+`."""
BRANCHES = 40
"""Kinds of row looked up one by one; where more are asked for, most rows are and the ledger is walked in order."""
Kind = PruningEvent.Kind


@dataclass(frozen=True)
class AuditQuery:
    """The rows asked for; every field that is set must hold, any of its values will do."""

    verdict: tuple[str, ...] = ()
    motive: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    """Fingerprints, or how they begin."""
    person: str = ""
    trial: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    step_from: int | None = None
    step_to: int | None = None

    @classmethod
    def of(cls, request: HttpRequest) -> AuditQuery:
        """Read the address; what makes no sense counts as not asked for."""
        values = {field: _values(request, field) for field in FIELDS}
        return cls(
            **values,
            person=request.GET.get("person", "")[:200],
            trial=_whole(request, "trial", digits=9),
            since=_moment(request, "since"),
            until=_moment(request, "until"),
            step_from=_whole(request, "step_from", digits=15),
            step_to=_whole(request, "step_to", digits=15),
        )

    @property
    def is_tallied(self) -> bool:
        """Say whether the rollups count exactly what is asked for."""
        return (self.trial, self.person, self.since, self.until, self.step_from, self.step_to) == (
            None, "", None, None, None, None
        )  # fmt: skip

    @property
    def is_open(self) -> bool:
        """Say whether everything is asked for."""
        return self == AuditQuery()

    def matches(self, tally: Tally) -> bool:
        """Say whether the rows of a tally are among those asked for, as far as tallies tell."""
        return (
            (not self.verdict or tally.said in self.verdict)
            and (not self.motive or tally.motive in self.motive)
            and (not self.reason or tally.reason in self.reason)
            and (not self.rule or tally.rule in self.rule)
            and (not self.policy or any(tally.policy.startswith(one) for one in self.policy))
        )


class Asked:
    """The rows of one study that an address asks for."""

    def __init__(self, study: Study, query: AuditQuery, rollup: Rollup) -> None:
        self.study, self.query, self.rollup = study, query, rollup
        self._branches = self._kinds_of_row()

    def before(self, sequence: int | None, n: int) -> list[PruningEvent]:
        """Return the `n` newest rows before this number, or of all, newest first."""
        at = Q() if sequence is None else Q(sequence__lt=sequence)
        found = [list(branch.filter(at).order_by("-sequence")[:n]) for branch in self._branches]
        return list(islice(heapq.merge(*found, key=lambda row: -row.sequence), n))

    def after(self, sequence: int, n: int) -> list[PruningEvent]:
        """Return the `n` oldest rows after this number, oldest first."""
        found = [list(branch.filter(sequence__gt=sequence).order_by("sequence")[:n]) for branch in self._branches]
        return list(islice(heapq.merge(*found, key=lambda row: row.sequence), n))

    def newest(self, verdicts: Sequence[str]) -> PruningEvent | None:
        """Return the newest row with one of these verdicts."""
        found = [
            row
            for verdict in verdicts
            for branch in self._branches
            if (row := branch.filter(verdict=verdict).order_by("-sequence").first()) is not None
        ]
        return max(found, key=lambda row: row.sequence, default=None)

    def rows(self) -> PruningEventQuerySet:
        """Return all rows asked for, in no order; for an export, which reads them all anyway."""
        rows = self._bounded(PruningEvent.objects.of_study(self.study))
        matching = [tally for tally in self.rollup.tallies if self.query.matches(tally)]
        if len(matching) == len(self.rollup.tallies):
            return rows
        said = Q(pk__in=[])
        for tally in matching:
            said |= Q(**{field: getattr(tally, field) for field in rollups.FIELDS})
        return rows.filter(said)

    def count(self) -> tuple[int, bool]:
        """Return how many rows are asked for, and whether there are more than were counted."""
        if self.query.is_tallied:
            return sum(tally.n for tally in self.rollup.tallies if self.query.matches(tally)), False
        n = sum(branch.order_by()[: COUNTED_TO + 1].count() for branch in self._branches)
        return min(n, COUNTED_TO), n > COUNTED_TO

    def _bounded(self, rows: PruningEventQuerySet) -> PruningEventQuerySet:
        """Keep the rows about the trial, by the person, at the time and at the steps asked for."""
        query, study = self.query, self.study
        if query.trial is not None:
            rows = rows.of_trial(query.trial)
        if query.person:
            rows = rows.filter(sequence__in=rollups.acts_of(study, query.person))
        if query.since is not None:
            rows = rows.filter(sequence__gte=first_since(study, query.since))
        if query.until is not None:
            rows = rows.filter(sequence__lt=first_since(study, query.until))
        return self._between_steps(rows)

    def _between_steps(self, rows: PruningEventQuerySet) -> PruningEventQuerySet:
        """Keep the rows at the steps asked for: one step by its index, a span in the order of the ledger.

        The index of steps would give a span step by step, to be sorted before its first row is known.
        """
        low, high = self.query.step_from, self.query.step_to
        if low is not None and low == high:
            return rows.filter(step=low)
        bounds: dict[str, int] = {}
        if low is not None:
            bounds["_step__gte"] = low
        if high is not None:
            bounds |= {"_step__gte": low or 0, "_step__lte": high}
        return rows.alias(_step=Coalesce("step", Value(-1))).filter(**bounds) if bounds else rows

    def _kinds_of_row(self) -> list[PruningEventQuerySet]:
        """Return querysets that together are the rows asked for, each in the order of an index.

        Rows that one tally counts share verdict and reason. The rarer of the two leads to them by its index; the
        other is written so that no index answers for it, or a database without statistics might choose that one and
        walk through a million rows for three.
        """
        base = self._bounded(PruningEvent.objects.of_study(self.study))
        tallies = self.rollup.tallies
        matching = [tally for tally in tallies if self.query.matches(tally)]
        if len(matching) == len(tallies):
            return [base]
        pairs: dict[tuple[str, str, str], list[Tally]] = {}
        for tally in matching:
            pairs.setdefault((tally.kind, tally.verdict, tally.reason), []).append(tally)
        if len(pairs) > BRANCHES:
            return [self.rows()]
        verdicts, reasons = Counter[str](), Counter[str]()
        for tally in tallies:
            verdicts[tally.verdict] += tally.n
            reasons[tally.reason] += tally.n
        base = base.alias(_verdict=Coalesce("verdict", Value("")), _reason=Coalesce("reason", Value("")))
        return [
            base.filter(
                **(
                    {"verdict": verdict, "_reason": reason}
                    if verdicts[verdict] <= reasons[reason]
                    else {"reason": reason, "_verdict": verdict}
                ),
                kind=kind,
                motive__in={tally.motive for tally in found},
                rule__in={tally.rule for tally in found},
                policy__in={tally.policy for tally in found},
            )
            for (kind, verdict, reason), found in pairs.items()
        ]


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


def _values(request: HttpRequest, field: str) -> tuple[str, ...]:
    return tuple(value for value in request.GET.get(field, "")[:2000].split(",") if value)[:30]


def _whole(request: HttpRequest, name: str, *, digits: int) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def _moment(request: HttpRequest, name: str) -> datetime | None:
    """Return a moment as a field for date and time gives it; without a zone it is UTC, as pages show times."""
    try:
        found = datetime.fromisoformat(request.GET.get(name, "")[:40])
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except ValueError:
        return None
