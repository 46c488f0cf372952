"""Count a study's trials one by one, to see whether what stands ready of them is right, and to put it right."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import transaction
from django.db.models import Case, Count, F, Max, Q, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest

from trials import head
from trials.models import EndingCount, Study, Trial

SUMS = ("steps_trained", "steps_saved", "slot_seconds")


class Way(NamedTuple):
    """One way of being paused or of having ended."""

    state: str
    code: str
    motive: str


@dataclass
class Counted:
    """What a study's trials come to."""

    states: dict[str, int] = field(default_factory=lambda: dict.fromkeys(head.COUNTER.values(), 0))
    """By counter of the study's row."""
    ways: dict[Way, int] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SUMS, 0))
    best: float | None = None
    """The best value of a COMPLETE trial."""


class Difference(NamedTuple):
    """One figure that stands ready and is not what counting gives."""

    study_id: int
    figure: str
    stored: float | None
    counted: float | None

    def __str__(self) -> str:
        return f"study {self.study_id}: {self.figure} is stored as {self.stored}, counted {self.counted}"


def differences(study_id: int | None = None) -> list[Difference]:
    """Return every rollup that differs from a recount: of one study, or of all, in the same three queries."""
    studies = Study.objects.all() if study_id is None else Study.objects.filter(pk=study_id)
    columns = (*head.COUNTER.values(), *SUMS, "best_value")
    stored = {pk: dict(zip(columns, row, strict=True)) for pk, *row in studies.values_list("pk", *columns)}
    ways: dict[int, dict[Way, int]] = defaultdict(dict)
    for pk, *way, n in EndingCount.objects.filter(study__in=studies, n__gt=0).values_list(
        "study_id", "state", "code", "motive", "n"
    ):
        ways[pk][Way(*way)] = n
    found = _counted(study_id)
    return [
        difference
        for pk, row in stored.items()
        for difference in _differences(pk, row, ways[pk], found.get(pk) or Counted())
    ]


@transaction.atomic
def repair(study: Study) -> None:
    """Put what stands ready of a study's trials to what counting them gives.

    Whoever writes trials past the doors of `trials.endings` (an importer) calls this once they are in place.
    """
    study = head.lock(study.pk)
    counted = _counted(study.pk).get(study.pk) or Counted()
    EndingCount.objects.filter(study=study).delete()
    EndingCount.objects.bulk_create(EndingCount(study=study, **way._asdict(), n=n) for way, n in counted.ways.items())
    changes: dict[str, object] = {**counted.states, **counted.sums, "best_value": counted.best, "best_number": None}
    if counted.best is not None:
        best = study.trials.filter(state=Trial.State.COMPLETE, value=counted.best).order_by("ended_at", "number")
        changes["best_number"] = best.values_list("number", flat=True)[0]
    Study.objects.filter(pk=study.pk).update(version=F("version") + 1, **changes)


def _counted(study_id: int | None) -> Mapping[int, Counted]:
    """Count trials by study, in one query."""
    trials = Trial.objects.all() if study_id is None else Trial.objects.filter(study=study_id)
    left = Greatest(F("study__horizon") - Coalesce(F("ending_step"), 0), Value(0))
    saved = Sum(
        Case(When(Q(state__in=Trial.ENDED, continued_by=None) & ~Q(ending_motive=""), then=left), default=Value(0))
    )
    # Of a maximising study the best is the least of the negated values: one figure for both.
    signed = Case(
        When(study__direction="minimize", then=-F("value")),
        default=F("value"),
    )
    rows = (
        trials.values_list("study_id", "study__direction", "state", "ending_code", "ending_motive")
        .annotate(
            n=Count("id"), trained=Sum("steps_trained"), saved=saved, seconds=Sum("slot_seconds"), best=Max(signed)
        )
        .order_by()
    )
    found: dict[int, Counted] = defaultdict(Counted)
    for pk, direction, state, code, motive, n, trained, left_out, seconds, best in rows:
        counted = found[pk]
        counted.states[head.COUNTER[Trial.State(state)]] += n
        if state == Trial.State.PAUSED or state in Trial.ENDED:
            counted.ways[Way(state, code, motive)] = n
        for name, more in zip(SUMS, (trained, left_out, seconds), strict=True):
            counted.sums[name] += more
        if state == Trial.State.COMPLETE and best is not None:
            value = -best if direction == "minimize" else best
            better = counted.best is None or (value < counted.best if direction == "minimize" else value > counted.best)
            counted.best = value if better else counted.best
    return found


def _differences(
    study_id: int, stored: Mapping[str, float | None], ways: Mapping[Way, int], counted: Counted
) -> Iterator[Difference]:
    figures = {**counted.states, **counted.sums, "best_value": counted.best}
    for name, expected in figures.items():
        if not _same(stored[name], expected):
            yield Difference(study_id, name, stored[name], expected)
    for way in {*ways, *counted.ways}:
        if ways.get(way, 0) != counted.ways.get(way, 0):
            yield Difference(study_id, " ".join(filter(None, way)), ways.get(way, 0), counted.ways.get(way, 0))


def _same(stored: float | None, counted: float | None) -> bool:
    if stored is None or counted is None:
        return stored is counted
    # Seconds are added up in another order here.
    return math.isclose(stored, counted, rel_tol=1e-6, abs_tol=1e-3)
