"""Numbers on the wire: JSON has no NaN, so what is not finite travels as `"nan"`, `"inf"` or `"-inf"`."""

from __future__ import annotations

import math
from collections.abc import Iterable

SPECIAL = ("nan", "inf", "-inf")


def spell(value: float | None) -> float | str | None:
    """Return a number as it travels.

    >>> spell(0.5), spell(float("-inf")), spell(None)
    (0.5, '-inf', None)
    """
    return value if value is None or math.isfinite(value) else str(value)


def spell_all(values: Iterable[float]) -> list[float | str | None]:
    """Return a series as it travels."""
    return [spell(float(value)) for value in values]


def read(value: object) -> float | None:
    """Return the number that a sender meant; None if it is none.

    >>> read(3), read("nan"), read("0.5"), read(True)
    (3.0, nan, None, None)
    """
    if isinstance(value, str):
        return float(value) if value in SPECIAL else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
