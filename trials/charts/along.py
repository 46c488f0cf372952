"""What curves are drawn along: steps, the seconds a trial had trained, or the slot hours it had cost by then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from trials import series
from trials.models import Study
from trials.pages.curve_view import AlongName
from trials.series.codec import Steps, Values

SECONDS_PER_HOUR = 3600.0
NOT_RECORDED = "not recorded: these reports carry no times"

Clocks = Mapping[int, tuple[Steps, Values]]
"""By trial id, the places along the axis at the steps told."""


def unit(study: Study, along: AlongName) -> str:
    """Return what stands at the end of the axis."""
    return {"step": study.step_unit, "seconds": "seconds trained", "cost": "slot hours"}[along]


def scaled(seconds: NDArray[np.float64], along: AlongName) -> NDArray[np.float64]:
    """Return seconds in the axis's unit."""
    return seconds / SECONDS_PER_HOUR if along == "cost" else seconds


def clocks(trial_ids: Iterable[int], along: AlongName) -> Clocks:
    """Return the clocks of trials whose reports carry times; of no trial where curves are drawn by step."""
    if along == "step":
        return {}
    found = series.read_seconds(trial_ids, whole=along == "cost")
    return {pk: (steps, scaled(seconds, along)) for pk, (steps, seconds) in found.items() if steps.size}


def places(clock: tuple[Steps, Values], steps: Steps) -> Values | None:
    """Return where each step stands on the axis, float64[n]; None where the clock began after the first of them."""
    found = np.searchsorted(clock[0], steps, side="right") - 1
    return clock[1][found] if steps.size and found[0] >= 0 else None
