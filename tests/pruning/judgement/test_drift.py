"""Drift: the newest trials held against all, on populations that are drawn and on some counted by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from pruning.calibrated_population import CalibratedPopulation
from pruning.judgement import drift
from pruning.judgement.drift import Sign, at_least, evidence, place, sentence
from pruning.population import Population
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.rules.calibration import Calibration, Terms

LOOKS, HORIZON = (1, 2), 4
Draw = Callable[[np.random.Generator, int], tuple[float, float, float]]


def steady(dice: np.random.Generator, number: int) -> tuple[float, float, float]:
    end = dice.normal()
    return end + dice.normal(), end + 0.5 * dice.normal(), end


def better_later(dice: np.random.Generator, number: int) -> tuple[float, float, float]:
    first, second, end = steady(dice, number)
    return (first - 2, second - 2, end - 2) if number >= 140 else (first, second, end)


def blind_later(dice: np.random.Generator, number: int) -> tuple[float, float, float]:
    """Return a trial whose early values tell the end no more from trial 120 on, and mislead."""
    first, second, end = steady(dice, number)
    return (first, -first, first) if number >= 120 else (first, second, end)


def rounded(dice: np.random.Generator, number: int) -> tuple[float, float, float]:
    first, second, end = steady(dice, number)
    return float(round(first)), second, end


def a_population(draw: Draw, n: int = 200, seed: int = 5, **settings: object) -> tuple[CalibratedPopulation, Terms]:
    """Return a study in which every trial trains to its end, calibrated once all have come."""
    dice = np.random.default_rng(seed)
    population = CalibratedPopulation(looks=LOOKS, horizon=HORIZON, watches=True)
    for number in range(n):
        for step, value in zip((*LOOKS, HORIZON), draw(dice, number), strict=True):
            population.observe(number, step, value=value, best=value)
        population.complete(number)
    return population, CalibratedHalving(**settings).terms  # type: ignore[arg-type]  # a test names settings freely


def found(draw: Draw, **more: object) -> tuple[tuple[Sign, ...], Calibration]:
    population, terms = a_population(draw, **more)  # type: ignore[arg-type]  # n, seed or settings
    made = population.calibration(terms)
    return population.signs, made


def test_trials_that_stay_alike_seldom_show_drift() -> None:
    alarms = sum(bool(found(steady, seed=seed)[0]) for seed in range(20))

    assert alarms <= 2


@pytest.mark.parametrize(
    ("draw", "sign", "step"),
    [
        pytest.param(better_later, "arrivals", 1, id="newer trials rank better"),
        pytest.param(better_later, "wandering", 2, id="their mean place has wandered"),
        pytest.param(blind_later, "link", 1, id="the order predicts otherwise"),
        pytest.param(rounded, "ties", 1, id="values that cannot be told apart"),
    ],
)
def test_a_change_is_found_where_it_happens(draw: Draw, sign: str, step: int) -> None:
    signs, _ = found(draw)

    assert (sign, step) in {(one.sign, one.step) for one in signs}
    assert all(one.last <= 199 and one.first <= one.last for one in signs)


def test_few_trials_say_nothing() -> None:
    assert found(better_later, n=79)[0] == ()


def test_off_looks_for_nothing() -> None:
    assert found(better_later, drift="off")[0] == ()


def test_a_window_is_as_long_as_it_says() -> None:
    signs, _ = found(better_later)

    (arrivals,) = (one for one in signs if (one.sign, one.step) == ("arrivals", 1))
    assert (arrivals.n, arrivals.first, arrivals.last) == (drift.WINDOW, 140, 199)
    assert arrivals.observed < 0.5


def test_values_that_are_no_numbers_are_no_ties() -> None:
    def diverging(dice: np.random.Generator, number: int) -> tuple[float, float, float]:
        first, second, end = steady(dice, number)
        return (float("inf") if number % 2 else first), second, end

    assert "ties" not in {one.sign for one in found(diverging)[0]}


@pytest.mark.parametrize(("key", "expected"), [(1.0, 0.125), (2.0, 0.5), (3.0, 0.875)])
def test_a_place_is_the_mean_of_its_ties(key: float, expected: float) -> None:
    population = Population()
    for number, value in enumerate([1.0, 2.0, 2.0, 3.0]):
        population.observe(number, 1, value=value, best=value)

    assert place(population.rung(1), key) == expected


@pytest.mark.parametrize(
    ("hits", "n", "chance", "expected"),
    [(0, 5, 0.1, 1.0), (1, 1, 0.2, 0.2), (1, 2, 0.5, 0.75), (2, 3, 0.5, 0.5), (3, 3, 0.1, 0.001)],
)
def test_the_binomial_tail(hits: int, n: int, chance: float, expected: float) -> None:
    assert at_least(hits, n, chance) == pytest.approx(expected)


@pytest.mark.parametrize(("n_lucky", "is_found"), [(0, False), (1, True)])
def test_spared_trials_that_beat_the_best_more_often_than_the_risk_allows_are_a_sign(
    n_lucky: int, is_found: bool
) -> None:
    """Five spared of 205 flagged at a risk of 20 %: one that beats the best has a chance of about 0.5 %."""
    population, terms = a_population(steady)
    for number in range(200, 205):
        lucky = number < 200 + n_lucky
        for step in (*LOOKS, HORIZON):
            value = -9.0 if lucky and step == HORIZON else 5.0
            population.observe(number, step, value=value, best=value)
        population.flag(number, step=1, weight=20.0)
        population.complete(number)
    for number in range(205, 405):
        population.observe(number, 1, value=6.0 + number, best=6.0 + number)
        population.eliminate(number, 1)
    population.calibration(terms)

    spared = [one for one in population.signs if one.sign == "spared"]

    assert bool(spared) is is_found
    assert all(one.statistic == pytest.approx(1 - (1 - 0.2 / 205) ** 5) for one in spared)


@pytest.mark.parametrize(("setting", "lcb", "after"), [("warn", 1.0, 1.0), ("widen", 1.0, 2.0), ("widen", 3.0, 3.0)])
def test_widening_lowers_links_by_two_errors_and_says_so(setting: str, lcb: float, after: float) -> None:
    signs, made = found(better_later, drift=setting, lcb=lcb)

    told = evidence(signs, made)

    assert (told["lcb"], told["lcb_after"]) == (lcb, after)
    changed = "From here on links are lowered by 2.00 standard errors, not 1.00."
    assert sentence(told).endswith(changed if after > lcb else "Nothing is changed.")


def test_a_widened_study_calibrates_anew_under_wider_terms_and_counts_on() -> None:
    population, terms = a_population(steady, drift="widen")
    before = population.calibration(terms)

    population.widen()

    assert population.in_force(terms) is None
    after = population.calibration(terms)
    assert (before.version, after.version) == (1, 2)
    assert after.terms.shrinkage.lcb == 2.0
    assert after.rungs[0].keep > before.rungs[0].keep
    population.restate(Calibration.from_mapping(after.to_mapping()))
    assert population.in_force(terms) == after


def test_a_policy_that_only_warns_is_not_widened() -> None:
    population, terms = a_population(steady)
    before = population.calibration(terms)

    population.widen()

    assert population.calibration(terms) is before


def test_a_sentence_tells_the_numbers_of_its_evidence() -> None:
    signs, made = found(better_later)

    told = evidence(signs, made)

    assert sentence(told).startswith(
        f"Drift at calibration {made.version}: the newest 60 trials at step 1 stand better"
    )
    swapped = {**told, "signs": [{**one, "observed": 0.9, "expected": 0.5} for one in told["signs"]]}
    assert sentence(swapped) != sentence(told)
