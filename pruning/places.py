"""Distances between configurations in the unit cube."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pruning.rules.surroundings import Place


def distance(one: Place, other: Place) -> float:
    """Return how far apart two configurations are, from 0 (the same) to 1 (opposite in every parameter).

    The root of the mean square over the parameters. Numbers count by their difference; two categories count 0 or 1;
    a parameter that only one of both has counts 1, as if its absence were one more category; one that neither has
    counts 0 (Gower, "A general coefficient of similarity", Biometrics 27, 1971, squared).

    >>> distance((0.0, "adam", None), (1.0, "adam", None)), distance((0.5, "sgd", 0.1), (0.5, "adam", None))
    (0.5773502691896258, 0.816496580927726)
    """
    if not one:
        return 0.0
    return math.sqrt(math.fsum(_apart(a, b) ** 2 for a, b in zip(one, other, strict=True)) / len(one))


def nearest(one: Place, others: Iterable[tuple[int, Place]]) -> tuple[float, int] | None:
    """Return (distance, number) of the nearest of these configurations, the earliest of equals; None without any."""
    return min(((distance(one, place), number) for number, place in others), default=None)


def _apart(one: float | str | None, other: float | str | None) -> float:
    if isinstance(one, float) and isinstance(other, float):
        return min(1.0, abs(one - other))
    return 0.0 if one == other else 1.0
