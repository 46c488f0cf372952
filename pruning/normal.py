"""The normal distribution over arrays, from the standard library: the same bits for the same input everywhere.

`math.erfc` and `NormalDist.inv_cdf` are deterministic per C library, where vectorised versions may differ with
the processor. Sums are exact (`math.fsum`), so no order of addition is hidden in a figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STANDARD = NormalDist()


def quantile(probability: float) -> float:
    """Return the standard normal quantile; -inf at 0 and inf at 1."""
    if probability <= 0:
        return -math.inf
    return math.inf if probability >= 1 else _STANDARD.inv_cdf(probability)


def cdf(value: float) -> float:
    """Return the standard normal distribution function.

    >>> cdf(0.0), round(cdf(1.959964), 6)
    (0.5, 0.975)
    """
    return 0.5 * math.erfc(-value / math.sqrt(2))


def scores(keys: Floats) -> Floats:
    """Return the normal scores of keys: the quantile of (rank - 1/2) / n, tied keys sharing their mean rank.

    Depends on the order alone, so any monotone change of the metric changes nothing. Infinite keys tie as worst.

    >>> scores(np.array([3.0, 1.0, 2.0])).round(3).tolist()
    [0.967, -0.967, 0.0]
    """
    if not keys.size:
        return np.zeros(0)
    _, place, count = np.unique(keys, return_inverse=True, return_counts=True)
    if count.size == keys.size:
        return np.asarray(_table(count.size)[place], dtype=np.float64)
    mean_rank = np.cumsum(count) - (count - 1) / 2
    return np.asarray(_of_ranks(mean_rank, keys.size)[place], dtype=np.float64)


@lru_cache(maxsize=128)
def _table(n: int) -> Floats:
    """Return the scores of n keys that all differ, best first."""
    return _of_ranks(np.arange(1.0, n + 1), n)


def _of_ranks(ranks: Floats, n: int) -> Floats:
    return np.fromiter((quantile((rank - 0.5) / n) for rank in ranks.tolist()), float, ranks.size)


def correlation(first: Floats, second: Floats, weights: Floats | None = None) -> float | None:
    """Return the (weighted) Pearson correlation; None where one side does not vary."""
    total = float(first.size) if weights is None else exact_sum(weights)
    if not total:
        return None
    first = first - _weighted_sum(first, weights) / total
    second = second - _weighted_sum(second, weights) / total
    spread = _weighted_sum(first * first, weights) * _weighted_sum(second * second, weights)
    if spread <= 0:
        return None
    return max(-1.0, min(1.0, _weighted_sum(first * second, weights) / math.sqrt(spread)))


def _weighted_sum(values: Floats, weights: Floats | None) -> float:
    return exact_sum(values if weights is None else values * weights)


def deviation(values: Floats) -> float:
    """Return the standard deviation about the mean, of the values as a population; 0 for none."""
    if not values.size:
        return 0.0
    centred = values - exact_sum(values) / values.size
    return math.sqrt(exact_sum(centred * centred) / values.size)


def exact_sum(values: Floats) -> float:
    """Return the exactly rounded sum."""
    return math.fsum(_list(values))


def _list(values: Floats) -> Iterable[float]:
    found: list[float] = values.tolist()
    return found
