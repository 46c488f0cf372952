"""Racing: is one configuration worse than another on the instances they share (folds, seeds, domains)?

A pair is what both told on one instance at an equal amount of training; its difference is positive where the
challenger is worse. All three tests ask against the same hypothesis: that the two are exchangeable on every
instance, so that, the sizes of the differences given, every sign is a fair coin. What is added up is added in the
order of the instances' names, exactly (`math.fsum`) or term by term, so a figure has the same bits everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pruning.normal import cdf

STAKES = (0.1, 0.2, 0.4, 0.6, 0.8, 0.95)
"""Shares of the wealth that the e-process stakes on "worse", mixed in equal parts. Below 1: it is never ruined."""
EXACT = 25
"""Up to so many pairs the signed-rank distribution is counted out; beyond, it is near the normal one."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a trial had told on one instance by some step: where, and the key (lower is better, infinite = worst)."""

    step: int
    key: float


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Both sides of one instance."""

    own: Told
    rival: Told

    @property
    def difference(self) -> float:
        """Return by how much the challenger is worse; infinite where only one side is a number, 0 where neither is."""
        return 0.0 if self.own.key == self.rival.key else self.own.key - self.rival.key


Pairs = Mapping[str, Pair]


@dataclass(frozen=True, kw_only=True)
class Bets:
    """The e-process after some looks."""

    wealth: float
    """What a stake of 1 would have become; under the hypothesis its expectation is 1 at every look."""
    round: int
    """How often pairs told before were told anew, from 1: each time the betting begins again."""


def bet(looks: Sequence[Pairs]) -> Bets:
    """Bet on "worse" over the pairs of successive looks (the last is now).

    Every instance multiplies the wealth of a stake λ by 1 + λ s w: s is the sign of its difference, w its size over
    the median size of the differences known when it arrived, at most 1 (an order statistic of sizes alone, so the
    signs stay fair coins). The mixture over λ is a martingale under the hypothesis, hence P(wealth ever reaches
    1/α) <= α (Ville): it may be looked at after every instance. Shafer, "Testing by betting" (JRSS A 184, 2021);
    Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (JRSS B 86, 2024).

    Where instances told before are told anew (folds trained side by side), the signs are no fresh coins: a new round
    begins with all its pairs, and `asked` divides α among the rounds.
    """
    weights: dict[str, float] = {}
    before: Pairs = {}
    rounds = 1
    for pairs in looks:
        if any(pairs.get(name) != pair for name, pair in before.items()):
            rounds, weights = rounds + 1, {}
        arrived = [name for name in sorted(pairs) if name not in weights]
        unit = _median_size([pair.difference for pair in pairs.values()])
        weights |= {name: _weight(pairs[name].difference, unit) for name in arrived}
        before = pairs
    wealth = [math.prod(1 + stake * weight for weight in weights.values()) for stake in STAKES]
    return Bets(wealth=sum(wealth) / len(STAKES), round=rounds)


def asked(*, alpha: float, number: int, rounds: int) -> float:
    """Return the wealth that a round asks for: α is divided among at most `rounds` of them as 1, 1/2, 1/3 ...

    The first round gets the largest share, since instances told once make only one. The shares sum to α (union
    bound), so the chance that an equal is ever outraced by this rival stays below α whatever the rounds.

    >>> asked(alpha=0.05, number=1, rounds=1)
    20.0
    """
    return number * math.fsum(1 / place for place in range(1, rounds + 1)) / alpha


def signed_rank(differences: Sequence[float]) -> tuple[float, float]:
    """Return (sum of the ranks of positive differences, one-sided p that it is so large by chance).

    Wilcoxon, "Individual comparisons by ranking methods" (Biometrics 1, 1945). Zeros are left out, tied sizes share
    their mean rank, infinite differences are the largest. Counted out over all signs up to `EXACT` pairs, ties
    included; beyond, normal with the variance corrected for ties and a continuity correction.
    """
    told = np.array([difference for difference in differences if difference], dtype=np.float64)
    if not told.size:
        return 0.0, 1.0
    _, place, count = np.unique(np.abs(told), return_inverse=True, return_counts=True)
    doubled = (2 * np.cumsum(count) - count + 1)[place]  # twice the mean ranks: whole numbers
    positive = int(doubled[told > 0].sum())
    if told.size <= EXACT:
        return positive / 2, _share_at_least(doubled.tolist(), positive)
    mean, variance = doubled.sum() / 2, float((doubled.astype(np.float64) ** 2).sum()) / 4
    return positive / 2, cdf(-(positive - 1 - mean) / math.sqrt(variance))


def corrected_t(differences: Sequence[float], *, test_share: float) -> tuple[float, float]:
    """Return (t, one-sided p) of the mean difference with the corrected resampled variance, (1/n + test/train) s².

    Nadeau and Bengio, "Inference for the generalization error" (Machine Learning 52, 2003): folds share training
    rows, so their mean varies more than s²/n says. test_share: rows tested on over rows trained on, in one fold. An
    infinite difference counts as the largest finite one. Needs two differences.
    """
    told = _bounded(differences)
    n = len(told)
    mean = math.fsum(told) / n
    variance = math.fsum((one - mean) ** 2 for one in told) / (n - 1)
    if not variance:
        return (math.inf, 0.0) if mean > 0 else (0.0 if not mean else -math.inf, 1.0)
    statistic = mean / math.sqrt((1 / n + test_share) * variance)
    return statistic, student_tail(statistic, n - 1)


def student_tail(statistic: float, freedom: int) -> float:
    """Return P(T >= statistic) of Student's t with a whole number of degrees of freedom.

    The finite series of Abramowitz and Stegun, 26.7.3 and 26.7.4.

    >>> round(student_tail(2.015048, 5), 6), student_tail(0.0, 4)
    (0.05, 0.5)
    """
    angle = math.atan(abs(statistic) / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    term = cosine if freedom % 2 else 1.0
    total = term if freedom > 1 or not freedom % 2 else 0.0
    for k in range(3 if freedom % 2 else 2, freedom - 1, 2):
        term *= (k - 1) / k * cosine**2
        total += term
    within = 2 / math.pi * (angle + sine * total) if freedom % 2 else sine * total
    tail = max(0.0, (1 - within) / 2)
    return tail if statistic >= 0 else 1 - tail


def _median_size(differences: Sequence[float]) -> float:
    """Return the median of the finite sizes that are not zero (an observed one); 0 where there is none."""
    sizes = sorted(abs(one) for one in differences if one and math.isfinite(one))
    return sizes[(len(sizes) - 1) // 2] if sizes else 0.0


def _weight(difference: float, unit: float) -> float:
    if not difference:
        return 0.0
    size = min(1.0, abs(difference) / unit) if unit else 1.0
    return math.copysign(size, difference)


def _share_at_least(doubled: Sequence[int], positive: int) -> float:
    """Return the share of all sign patterns whose sum of doubled ranks over the positive is at least `positive`."""
    patterns = [1] + [0] * sum(doubled)
    for rank in doubled:
        for total in range(len(patterns) - 1, rank - 1, -1):
            patterns[total] += patterns[total - rank]
    at_least: int = sum(patterns[positive:])
    return at_least / (1 << len(doubled))


def _bounded(differences: Sequence[float]) -> list[float]:
    largest = max((abs(one) for one in differences if math.isfinite(one)), default=0.0) or 1.0
    return [one if math.isfinite(one) else math.copysign(largest, one) for one in differences]
