"""How many rows of each kind a study's ledger has, without counting them.

The counts move with every so many rows (`ledger.COUNT_EVERY`), in the transaction of the last of them, for all since
the time before; moving them with every row would cost each verdict another statement. What came after, fewer rows than
lie between two counts, a page counts itself: together they are exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from pruning.by_person import PERSON
from pruning.models import (
    LedgerActor,
    LedgerHead,
    LedgerReach,
    LedgerSpared,
    LedgerTally,
    PruningEvent,
    PruningEventQuerySet,
)
from trials.models import Study

FIELDS = ("kind", "verdict", "motive", "reason", "rule", "policy")
BEHIND = 5_000
"""Rows that a page counts itself at most; a ledger that is further behind is counted up first."""
Kind = PruningEvent.Kind


class Tally(NamedTuple):
    """So many rows that agree in all that one can filter by."""

    kind: str
    verdict: str
    motive: str
    reason: str
    rule: str
    policy: str
    n: int

    @property
    def said(self) -> str:
        """Return the verdict, or the kind of a row that is none."""
        return self.verdict or self.kind


class Rollup(NamedTuple):
    """What a ledger amounts to."""

    tallies: Sequence[Tally]
    people: Mapping[str, int]
    """Rows behind which each person stands, the busiest first."""

    @property
    def total(self) -> int:
        """Return how many rows there are."""
        return sum(tally.n for tally in self.tallies)


class Acts(NamedTuple):
    """The rows that a person is behind."""

    kept: QuerySet[LedgerActor]
    """One for each of those counted."""
    rest: Sequence[int]
    """The numbers of those since, ascending."""


class Spared(NamedTuple):
    """What one row says of a trial of the control arm, as `LedgerSpared` keeps it; a process reads very many."""

    study_uid: UUID
    sequence: int
    trial_number: int
    step: int
    wanted: str
    rule: str
    reason: str
    motive: str


def count_up(study_uid: UUID, to: int) -> None:
    """Count the rows up to this number that are not counted yet; the caller has opened a transaction.

    Rows of one study are appended under its lock, so nobody else counts them meanwhile.
    """
    reach, _ = LedgerReach.objects.select_for_update().get_or_create(study_uid=study_uid)
    if to <= reach.counted_to:
        return
    rows = PruningEvent.objects.filter(study_uid=study_uid, sequence__gt=reach.counted_to, sequence__lte=to)
    for tally in _counted(rows):
        key = dict(zip(FIELDS, tally[:-1], strict=True))
        moved = LedgerTally.objects.filter(study_uid=study_uid, **key).update(n=F("n") + tally.n)
        if not moved:
            LedgerTally.objects.create(study_uid=study_uid, **key, n=tally.n)
    LedgerActor.objects.bulk_create(
        [LedgerActor(study_uid=study_uid, sequence=sequence, person=person) for sequence, person in _acted(rows)]
    )
    LedgerSpared.objects.bulk_create(LedgerSpared(**said._asdict()) for said in _spared(rows))
    LedgerReach.objects.filter(study_uid=study_uid).update(counted_to=to)


def read(study: Study) -> Rollup:
    """Return the counts of a study's ledger, exact as of now."""
    counted_to = _counted_to(study)
    return Rollup(_tallies(study, counted_to), _people(study, counted_to))


def _tallies(study: Study, counted_to: int) -> list[Tally]:
    counts: Counter[tuple[str, str, str, str, str, str]] = Counter()
    kept = LedgerTally.objects.filter(study_uid=study.uid).values_list(*FIELDS, "n")
    rest = _counted(PruningEvent.objects.of_study(study).filter(sequence__gt=counted_to))
    for tally in (*(Tally(*row) for row in kept), *rest):
        counts[tally[:-1]] += tally.n
    return [Tally(*key, n=n) for key, n in counts.items()]


def total(study: Study) -> int:
    """Return how many rows a study's ledger has: its numbers have no gaps."""
    first = LedgerHead.objects.filter(study_uid=study.uid).values_list("first_sequence", flat=True).first()
    rows = PruningEvent.objects.of_study(study).order_by("-sequence")
    newest = rows.values_list("sequence", flat=True).first()
    return 0 if first is None or newest is None else newest - first + 1


