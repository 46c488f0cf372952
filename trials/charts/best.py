"""Best so far: the value in hand against everything trained for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from django.db.models import Sum
from numpy.typing import NDArray

from trials.charts import amendments
from trials.charts.packing import pack
from trials.models import Study, Trial


class Mark(NamedTuple):
    """The trial that brought a better value."""

    x: float
    y: float
    trial: int


class BestSoFar(NamedTuple):
    """Steps trained over all slots, the best value in hand by then, and who brought it."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    marks: list[Mark]


def best_so_far(study: Study) -> BestSoFar:
    """Read the ended trials in the order they ended; only COMPLETE ones can hold the best value."""
    rows = (
        Trial.objects.filter(study=study, ended_at__isnull=False)
        .order_by("ended_at", "id")
        .values_list("number", "state", "value", "steps_trained")
    )
    trained, best = 0, None
    xs: list[float] = []
    ys: list[float] = []
    marks: list[Mark] = []
    for number, state, value, steps in rows:
        trained += steps
        if state == Trial.State.COMPLETE and value is not None and study.better(value, best):
            best = value
            xs.append(float(trained))
            ys.append(best)
            marks.append(Mark(float(trained), best, number))
    if best is not None:
        xs.append(float(max(trained, study.steps_trained)))
        ys.append(best)
    return BestSoFar(np.array(xs), np.array(ys), marks)


def payload(study: Study, best: BestSoFar, version: str) -> dict[str, object]:
    """Return the JSON of docs/charts.md."""
    return {
        "objective": study.metric,
        "unit": study.step_unit,
        "x": pack(best.x),
        "y": pack(best.y),
        "marks": [mark._asdict() for mark in best.marks],
        "amendments": [{**mark, "x": _trained_by(study, mark)} for mark in amendments.marks(study)],
        "version": version,
    }


def _trained_by(study: Study, mark: dict[str, object]) -> int:
    """Return the steps of the trials that had ended when an amendment was made."""
    ended = Trial.objects.filter(study=study, ended_at__lt=datetime.fromtimestamp(float(str(mark["at"])), tz=UTC))
    return int(ended.aggregate(steps=Sum("steps_trained"))["steps"] or 0)
