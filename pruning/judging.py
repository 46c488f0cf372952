"""Was it right? Gathering what `pruning.judgement` needs from ledger and trials, in few queries.

The ledger only grows, and in order, and a trial ends once: what was read of either is kept in this process
(`pruning.hearing`), and only newer rows and trials that were still open are read. So are the answers, until their
study moves on. The queries are the same whatever the number of trials, and for one study as for many.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Q

from pruning import rollups
from pruning.hearing import Heard
from pruning.judgement.best_k import Judgement, judge
from pruning.judgement.pooled import Pooled, pool
from pruning.population import key
from pruning.standing import policy_of
from trials.models import Revision, Study, Trial

_T = TypeVar("_T")

STUDIES = 256
"""Studies remembered at a time; the one not asked for longest is forgotten first."""
AHEAD = 32
"""So many of the best COMPLETE trials are looked at beside twice the best k, at first."""
MOST_DRAWN = 120
"""More marks than this on a line of a page's width are no longer told apart."""
POOLED = 200
"""Studies of a project that are looked at together: all of them may be too many for one query."""


class Judged(NamedTuple):
    """One study's judgement, and what its pages show beside it."""

    judgement: Judgement
    finished: int
    """How many of the judged members are complete."""
    drawn: Sequence[tuple[int, float]]
    """(number, final value as told) of them: the best, and an even share of the others; at most `MOST_DRAWN`."""
    leaders: Sequence[tuple[float, int]]
    """(key, number) of the best k of all COMPLETE trials, would-be-stopped ones included."""


_heard: OrderedDict[UUID, Heard] = OrderedDict()
_answers: OrderedDict[UUID, tuple[tuple[int, int, str], Judged]] = OrderedDict()
_guard = threading.Lock()


def judged(studies: Sequence[Study]) -> Mapping[int, Judged]:
    """Judge the stops of studies by their control arms; by study id, in a fixed number of queries."""
    with _guard:
        moved = [study for study in studies if _answers.get(study.uid, (None,))[0] != _version(study)]
        if moved:
            _read_on(moved)
            best = _best(moved)
            for study in moved:
                _answers[study.uid] = (_version(study), _judged(study, _heard[study.uid], best[study.pk]))
        found = {study.pk: _answers[study.uid][1] for study in studies}
        for study in studies:
            _answers.move_to_end(study.uid)
        for kept in (_heard, _answers):
            while len(kept) > max(STUDIES, len(studies)):
                kept.popitem(last=False)
    return found


def forget() -> None:
    """Forget all that was read; for tests that write the same rows again."""
    _heard.clear()
    _answers.clear()


def _version(study: Study) -> tuple[int, int, str]:
    return study.version, study.sequence, study.state


def pooled(study: Study) -> Pooled | None:
    """Return the share of wrong stops over the project's studies; None unless two or more know something.

    Of more than `POOLED` studies with a complete trial the newest ones are taken.
    """
    known = Study.objects.filter(project=study.project_id, n_complete__gt=0).order_by("-id")[:POOLED]
    return pool(one.judgement.best_k for one in judged(sorted(known, key=lambda one: one.pk)).values())


def _judged(study: Study, heard: Heard, best: Sequence[tuple[float, int]]) -> Judged:
    others = [(key(value, maximize=not study.minimises), number) for value, number in best]
    judgement = judge(heard.members(), others, k=heard.best_k, is_closed=study.state == Study.State.ENDED)
    finished = [(one.key, one.number) for one in judgement.judged if one.number in heard.values and one.key is not None]
    drawn = [(number, heard.values[number]) for _, number in few_of(sorted(finished))]
    return Judged(judgement, len(finished), drawn, sorted(others)[: heard.best_k])


def few_of(ordered: Sequence[_T], *, most: int = MOST_DRAWN) -> Sequence[_T]:
    """Return all, or the first third of `most` and every nth of the others."""
    if len(ordered) <= most:
        return ordered
    first = most // 3
    others, left = len(ordered) - first, most - first
    return [*ordered[:first], *(ordered[first + others * place // left] for place in range(left))]


def _read_on(studies: Sequence[Study]) -> None:
    """Read what is new in the ledgers about control trials, and how those ended of which it was not known."""
    _meet(studies)
    for said in rollups.spared_since({study.uid: _heard[study.uid].sequence for study in studies}):
        _heard[said.study_uid].take_in(said)
    wanted = Q(pk__in=[])
    for study in studies:
        if open_ones := _heard[study.uid].open:
            wanted |= Q(study=study.pk, number__in=list(open_ones))
    uids = {study.pk: study.uid for study in studies}
    ended = Trial.objects.filter(wanted, state__in=Trial.ENDED)
    columns = ("study_id", "number", "state", "ending_motive", "value")
    for pk, number, state, motive, value in ended.values_list(*columns):
        _heard[uids[pk]].end(number, state, motive, value)


def _meet(studies: Sequence[Study]) -> None:
    """Make room for studies not heard of yet; k is what their first revision fixed."""
    new = [study for study in studies if study.uid not in _heard]
    if new:
        firsts = Revision.objects.filter(study__in=new, number=1).select_related("study")
        for revision in firsts:
            study = revision.study
            best_k = policy_of(revision.parsed()).safeguards.best_k
            _heard[study.uid] = Heard(best_k=best_k, maximize=not study.minimises)
    for study in studies:
        _heard.move_to_end(study.uid)


def _best(studies: Sequence[Study]) -> Mapping[int, list[tuple[float, int]]]:
    """Return (value, number) of the best COMPLETE trials of each study, k of them at least not would-be-stopped.

    Each study's are read off the end of an index, as many as are likely to do; where would-be-stopped trials fill
    that end, the search goes on twice as far.
    """
    found: dict[int, list[tuple[float, int]]] = {}
    limits = {study.pk: 2 * _heard[study.uid].best_k + AHEAD for study in studies}
    while wanted := [study for study in studies if study.pk not in found]:
        for pk, best in _best_so_many(wanted, limits).items():
            heard = next(_heard[study.uid] for study in wanted if study.pk == pk)
            others = sum(number not in heard.held for _, number in best)
            if others >= heard.best_k or len(best) < limits[pk]:
                found[pk] = best
            limits[pk] *= 2
    return found


def _best_so_many(studies: Sequence[Study], limits: Mapping[int, int]) -> Mapping[int, list[tuple[float, int]]]:
    """Return (value, number) of so many of each study's best COMPLETE trials, in one query."""
    table = connection.ops.quote_name(Trial._meta.db_table)
    parts: list[str] = []
    values: list[int | str] = []
    for study in studies:
        order = "ASC" if study.minimises else "DESC"
        parts.append(
            f"SELECT * FROM (SELECT study_id, value, number FROM {table} WHERE study_id = %s AND state = %s "  # noqa: S608 - our own names
            f"AND value IS NOT NULL ORDER BY value {order}, number LIMIT %s) AS best_of_{study.pk}"
        )
        values += [study.pk, Trial.State.COMPLETE, limits[study.pk]]
    found: dict[int, list[tuple[float, int]]] = {study.pk: [] for study in studies}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        for pk, value, number in cursor.fetchall():
            found[pk].append((value, number))
    return found