def _people(study: Study, counted_to: int) -> dict[str, int]:
    acted = LedgerActor.objects.filter(study_uid=study.uid).values_list("person").annotate(n=Count("id")).order_by()
    counts = Counter(dict(acted))
    counts.update(person for _, person in _acted(PruningEvent.objects.of_study(study).filter(sequence__gt=counted_to)))
    return dict(counts.most_common())


def acts_of(study: Study, person: str) -> Acts:
    """Return where the rows stand that a person is behind."""
    counted_to = _counted_to(study)
    kept = LedgerActor.objects.filter(study_uid=study.uid, person=person)
    rest = _acted(PruningEvent.objects.of_study(study).filter(sequence__gt=counted_to))
    return Acts(kept, tuple(sequence for sequence, behind in rest if behind == person))


def spared_since(heard: Mapping[UUID, int]) -> Iterator[Spared]:
    """Yield what studies' rows say of their control arms after these numbers, each study's in order, in three queries.

    heard: by study, the number of the last row whose word was taken in. What is counted was decoded once and stands
    ready; only rows since the last count are decoded here.
    """
    counted = dict(
        LedgerReach.objects.filter(study_uid__in=list(heard)).values_list("study_uid", "counted_to")
    )  # read first: what is counted up meanwhile stands ready by the next query
    last = dict(heard)
    ready = LedgerSpared.objects.filter(_after(heard)).order_by("study_uid", "sequence")
    for row in ready.values_list(*Spared._fields).iterator(chunk_size=5000):
        kept = Spared(*row)
        last[kept.study_uid] = kept.sequence
        yield kept
    rest = {uid: max(sequence, counted.get(uid, 0)) for uid, sequence in last.items()}
    yield from _spared(PruningEvent.objects.filter(_after(rest)))


def _after(sequences: Mapping[UUID, int]) -> Q:
    wanted = Q(pk__in=[])
    for uid, sequence in sequences.items():
        wanted |= Q(study_uid=uid, sequence__gt=sequence)
    return wanted


def _spared(rows: PruningEventQuerySet) -> Iterator[Spared]:
    """Yield what rows say of control arms: verdicts that were overruled, and would-be resumptions."""
    spoken = Q(verdict="PROTECT", reason="control", shadow=False) | Q(verdict="RESUME", shadow=True)
    found = rows.verdicts().filter(spoken, verdict__in=["PROTECT", "RESUME"], trial_number__isnull=False)
    for row in found.order_by("study_uid", "sequence").iterator(chunk_size=1000):
        evidence = row.evidence
        yield Spared(
            study_uid=row.study_uid,
            sequence=row.sequence,
            trial_number=row.trial_number or 0,
            step=row.step or 0,
            wanted=str(evidence.get("overruled", row.verdict)),
            rule=row.rule,
            reason=str(evidence.get("overruled_reason", row.reason)),
            motive=row.motive,
        )


def _counted_to(study: Study) -> int:
    """Return how far a ledger is counted; one that is far behind, as a new upgrade finds it, is counted up first."""
    reach = LedgerReach.objects.filter(study_uid=study.uid).values_list("counted_to", flat=True).first() or 0
    if study.sequence - reach <= BEHIND:
        return reach
    with transaction.atomic():
        newest = PruningEvent.objects.of_study(Study.objects.select_for_update().get(pk=study.pk))
        count_up(study.uid, newest.order_by("-sequence").values_list("sequence", flat=True).first() or 0)
    return LedgerReach.objects.filter(study_uid=study.uid).values_list("counted_to", flat=True).first() or 0


def _counted(rows: PruningEventQuerySet) -> Iterable[Tally]:
    counted = rows.values_list(*FIELDS).annotate(n=Count("id")).order_by()
    return [Tally(*row) for row in counted]


def _acted(rows: PruningEventQuerySet) -> list[tuple[int, str]]:
    """Return the number and the person of the rows that a person is behind."""
    found = rows.filter(Q(kind=Kind.INTERVENED) | Q(rule=PERSON)).order_by("sequence")
    acted = [(row.sequence, str(row.evidence.get("person") or "")) for row in found]
    return [(sequence, person[:200]) for sequence, person in acted if person]
