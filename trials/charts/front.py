"""Two metrics against each other: the trials that no other beats in both, and the area they cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from trials.charts.packing import pack
from trials.models import MetricSummary, Study, Trial
from trials.pages.paced import Paced
from trials.query import named

MOST_DRAWN = 1_000
MOST_METRICS = 40

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """One of the two metrics and which way it is better."""

    metric: str
    minimize: bool = True

    @property
    def sign(self) -> float:
        """Return what turns "better" into "lower"."""
        return 1.0 if self.minimize else -1.0


@dataclass(frozen=True)
class Front:
    """Finished trials in two metrics, as last told."""

    numbers: NDArray[np.int64]
    x: Floats
    y: Floats
    on_front: NDArray[np.bool_]
    corner: tuple[float, float] | None
    """The worst value of each metric among these trials: what the area is measured from."""
    area: float | None
    """The hypervolume between the front and the corner, as a share of the rectangle that all trials span."""


def metrics_of(study: Study) -> list[str]:
    """Return the unlabelled metrics that the best trial told, the objective first: what two of can be compared."""
    # By way of the trial: with the study named here too, a database may read all of its summaries.
    best = MetricSummary.objects.filter(trial__study=study, trial__number=study.best_number or 0, labels="{}")
    told = best.order_by("metric").values_list("metric", flat=True)[:MOST_METRICS]
    return [study.metric, *(name for name in told if name != study.metric)]


_kept: Paced[tuple[UUID, Side, Side], Front] = Paced()


def front(study: Study, one: Side, other: Side) -> Front:
    """Return the finished trials that told both metrics, and which of them no other beats in both."""
    return _kept.get((study.uid, one, other), str(study.version), lambda: _read(study, one, other))


def _read(study: Study, one: Side, other: Side) -> Front:
    told = {
        side.metric: dict(
            MetricSummary.objects.filter(
                study=study,
                metric=side.metric,
                labels="{}",
                last_value__isnull=False,
                trial__state=Trial.State.COMPLETE,
            ).values_list("trial__number", "last_value")
        )
        for side in (one, other)
    }
    numbers = np.array(sorted(set(told[one.metric]) & set(told[other.metric])), dtype=np.int64)
    x = np.array([told[one.metric][number] for number in numbers.tolist()], dtype=np.float64)
    y = np.array([told[other.metric][number] for number in numbers.tolist()], dtype=np.float64)
    if not numbers.size:
        return Front(numbers, x, y, np.zeros(0, dtype=bool), None, None)
    points = np.stack([one.sign * x, other.sign * y], axis=1)
    on_front = unbeaten(points)
    worst, best = points.max(axis=0), points.min(axis=0)
    whole = float(np.prod(worst - best))
    area = hypervolume(points[on_front], worst) / whole if whole > 0 else None
    return Front(numbers, x, y, on_front, (one.sign * float(worst[0]), other.sign * float(worst[1])), area)


def unbeaten(points: Floats) -> NDArray[np.bool_]:
    """Say of each point (lower is better in both columns) whether no other is as good in both and better in one.

    >>> unbeaten(np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 3.0], [1.0, 3.0]])).tolist()
    [True, True, False, True]
    """
    order = np.lexsort((points[:, 1], points[:, 0]))
    found = np.zeros(len(points), dtype=bool)
    lowest, at = np.inf, None
    for index in order:
        x, y = points[index]
        # Equal points stand together in the order: none of them beats the other.
        found[index] = y < lowest or (at is not None and (x, y) == at)
        if y < lowest:
            lowest, at = y, (x, y)
    return found


def hypervolume(points: Floats, corner: Floats) -> float:
    """Return the area that unbeaten points (lower is better) cover up to the corner.

    >>> hypervolume(np.array([[1.0, 3.0], [2.0, 2.0]]), np.array([4.0, 4.0]))
    5.0
    """
    ordered = np.unique(points, axis=0)
    lower, area = float(corner[1]), 0.0
    for x, y in ordered:
        area += max(0.0, float(corner[0] - x)) * max(0.0, lower - float(y))
        lower = min(lower, float(y))
    return area


def payload(
    found: Front,
    one: Side,
    other: Side,
    *,
    selected: Sequence[int],
    chosen: frozenset[int] | None = None,
    version: str,
) -> dict[str, Any]:
    """Return the JSON of docs/charts.md: the whole front, and of the others at most `MOST_DRAWN`.

    selected: the compared trials. chosen: where more are selected, the finished ones of them.
    """
    beaten = np.flatnonzero(~found.on_front)
    if beaten.size > MOST_DRAWN:
        beaten = beaten[np.unique(np.linspace(0, beaten.size - 1, MOST_DRAWN).astype(int))]
    kept = np.union1d(np.flatnonzero(found.on_front), beaten).astype(int)
    return {
        "x_field": f"{named(one.metric)}.last",
        "y_field": f"{named(other.metric)}.last",
        "x_metric": one.metric,
        "y_metric": other.metric,
        "x_direction": "minimize" if one.minimize else "maximize",
        "y_direction": "minimize" if other.minimize else "maximize",
        "trials": found.numbers[kept].tolist(),
        "front": np.flatnonzero(found.on_front[kept]).tolist(),
        "x": pack(found.x[kept]),
        "y": pack(found.y[kept]),
        "corner": found.corner,
        "area": found.area,
        "n": int(found.numbers.size),
        "selected": list(selected),
        "chosen": None if chosen is None else sorted(chosen & frozenset(found.numbers[kept].tolist())),
        "version": version,
    }
