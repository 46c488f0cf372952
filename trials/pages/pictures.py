"""Small pictures of ranges: where they lie in what the trainable takes, how their values are spread."""

from __future__ import annotations

import math

from trials.pages import words
from trials.pages.parts.draft import RangePicture
from trials.plan import PlanError
from trials.plan.drafting import Row
from trials.plan.writing import read_inner, value_of
from trials.space.parameters import same
from trials.trainables.base import ParameterInfo

MOST_VALUES = 24
MOST_TICKS = 40


def picture(row: Row, info: ParameterInfo | None = None) -> RangePicture | None:
    """Return the picture of a parameter as typed; None while too little of it can be read."""
    if row.choices.strip() or (info is not None and info.kind == "categorical" and not row.low.strip()):
        return _of_choices(row)
    low, high = _number(row.low), _number(row.high)
    if low is None or high is None or not low <= high:
        return None
    is_log = bool(row.log)
    if is_log and low <= 0:
        return None
    first, last = _whole(low, high, is_log, info)

    def place(value: float) -> float:
        if is_log:
            value, begin, end = math.log10(value), math.log10(first), math.log10(last)
        else:
            begin, end = first, last
        return round(100 * (value - begin) / (end - begin), 2) if end > begin else 50.0

    default = _number(row.default)
    if default is None and info is not None and isinstance(info.default, int | float):
        default = float(info.default)
    shown = default is not None and first <= default <= last and not (is_log and default <= 0)
    spread = "logarithmic" if is_log else "uniform"
    return RangePicture(
        low=place(low),
        high=place(high),
        ticks=[place(tick) for tick in _ticks(first, last, is_log)],
        values=[place(value) for value in _values(row, info, low, high)],
        default=place(default) if shown and default is not None else None,
        text=f"from {words.plain(low)} to {words.plain(high)}, {spread}",
    )


def _whole(low: float, high: float, is_log: bool, info: ParameterInfo | None) -> tuple[float, float]:
    """Return what the picture spans: what the trainable takes, unless that would leave the range a speck."""
    first = info.low if info is not None and info.low is not None else low
    last = info.high if info is not None and info.high is not None else high
    first, last = min(float(first), low), max(float(last), high)
    if is_log and first <= 0:
        first = low
    if is_log and math.log10(last / first) > 8 * max(1.0, math.log10(high / low)):
        return low, high
    if not is_log and high > low and last - first > 50 * (high - low):
        return low, high
    return first, last


def _ticks(first: float, last: float, is_log: bool) -> list[float]:
    if not is_log:
        return [first + (last - first) * k / 4 for k in range(5)]
    decades = range(math.ceil(math.log10(first) - 1e-9), math.floor(math.log10(last) + 1e-9) + 1)
    stride = max(1, len(decades) // MOST_TICKS + 1)
    return [10.0**decade for decade in decades[::stride]]


def _values(row: Row, info: ParameterInfo | None, low: float, high: float) -> list[float]:
    """Return the single values of a range that has few."""
    kind = row.type or (info.kind if info is not None else "")
    step = _number(row.step) or (1.0 if kind == "int" else None)
    if step is None or step <= 0 or row.log:
        return []
    n = (high - low) / step
    return [low + k * step for k in range(round(n) + 1)] if n <= MOST_VALUES else []


def _of_choices(row: Row) -> RangePicture | None:
    try:
        choices = read_inner(row.choices, "[]")
        default = value_of(row.default) if row.default.strip() else None
    except (PlanError, ValueError):
        return None
    if not isinstance(choices, list) or not choices:
        return None
    n = len(choices)
    places = [round(100 * (k + 0.5) / n, 2) for k in range(n)] if n <= MOST_VALUES else []
    at = next((k for k, choice in enumerate(choices) if row.default.strip() and same(choice, default)), None)
    return RangePicture(
        low=0.0,
        high=100.0,
        values=places,
        default=places[at] if at is not None and places else None,
        text=f"{words.counted(n, 'choice')}: {', '.join(map(str, choices))[:200]}",
    )


def _number(text: str) -> float | None:
    try:
        value = value_of(text) if text.strip() else None
    except (ValueError, PlanError):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
