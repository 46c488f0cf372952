"""Pooling the share of wrong stops over studies that differ.

Seeds and trials of one study are no independent evidence about another, so every study has a share of its own,
drawn from a beta distribution with mean m and intra-study correlation r; its hits are binomial. The posterior of m
is computed on a fixed grid, flat in m and over the listed values of r, so the same counts give the same figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import betaln

from pruning.judgement.best_k import Share
from pruning.normal import Floats

MEANS = (np.arange(400) + 0.5) / 400
CORRELATIONS = (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
"""r: how alike two members of one study are beyond the common mean; 0.001 is all but none."""


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """The mean share over studies with its 95 % interval."""

    studies: int
    hits: int
    known: int
    unknown: int
    mean: float
    low: float
    high: float


def pool(shares: Iterable[Share]) -> Pooled | None:
    """Return the mean share over studies with at least one known member; None with fewer than two of them.

    The lower end counts members with an unknown outcome as no hits, the upper end as hits.
    """
    found = [share for share in shares if share.known]
    if len(found) < 2:
        return None
    mean, _, _ = _posterior((share.hits, share.known) for share in found)
    _, low, _ = _posterior((share.hits, share.known + share.unknown) for share in found)
    _, _, high = _posterior((share.hits + share.unknown, share.known + share.unknown) for share in found)
    return Pooled(
        studies=len(found),
        hits=sum(share.hits for share in found),
        known=sum(share.known for share in found),
        unknown=sum(share.unknown for share in found),
        mean=mean,
        low=low,
        high=high,
    )


def _posterior(counts: Iterable[tuple[int, int]]) -> tuple[float, float, float]:
    """Return mean and 2.5 % and 97.5 % quantiles of m, each a point of the grid's cells."""
    correlations = np.array(CORRELATIONS)
    total = 1 / correlations - 1
    a = MEANS[:, None] * total[None, :]
    b = (1 - MEANS)[:, None] * total[None, :]
    likelihood = np.zeros_like(a)
    for (hits, n), times in sorted(Counter(counts).items()):
        likelihood += times * (betaln(a + hits, b + n - hits) - betaln(a, b))
    weight: Floats = np.exp(likelihood - likelihood.max()).sum(axis=1)
    weight /= weight.sum()
    below = np.cumsum(weight)
    width = 1 / MEANS.size
    low = int(np.searchsorted(below, 0.025))
    high = min(int(np.searchsorted(below, 0.975)), MEANS.size - 1)
    return float((MEANS * weight).sum()), low * width, (high + 1) * width
