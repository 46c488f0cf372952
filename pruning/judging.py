"""Was it right? Gathering what `pruning.judgement` needs from ledger and trials, in few queries.

The ledger only grows, and in order, so what was read of it once is kept in this process and only newer rows are
read. The queries are the same whatever the number of trials, and for one study as for many.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from django.db.models import Case, F, Q, When, Window
from django.db.models.functions import RowNumber

from pruning.judgement.best_k import HELD, Judgement, Member, judge
from pruning.judgement.pooled import Pooled, pool
from pruning.judgement.shadow import Fate, Said, fate
from pruning.models import PruningEvent
from pruning.population import key
from pruning.rules.base import WORST
from pruning.standing import policy_of
from trials.models import Revision, Study, Trial

Kind = PruningEvent.Kind
STUDIES = 256
"""Studies remembered at a time; the one not asked for longest is forgotten first."""
POOLED = 200
"""Studies of a project that are looked at together: all of them may be too many for one query."""


@dataclass
class Heard:
    """What one study's ledger says of its control arm, up to one sequence number."""

    best_k: int
    sequence: int = -1
    said: dict[int, list[Said]] = field(default_factory=dict)
    """By number of the member."""

    def take_in(self, row: PruningEvent) -> None:
        """Hear a spared verdict or a would-be RESUME."""
        if row.trial_number is not None:
            wanted = str(row.evidence.get("overruled", row.verdict))
            motive = str(row.motive)
            reason = str(row.evidence.get("overruled_reason", row.reason))
            said = Said(row.sequence, row.step or 0, wanted, rule=row.rule, reason=reason, motive=motive)
            self.said.setdefault(row.trial_number, []).append(said)
        self.sequence = max(self.sequence, row.sequence)


class Judged(NamedTuple):
    """One study's judgement, and what its pages show beside it."""

    judgement: Judgement
    values: Mapping[int, float]
    """The final values of would-be-stopped members as told, by number."""
    leaders: Sequence[tuple[float, int]]
    """(key, number) of the best k of all COMPLETE trials, would-be-stopped ones included."""


_heard: OrderedDict[UUID, Heard] = OrderedDict()
_guard = threading.Lock()


def judged(studies: Sequence[Study]) -> Mapping[int, Judged]:
    """Judge the stops of studies by their control arms; by study id, in a fixed number of queries."""
    heard = _read_on(studies)
    fates = {study.pk: {number: fate(said) for number, said in heard[study.uid].said.items()} for study in studies}
    held = {pk: [number for number, one in found.items() if one.state in HELD] for pk, found in fates.items()}
    ended = _ended(held)
    best = _best(studies, max((heard[study.uid].best_k + len(held[study.pk]) for study in studies), default=0))
    return {
        study.pk: _judged(study, heard[study.uid].best_k, fates[study.pk], ended, best.get(study.pk, []))
        for study in studies
    }


def pooled(study: Study) -> Pooled | None:
    """Return the share of wrong stops over the project's studies; None unless two or more know something.

    Of more than `POOLED` studies with a complete trial the newest ones are taken.
    """
    known = Study.objects.filter(project=study.project_id, n_complete__gt=0).order_by("-id")[:POOLED]
    return pool(one.judgement.best_k for one in judged(sorted(known, key=lambda one: one.pk)).values())


def _judged(
    study: Study,
    k: int,
    fates: Mapping[int, Fate],
    ended: Mapping[tuple[int, int], _Ended],
    best: Sequence[tuple[float, int]],
) -> Judged:
    maximize = not study.minimises
    found = {number: ended.get((study.pk, number)) for number, one in fates.items() if one.state in HELD}
    members = [
        Member(number=number, fate=fates[number], key=_final_key(one, maximize=maximize))
        for number, one in found.items()
    ]
    is_closed = study.state == Study.State.ENDED
    values = {
        number: one.value
        for number, one in found.items()
        if one is not None and one.state == Trial.State.COMPLETE and one.value is not None
    }
    others = [(key(value, maximize=maximize), number) for value, number in best]
    return Judged(judge(members, others, k=k, is_closed=is_closed), values, sorted(others)[:k])


class _Ended(NamedTuple):
    """How a would-be-stopped member ended, or where it stands."""

    state: str
    motive: str
    value: float | None


def _final_key(one: _Ended | None, *, maximize: bool) -> float | None:
    """Return a member's final value as a key; None if it did not reach the end.

    A member that a rule ended all the same had an objective that was not a number: that end is known, and last.
    """
    if one is None:
        return None
    if one.state == Trial.State.COMPLETE and one.value is not None:
        return key(one.value, maximize=maximize)
    return WORST if one.state == Trial.State.PRUNED and one.motive else None


def _read_on(studies: Sequence[Study]) -> Mapping[UUID, Heard]:
    """Read what is new in the ledgers about control trials."""
    with _guard:
        _meet(studies)
        wanted = Q(pk__in=[])
        for study in studies:
            wanted |= Q(study_uid=study.uid, sequence__gt=_heard[study.uid].sequence)
        spared = Q(verdict="PROTECT", reason="control", shadow=False) | Q(verdict="RESUME", shadow=True)
        rows = PruningEvent.objects.filter(wanted, spared, kind=Kind.VERDICT, verdict__in=["PROTECT", "RESUME"])
        for row in rows.order_by("study_uid", "sequence").iterator(chunk_size=1000):
            _heard[row.study_uid].take_in(row)
        found = {study.uid: _heard[study.uid] for study in studies}
        while len(_heard) > max(STUDIES, len(found)):
            _heard.popitem(last=False)
    return found


def _meet(studies: Sequence[Study]) -> None:
    """Make room for studies not heard of yet; k is what their first revision fixed."""
    new = [study for study in studies if study.uid not in _heard]
    if new:
        firsts = Revision.objects.filter(study__in=new, number=1).select_related("study")
        for revision in firsts:
            best_k = policy_of(revision.parsed()).safeguards.best_k
            _heard[revision.study.uid] = Heard(best_k=best_k)
    for study in studies:
        _heard.move_to_end(study.uid)


def _ended(held: Mapping[int, Iterable[int]]) -> Mapping[tuple[int, int], _Ended]:
    """Return how these trials ended, by (study id, number)."""
    wanted = Q(pk__in=[])
    for pk, numbers in held.items():
        if numbers:
            wanted |= Q(study=pk, number__in=numbers)
    rows = Trial.objects.filter(wanted).values_list("study_id", "number", "state", "ending_motive", "value")
    return {(pk, number): _Ended(state, motive, value) for pk, number, state, motive, value in rows}


def _best(studies: Sequence[Study], limit: int) -> Mapping[int, list[tuple[float, int]]]:
    """Return (value, number) of the best so many COMPLETE trials of each study."""
    sign = Case(When(study__direction="minimize", then=F("value")), default=-F("value"))
    place = Window(RowNumber(), partition_by="study_id", order_by=[sign.asc(), F("number").asc()])
    rows = Trial.objects.filter(study__in=studies, state=Trial.State.COMPLETE, value__isnull=False)
    found: dict[int, list[tuple[float, int]]] = {}
    placed = rows.annotate(place=place).filter(place__lte=limit).order_by("study_id", "place")
    for pk, value, number in placed.values_list("study_id", "value", "number"):
        if value is not None:
            found.setdefault(pk, []).append((value, number))
    return found
