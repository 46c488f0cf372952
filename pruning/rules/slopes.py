"""The slope of a window of reports, with an interval that needs no distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pruning.rules.base import Curve, Facts, Kind, SettingError
from pruning.rules.words import number

ACTIONS = {"stop": Kind.STOP, "warn": Kind.WARN}

Z_90 = 1.6448536269514722
"""Normal quantile of a two-sided 90 % interval."""


@dataclass(frozen=True, kw_only=True)
class Slope:
    """Change per step over a window: the median of all pairwise slopes and its 90 % interval."""

    slope: float
    low: float
    high: float
    first_step: int
    last_step: int
    reports: int


def theil_sen(curve: Curve, reports: int) -> Slope | None:
    """Return the slope over the last `reports` finite points of a curve; None with fewer.

    Theil (1950) and Sen, "Estimates of the regression coefficient based on Kendall's tau" (JASA 63, 1968): the
    interval lies between two ordered pairwise slopes, chosen by the variance of Kendall's statistic.
    """
    finite = np.isfinite(curve.values)
    steps, values = curve.steps[finite][-reports:].astype(np.float64), curve.values[finite][-reports:]
    n = steps.size
    if n < reports or n < 3:
        return None
    first, second = np.triu_indices(n, k=1)
    slopes = np.sort((values[second] - values[first]) / (steps[second] - steps[first]))
    reach = Z_90 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, math.floor((slopes.size - reach) / 2) - 1)
    high = min(slopes.size - 1, math.ceil((slopes.size + reach) / 2))
    return Slope(
        slope=float(np.median(slopes)),
        low=float(slopes[low]),
        high=float(slopes[high]),
        first_step=int(steps[0]),
        last_step=int(steps[-1]),
        reports=n,
    )


def check_window(reports: int, grace: int, action: str) -> None:
    """Refuse windows and actions that make no sense."""
    if reports < 5:
        raise SettingError("reports", reports, "is below 5: fewer reports show no trend")
    if grace < 0:
        raise SettingError("grace", grace, "is negative: 0 judges from the start")
    if action not in ACTIONS:
        raise SettingError("action", action, "is not one of stop, warn")


def slope_evidence(facts: Facts, slope: Slope) -> dict[str, Any]:
    """Return a slope of the objective as told: its sign in the metric's own direction."""
    low, high = (-slope.high, -slope.low) if facts.maximize else (slope.low, slope.high)
    return {
        "metric": facts.metric,
        "value": facts.value,
        "slope": (-slope.slope if facts.maximize else slope.slope) + 0.0,
        "slope_low": low + 0.0,
        "slope_high": high + 0.0,
        "first_step": slope.first_step,
        "reports": slope.reports,
    }


def worsening(facts: dict[str, Any]) -> str:
    """Return `val_loss has risen 0.0003 a step over the last 10 reports`."""
    return f"{facts['metric']} has {moved(facts['slope'])} a step over the last {facts['reports']} reports"


def moved(slope: float) -> str:
    """Return `risen 0.0003` or `fallen 0.0006`."""
    return f"{'risen' if slope > 0 else 'fallen'} {number(math.fabs(slope))}"
