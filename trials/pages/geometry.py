"""Where the marks of the small drawings stand: fractions and pixels, no markup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from trials.pages.parts import RankBar, Share, Spared, Spark

MIN_SHARE = 0.015
"""The narrowest a bar's part is drawn, so that one trial of thousands can be seen."""


class Segment(NamedTuple):
    """A part of a stacked bar, in percent of its width."""

    kind: str
    x: float
    width: float


class SparkShape(NamedTuple):
    """Pixels of a sparkline: the line, the dots of the cloud and the last point."""

    line: str
    cloud: tuple[tuple[float, float], ...]
    end: tuple[float, float] | None


class StripMark(NamedTuple):
    """A spared trial on the number line, stacked where several fall together."""

    x: float
    y: float
    number: int


def segments(shares: Sequence[Share]) -> list[Segment]:
    """Return the parts of a bar in the order given, each wide enough to be seen."""
    present = [share for share in shares if share.count > 0]
    total = sum(share.count for share in present)
    widths = [max(share.count / total, MIN_SHARE) for share in present]
    scale = 100 / sum(widths) if widths else 0.0

    placed, x = [], 0.0
    for share, width in zip(present, widths, strict=True):
        placed.append(Segment(share.kind, round(x, 3), round(width * scale, 3)))
        x += width * scale
    return placed


def clamp(fraction: float) -> float:
    """Return the fraction as a percentage within 0 and 100; not-a-number counts as 0."""
    if math.isnan(fraction):
        return 0.0
    return round(100 * min(max(fraction, 0.0), 1.0), 3)


def spark_shape(spark: Spark, *, width: int, height: int) -> SparkShape:
    """Place a sparkline in a box, leaving room for its last mark."""
    finite = [value for value in spark.values if value is not None and math.isfinite(value)]
    if not finite:
        return SparkShape("", (), None)
    low, high = spark.extent or _robust_extent(finite, minimize=spark.minimize)
    n = max(spark.length or len(spark.values), 2)

    def at(index: int, value: float) -> tuple[float, float]:
        y = (min(max(value, low), high) - low) / (high - low) if high > low else 0.5
        return round(2 + index * (width - 6) / (n - 1), 1), round(3 + (1 - y) * (height - 6), 1)

    points = [(index, value) for index, value in enumerate(spark.values) if value is not None and math.isfinite(value)]
    if spark.best:
        cloud = tuple(at(index, value) for index, value in points)
        steps = _staircase(points, minimize=spark.minimize, n=len(spark.values))
        placed = [at(index, value) for index, value in steps]
        return SparkShape(_path(placed), cloud, placed[-1])
    placed = [at(index, value) for index, value in points]
    return SparkShape(_path(placed), (), placed[-1])


def strip_marks(
    spared: Sequence[Spared], *, low: float, high: float, width: float, size: float = 9.0
) -> tuple[list[StripMark], int]:
    """Stack the spared trials in bins one mark wide; return the marks and the tallest pile."""
    piles: dict[int, int] = {}
    marks = []
    for trial in sorted(spared, key=lambda trial: (trial.value, trial.number)):
        share = (trial.value - low) / (high - low) if high > low else 0.5
        bin_ = round(share * (width - size) / size)
        height = piles[bin_] = piles.get(bin_, 0) + 1
        marks.append(StripMark(round(bin_ * size + size / 2, 1), (height - 0.5) * size, trial.number))
    return marks, max(piles.values(), default=0)


def round_ticks(low: float, high: float, n: int = 4) -> list[tuple[float, str]]:
    """Return about n round numbers between two values, as values and in words."""
    raw = (high - low) / n
    if not (math.isfinite(raw) and raw > 0):
        return []
    power = math.floor(math.log10(raw))
    step = min((unit * 10.0**power for unit in (1, 2, 5, 10)), key=lambda unit: abs(unit - raw))
    digits = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(low / step), math.floor(high / step)
    return [(index * step, f"{index * step:,.{digits}f}".replace("-", "−")) for index in range(first, last + 1)]


def rank_place(rank: int, of: int) -> float:
    """Return where a rank stands among its peers, in percent."""
    return clamp((rank - 0.5) / of) if of > 0 else 0.0


def quota_place(bar: RankBar) -> float | None:
    """Return up to where a rank goes on, in percent; None where no quota is known."""
    return clamp(bar.quota / bar.of) if bar.quota is not None and bar.of > 0 else None


def _robust_extent(values: Sequence[float], *, minimize: bool) -> tuple[float, float]:
    """Span from the best value to the worse decile, so that one outlier does not flatten the rest."""
    ordered = sorted(values)
    tail = len(ordered) // 10
    return (ordered[0], ordered[-1 - tail]) if minimize else (ordered[tail], ordered[-1])


def _staircase(points: Sequence[tuple[int, float]], *, minimize: bool, n: int) -> list[tuple[int, float]]:
    better = min if minimize else max
    best = points[0][1]
    steps = [points[0]]
    for index, value in points[1:]:
        if better(value, best) != best:
            steps += [(index, best), (index, value)]
            best = value
    steps.append((max(n - 1, points[-1][0]), best))
    return steps


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points)
