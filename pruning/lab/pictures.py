"""What pages draw of a recorded study: the band of all curves, and the curves of those that were among the best."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pruning.backtest import Task
from pruning.backtest.planning import oracle_of
from pruning.backtest.traces import best_of
from pruning.simulate import Pool, draw_pool
from trials.charts import band
from trials.charts.packing import pack

MOST_POINTS = 200
MOST_CURVES = 1_000
"""The band of so many tells as much as that of all."""


def picture_of(task: Task, *, orders: int, unit: str) -> dict[str, object]:
    """Return what is drawn of a task, and the oracle's compute by order.

    `unit`, `horizon`, `metric`, `maximize`, `oracle`, `band` and `curves` ({name: {x, y}}), packed as charts read them.
    """
    recordings = task.pool.recordings
    stride = max(1, -(-len(recordings) // MOST_CURVES))
    found = band.band((one.curve.steps, one.curve.values) for one in recordings[::stride])
    return {
        "unit": unit,
        "metric": task.pool.metric,
        "maximize": task.pool.maximize,
        "horizon": task.pool.horizon,
        "oracle": oracle_of(task, orders),
        "band": band.payload(found),
        "curves": {recordings[place].name: _thinned(task.pool, place) for place in sorted(set(_best(task, orders)))},
    }


def values_of(task: Task) -> list[float | None]:
    """Return every recording's best value as told; None where none was finite."""
    sign = -1.0 if task.pool.maximize else 1.0
    return [sign * outcome + 0.0 if math.isfinite(outcome) else None for outcome in task.pool.outcomes]


def _best(task: Task, orders: int) -> Iterator[int]:
    size = len(task.pool.recordings)
    for order in range(orders):
        drawn = draw_pool(name=task.name, size=size, order=order)
        yield from (drawn[place] for place in best_of([task.pool.outcomes[one] for one in drawn]))


def _thinned(pool: Pool, place: int) -> dict[str, object]:
    """Return a curve in at most so many points, its first, last and best among them."""
    curve = pool.recordings[place].curve
    stride = max(1, -(-len(curve) // MOST_POINTS))
    keep = sorted({*range(0, len(curve), stride), int(pool.keys(place).argmin()), len(curve) - 1})
    return {"x": pack(curve.steps[keep]), "y": pack(curve.values[keep])}
