"""Races keep what their level promises, whatever the looks; and they do end where one side is worse."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from pruning.races import Pair, Pairs, Told, asked, bet, corrected_t, signed_rank, student_tail

FOLDS = 20
ALPHA = 0.1


def pairs(own: Sequence[float], rival: Sequence[float], *, step: int = 1) -> Pairs:
    """Return pairs of the first folds told, all after the same amount of training."""
    return {
        f"{fold:02}": Pair(own=Told(step=step, key=mine), rival=Told(step=step, key=theirs))
        for fold, (mine, theirs) in enumerate(zip(own, rival, strict=False))
    }


def looks_one_by_one(own: Sequence[float], rival: Sequence[float]) -> list[Pairs]:
    """Return what is known after each further fold."""
    return [pairs(own[:n], rival) for n in range(1, len(own) + 1)]


def is_outraced(looks: list[Pairs], *, alpha: float = ALPHA) -> bool:
    """Say whether the betting reaches what is asked at any look."""
    for n in range(1, len(looks) + 1):
        bets = bet(looks[:n])
        if bets.wealth >= asked(alpha=alpha, number=bets.round, rounds=len(looks)):
            return True
    return False


def equals(seed: int) -> tuple[list[float], list[float]]:
    """Return two equal configurations: a fold's difficulty is shared, the rest is chance."""
    random = np.random.default_rng(seed)
    difficulty = random.gamma(2.0, 0.5, FOLDS)
    return (difficulty + random.normal(0, 0.1, FOLDS)).tolist(), (difficulty + random.normal(0, 0.1, FOLDS)).tolist()


def test_equals_looked_at_after_every_fold_are_rarely_outraced() -> None:
    outraced = sum(is_outraced(looks_one_by_one(*equals(seed))) for seed in range(300))

    assert 0 < outraced <= ALPHA * 300


def test_the_same_looks_with_an_uncorrected_wilcoxon_stop_far_more() -> None:
    """Why the correction is there: a test at p < 0.1 after each fold from the fifth on."""
    stopped = 0
    for seed in range(300):
        own, rival = equals(seed)
        differences = np.subtract(own, rival)
        stopped += any(signed_rank(differences[:n].tolist())[1] < ALPHA for n in range(5, FOLDS + 1))

    assert stopped > 2 * ALPHA * 300


def test_equals_whose_folds_are_told_anew_at_every_look_are_rarely_outraced() -> None:
    outraced = 0
    for seed in range(300):
        own, rival = np.array(equals(seed))
        drift = np.random.default_rng(seed).normal(0, 0.03, (2, 6, FOLDS)).cumsum(axis=1)
        looks = [pairs(own + drift[0, at], rival + drift[1, at], step=at + 1) for at in range(6)]
        outraced += is_outraced(looks)

    assert outraced <= ALPHA * 300


def test_equals_with_values_that_are_no_numbers_are_rarely_outraced() -> None:
    outraced = 0
    for seed in range(300):
        own, rival = np.array(equals(seed))
        broken = np.random.default_rng(seed).random((2, FOLDS)) < 0.15
        own[broken[0]], rival[broken[1]] = math.inf, math.inf
        outraced += is_outraced(looks_one_by_one(own.tolist(), rival.tolist()))

    assert outraced <= ALPHA * 300


def test_one_that_is_worse_on_every_fold_is_outraced_after_few() -> None:
    _, rival = equals(1)

    assert is_outraced(looks_one_by_one([value + 1 for value in rival], rival)[:10], alpha=0.05)
    assert not is_outraced(looks_one_by_one([value - 1 for value in rival], rival), alpha=0.05)


def test_folds_told_once_make_one_round_and_folds_told_anew_one_per_look() -> None:
    own, rival = equals(2)

    assert bet(looks_one_by_one(own, rival)).round == 1
    assert bet([pairs(own, rival, step=at) for at in (1, 2, 3)]).round == 3


