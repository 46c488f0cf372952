"""What a query's values mean: numbers, dates (relative ones too), yes and no."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from trials.query.language import QueryError, Word

NONE = "none"
"""Unquoted, it stands for what was never told."""
_RELATIVE = re.compile(r"-(\d{1,6}(?:\.\d{1,3})?)(s|min|h|d|w)")
_SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
DATES = "a date such as 2026-03-01, 2026-03-01T12:30, today, yesterday, -2h or -7d"


def is_none(value: Word) -> bool:
    """Say whether the value stands for what was never told."""
    return not value.quoted and value.text.lower() == NONE


def number(value: Word) -> float:
    """Return a finite number. Raises `QueryError`."""
    try:
        found = float(value.text.replace("−", "-"))
    except ValueError:
        raise QueryError(value.column, "", "a number") from None
    if not math.isfinite(found):
        raise QueryError(value.column, "", "a finite number")
    return found


def maybe_number(value: Word) -> float | None:
    """Return a finite number; None for anything else."""
    try:
        return number(value)
    except QueryError:
        return None


def yes(value: Word) -> bool:
    """Return whether the value says yes. Raises `QueryError`."""
    if value.text.lower() not in {"yes", "no", "true", "false"}:
        raise QueryError(value.column, "", "yes or no")
    return value.text.lower() in {"yes", "true"}


def moment(value: Word, now: datetime) -> datetime:
    """Return the moment that a date stands for: midnight of a day, a time, or so long before now."""
    text = value.text.lower()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if text in {"now", "today", "yesterday"}:
        return {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1)}[text]
    relative = _RELATIVE.fullmatch(text)
    try:
        if relative is not None:
            return now - timedelta(seconds=float(relative[1]) * _SECONDS[relative[2]])
        day = parse_date(text) if len(text) == 10 else None
        if day is not None:
            return timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001 - made aware here
        found = parse_datetime(text.upper())
    except (ValueError, OverflowError):
        raise QueryError(value.column, "", DATES) from None
    if found is None:
        raise QueryError(value.column, "", DATES)
    return found if timezone.is_aware(found) else timezone.make_aware(found, UTC)
