"""How a study's values are spread: the share of trials at or below each value (empirical distribution)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from trials.charts.packing import pack
from trials.models import Study, Trial
from trials.pages.paced import Paced

MOST_STEPS = 400

Floats = NDArray[np.float64]


_kept: Paced[UUID, Mapping[str, Floats]] = Paced()


def spread(study: Study) -> Mapping[str, Floats]:
    """Return the values of the finished trials, and of all that were seen at any value, each ascending."""
    return _kept.get(study.uid, str(study.version), lambda: _read(study))


def _read(study: Study) -> Mapping[str, Floats]:
    trials = Trial.objects.filter(study=study)
    finished = trials.filter(state=Trial.State.COMPLETE, value__isnull=False).values_list("value", flat=True)
    seen = trials.filter(best_value__isnull=False).values_list("best_value", flat=True)
    return {name: np.sort(np.fromiter(rows.iterator(), np.float64)) for name, rows in
            (("finished", finished), ("seen", seen))}  # fmt: skip


def payload(study: Study, found: Mapping[str, Floats], version: str) -> dict[str, Any]:
    """Return the JSON of docs/charts.md."""
    return {
        "objective": study.metric,
        "direction": study.direction,
        "groups": [{"name": name, "n": int(values.size), **_steps(values)} for name, values in found.items()],
        "version": version,
    }


def rows(found: Mapping[str, Floats]) -> list[tuple[str, float, float]]:
    """Return (group, share, value) at every twentieth, for the table and for export."""
    shares = np.linspace(0.05, 1.0, 20)
    return [
        (name, round(float(share), 2), float(value))
        for name, values in found.items()
        if values.size
        for share, value in zip(shares, np.quantile(values, shares, method="inverted_cdf"), strict=True)
    ]


def _steps(values: Floats) -> dict[str, Any]:
    """Return the steps of the curve; of many, evenly spaced ones and always the first and the last."""
    kept = np.arange(values.size)
    if values.size > MOST_STEPS:
        kept = np.unique(np.linspace(0, values.size - 1, MOST_STEPS).astype(int))
    return {"x": pack(values[kept]), "y": pack((kept + 1) / max(values.size, 1))}
