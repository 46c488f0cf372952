"""Floats that may be NaN or infinite, kept in a column that cannot hold them.

A SQLite float column turns NaN into NULL. So a told value is two columns: the number, NULL unless finite, and its
state: `""` for finite, `"nan"`, `"inf"`, `"-inf"`, or `"none"` where nothing was told.
"""

from __future__ import annotations

import math

from django.db import models

FINITE, NAN, INF, NEG_INF, NONE = "", "nan", "inf", "-inf", "none"
STATES = [(FINITE, "finite"), (NAN, "NaN"), (INF, "+inf"), (NEG_INF, "-inf"), (NONE, "not told")]


def split(value: float | None) -> tuple[float | None, str]:
    """Return (column, state) for a value.

    >>> split(1.5), split(float("nan")), split(None)
    ((1.5, ''), (None, 'nan'), (None, 'none'))
    """
    if value is None:
        return None, NONE
    if math.isnan(value):
        return None, NAN
    if math.isinf(value):
        return None, INF if value > 0 else NEG_INF
    return float(value), FINITE


def join(number: float | None, state: str) -> float | None:
    """Return the value that `split` took apart; None where nothing was told."""
    if state == NONE:
        return None
    return number if state == FINITE else float(state)


def number_field() -> models.FloatField[float | None, float | None]:
    """Return the column for the finite number."""
    return models.FloatField(null=True, blank=True)


def state_field(default: str = NONE) -> models.CharField[str, str]:
    """Return the column for the state beside it."""
    return models.CharField(max_length=4, blank=True, choices=STATES, default=default)
