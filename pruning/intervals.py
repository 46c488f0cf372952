"""Intervals for shares, so that no claim stands without its doubt."""

from __future__ import annotations

from scipy.special import betaincinv


def clopper_pearson(successes: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson, Biometrika 26, 1934).

    It covers the true share with at least `confidence`, whatever that share is; without observations it is all of
    0 to 1. Of a mean over strata both may be fractional: effective numbers. Raises ValueError unless
    0 <= successes <= n and 0 < confidence < 1.

    >>> low, high = clopper_pearson(0, 15)
    >>> low, round(high, 4)
    (0.0, 0.218)
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes: {successes} of {n} is no share; give 0 to {n}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence} is not between 0 and 1; 0.95 is usual")
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return low, high