def test_the_rounds_share_the_level() -> None:
    shares = [1 / asked(alpha=0.05, number=number, rounds=7) for number in range(1, 8)]

    assert sum(shares) == pytest.approx(0.05)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 4.0, 1e6])
def test_the_unit_of_the_metric_changes_nothing(scale: float) -> None:
    own, rival = equals(3)
    scaled = bet([pairs([scale * value for value in own], [scale * value for value in rival])])

    assert scaled.wealth == pytest.approx(bet([pairs(own, rival)]).wealth)


def test_a_fold_without_a_number_counts_as_the_worst_and_leaves_the_others_in_the_race() -> None:
    rival = [1.0] * 8
    worse = [1.5, 1.4, 1.3, 1.2, 1.6, 1.1, 1.7, 1.8]

    broken = bet([pairs([math.inf, *worse[1:]], rival)])
    whole = bet([pairs(worse, rival)])
    both = bet([pairs([math.inf, *worse[1:]], [math.inf, *rival[1:]])])

    assert broken.wealth >= whole.wealth > both.wealth > 1


@pytest.mark.parametrize("n", [5, 12, 25, 60])
def test_signed_ranks_agree_with_scipy(n: int) -> None:
    told = np.random.default_rng(n).normal(0.2, 1, n)
    method = "exact" if n <= 25 else "asymptotic"
    theirs = stats.wilcoxon(told, alternative="greater", method=method, correction=method != "exact")

    statistic, p = signed_rank(told.tolist())

    assert statistic == theirs.statistic
    assert p == pytest.approx(theirs.pvalue, rel=1e-9)


SIGNED_RANKS = [
    ("all worse", [1.0, 2.0, 3.0, 4.0, 5.0], 15.0, 1 / 32),
    ("all better", [-1.0, -2.0, -3.0], 0.0, 1.0),
    ("ties share their rank", [1.0, 1.0, -1.0], 4.0, 4 / 8),
    ("zeros are left out", [0.0, 1.0, 2.0], 3.0, 1 / 4),
    ("nothing differs", [0.0, 0.0], 0.0, 1.0),
    ("an infinite one is the largest", [math.inf, 1.0, -2.0], 4.0, 3 / 8),
]


@pytest.mark.parametrize(("told", "statistic", "p"), [r[1:] for r in SIGNED_RANKS], ids=[r[0] for r in SIGNED_RANKS])
def test_signed_ranks_of_few_pairs_are_counted_out(told: list[float], statistic: float, p: float) -> None:
    assert signed_rank(told) == (statistic, p)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 19, 40])
@pytest.mark.parametrize("statistic", [-3.0, -0.5, 0.0, 0.2, 1.7, 4.0])
def test_the_tail_of_students_t_agrees_with_scipy(statistic: float, freedom: int) -> None:
    assert student_tail(statistic, freedom) == pytest.approx(stats.t.sf(statistic, freedom), abs=1e-13)


def test_the_corrected_variance_makes_t_smaller_than_the_plain_one() -> None:
    told = [0.3, 0.1, 0.2, 0.4, 0.0]
    plain = stats.ttest_1samp(told, 0, alternative="greater")

    statistic, p = corrected_t(told, test_share=0.25)

    assert statistic == pytest.approx(plain.statistic * math.sqrt(0.2 / (0.2 + 0.25)))
    assert p > plain.pvalue
    assert corrected_t(told, test_share=0.0)[1] == pytest.approx(plain.pvalue)


def test_t_without_any_spread_is_settled_by_the_sign() -> None:
    assert corrected_t([0.1] * 5, test_share=0.25) == (math.inf, 0.0)
    assert corrected_t([0.0] * 5, test_share=0.25) == (0.0, 1.0)
    assert corrected_t([-0.1] * 5, test_share=0.25) == (-math.inf, 1.0)


def test_t_takes_a_fold_without_a_number_for_the_largest_difference() -> None:
    assert corrected_t([math.inf, 0.1, 0.3], test_share=0.5) == corrected_t([0.3, 0.1, 0.3], test_share=0.5)
