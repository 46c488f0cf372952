"""Charts as still pictures: the paths of an SVG, for a page that must stand on its own, without a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trials.charts.best import BestSoFar
from trials.charts.curves import StudyCurves
from trials.charts.packing import Gapped
from trials.pages import words
from trials.pages.geometry import round_ticks

WIDTH, HEIGHT = 960, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 12, 28
TICKS = 5
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """One curve: the `d` of a path, and what became of its trial."""

    kind: str
    d: str
    is_best: bool = False


@dataclass(frozen=True)
class Tick:
    """A value on an axis, in pixels and in words."""

    at: float
    text: str


@dataclass(frozen=True)
class Still:
    """A picture of lines, in pixels from the upper left corner."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    lines: Sequence[Line]
    across: Sequence[Tick]
    up: Sequence[Tick]


def curves(found: StudyCurves, *, horizon: int, looks: Sequence[int], best: int | None) -> Still | None:
    """Return every curve, the best one last; None if there is nothing to draw."""
    apart = [(kind, *one) for kind, group in found.groups.items() for one in split(group)]
    if not apart:
        return None
    low, high = _extent(np.concatenate([values for _, _, _, values in apart]))
    lines = [
        Line(kind, _path(steps / max(horizon, 1), (values - low) / (high - low)), is_best=number == best)
        for kind, number, steps, values in apart
    ]
    across = [_across(step / horizon, words.whole(step)) for step in (0, *looks, horizon)]
    return _still(sorted(lines, key=lambda line: line.is_best), across, low, high)


def best_so_far(found: BestSoFar) -> Still | None:
    """Return the best value in hand as a staircase; None before there is one."""
    if not len(found.x):
        return None
    x, y = np.repeat(found.x, 2)[1:], np.repeat(found.y, 2)[:-1]
    low, high = _extent(y)
    end = float(found.x[-1]) or 1.0
    line = Line("finished", _path(x / end, (y - low) / (high - low)), is_best=True)
    return _still([line], [_across(share, words.whole(share * end)) for share in (0.0, 0.5, 1.0)], low, high)


def split(group: Gapped) -> Iterator[tuple[int, Floats, Floats]]:
    """Yield (trial number, steps, values) of each curve that was joined, what is not finite left out."""
    # Of trials that told nothing there is not even an end.
    ends = [*(offset - 1 for offset in group.offsets[1:]), len(group.x)][: len(group.trials)]
    for number, begin, end in zip(group.trials, group.offsets, ends, strict=True):
        steps, values = group.x[begin:end].astype(float), group.y[begin:end].astype(float)
        known = np.isfinite(values) & np.isfinite(steps)
        if known.any():
            yield number, steps[known], values[known]


def _still(lines: Sequence[Line], across: Sequence[Tick], low: float, high: float) -> Still:
    up = [Tick(_y((value - low) / (high - low)), words.number(value)) for value, _ in round_ticks(low, high, TICKS)]
    return Still(WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM, lines, across, up)


def _extent(values: Floats) -> tuple[float, float]:
    """Return the range that is drawn: all but the worst few, which leave the picture at its edge."""
    low, high = (float(one) for one in np.quantile(values, [0.0, 0.97]))
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 0.5
    return low - margin, high + margin


def _path(x: Floats, y: Floats) -> str:
    """Return the `d` of a path through points of the unit square; what lies above or below runs along the edge."""
    across = LEFT + np.clip(x, 0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    down = HEIGHT - BOTTOM - np.clip(y, 0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
    return "M" + "L".join(f"{left:.1f} {top:.1f}" for left, top in zip(across, down, strict=True))


def _across(share: float, text: str) -> Tick:
    return Tick(round(LEFT + share * (WIDTH - LEFT - RIGHT), 1), text)


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)
