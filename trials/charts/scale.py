"""The span of values that a picture shows: from the best one to where most trials are; what leaves it is counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trials.charts.raster import Axis

EDGE = 0.985
"""The share of all values that the span holds at most."""
REACH = 1.6
"""The span reaches so many times as far from the best as the worst value of a typical trial does, if what lies beyond
runs away: more than twice as far again."""
MARGIN = 0.05


def axis_of(values: NDArray[np.float64], offsets: NDArray[np.int64], *, minimises: bool, log: bool) -> Axis | None:
    """Return the span for curves one after the other in `values`; None if no value can be drawn.

    One trial that ran away for long has many values, so half of the trials' worst ones bound what all may take up.
    """
    usable = np.isfinite(values) & ((values > 0) if log else True)
    if not usable.any():
        return None
    sign = 1.0 if minimises else -1.0
    worse = np.where(usable, sign * values, -np.inf)
    filled = np.diff(offsets) > 0
    ends = np.maximum.reduceat(worse, offsets[:-1][filled])
    ends = ends[np.isfinite(ends)]
    told = sign * values[usable]
    best, edge = float(told.min()), float(np.quantile(told, EDGE, method="inverted_cdf"))
    typical = float(np.median(ends))
    reach = REACH * (typical - best)
    worst = best + reach if edge - best > 2 * reach else edge
    low, high = sorted((sign * best, sign * worst))
    if log:
        stretch = (high / low) ** MARGIN if high > low else 1.5
        return Axis(low / stretch, high * stretch, log=True) if low > 0 else None
    margin = MARGIN * (high - low) or 0.5 * max(1.0, abs(high)) * 0.1
    return Axis(low - margin, high + margin)
