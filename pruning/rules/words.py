"""Numbers in sentences: as many digits as tell the value from what it is compared with, four to seven."""

from __future__ import annotations

import math
from collections.abc import Sequence

FEWEST, MOST = 4, 7


def number(value: float, digits: int = FEWEST) -> str:
    """Return `value` with so many digits after the point; fewer for large numbers, an exponent for extreme ones.

    >>> number(0.693), number(29.4333), number(1234.5678), number(4.5e8), number(1.5e-7)
    ('0.6930', '29.4333', '1234.57', '4.5e8', '1.5e-7')
    """
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude >= 6 or magnitude < -3:
        return _with_exponent(value, digits)
    return f"{value:.{max(0, digits - max(0, magnitude - 1))}f}"


def _with_exponent(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    trimmed = mantissa.rstrip("0").rstrip(".")
    return f"{trimmed}e{int(exponent)}"


def apart(*values: float) -> tuple[str, ...]:
    """Return the values in the fewest digits that tell different ones apart.

    >>> apart(0.69301, 0.67520), apart(0.693012, 0.693009)
    (('0.6930', '0.6752'), ('0.693012', '0.693009'))
    """
    different = len(set(map(repr, values)))
    for digits in range(FEWEST, MOST + 1):
        words = tuple(number(value, digits) for value in values)
        if len(set(words)) == different:
            return words
    return words


def chances(*shares: float) -> tuple[str, ...]:
    """Return probabilities in percent, in the fewest digits (one at least) that tell different ones apart.

    >>> chances(0.004, 0.05), chances(0.0499, 0.05), chances(1.0, 1e-9)
    (('0.4 %', '5 %'), ('4.99 %', '5 %'), ('100 %', 'under 0.1 %'))
    """
    different = len(set(shares))
    for digits in range(1, MOST + 1):
        words = tuple(_percent(share, digits) for share in shares)
        if len(set(words)) == different:
            return words
    return words


def _percent(share: float, digits: int) -> str:
    least = 10.0**-digits
    if share > 0 and 100 * share < least:
        return f"under {least:.{digits}f} %"
    if share < 1 and 100 * (1 - share) < least:
        return f"over {100 - least:.{digits}f} %"
    return f"{100 * share:.{digits}f}".rstrip("0").rstrip(".") + " %" if share else "0 %"


def count(n: int, noun: str) -> str:
    """Return `1 report`, `2 reports`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def listed(names: Sequence[object]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    words = [str(name) for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def ranking(
    *, metric: str, value: float, rank: int, population: int, quota: int, cut: float | None, best: float | None = None
) -> str:
    """Return what a cut by rank found, in the order what, value, rank, quota, cut; no cut while all go on.

    >>> ranking(metric="val_loss", value=2.81, rank=79, population=97, quota=24, cut=2.1)
    'val_loss 2.8100 ranks 79 of 97; the best 24 go on (cut 2.1000)'

    best: what the trial has reached, where `value` is where that is heading (`by: ahead`).
    """
    value_words, cut_words = apart(value, cut) if cut is not None else (number(value), "")
    told = f"{metric} {value_words}"
    if best is not None and best != value and math.isfinite(best):
        told = f"{metric} {number(best)}, heading for {value_words},"
    kept = "the best one goes on" if quota == 1 else f"the best {quota} go on"
    tie = ", ties go to the earlier trial" if value == cut and rank > quota else ""
    bracket = f" (cut {cut_words}{tie})" if cut is not None else ""
    return f"{told} ranks {rank} of {population}; {kept}{bracket}"
