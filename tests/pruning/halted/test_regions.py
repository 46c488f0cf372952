"""The test for unfairly pruned regions: what is wrong by construction is found, what is fair is not, thin is thin."""

import numpy as np
import pytest

from pruning.halted.outcomes import Outcomes, Places
from pruning.halted.regions import SMALLEST_GAIN, Region, regions_of, sight, thin, unfair


def played(
    n: int = 400, *, seed: int = 0, wrong: bool, every: int = 10, choices: bool = False, ends: float = 3.0
) -> Outcomes:
    """Return a study in which the half that looks worse at the one look was stopped, but for the control arm.

    Where it is wrong, trials in the upper quarter of `lr` look worst at the look and end best. ends: by how much they
    end better than others of their quality, which spreads by 1.
    """
    random = np.random.default_rng(seed)
    lr, width = random.uniform(size=(2, n))
    slow = lr >= 0.75
    quality = random.normal(size=n)
    early, final = quality + random.normal(0, 0.5, n), quality + random.normal(0, 0.5, n)
    if wrong:
        early, final = np.where(slow, early + 2.0, early), np.where(slow, final - ends, final)
    control = np.arange(n) % every == 3
    stopped = (early > np.median(early)) & ~control
    spared = (early > np.median(early)) & control
    kind = np.where(stopped, "speed", np.where(spared, "control", "finished"))
    places = {"width": Places("width", width)}
    if choices:
        places["lr"] = Places("lr", slow.astype(float), ("fast start", "slow start"))
    else:
        places["lr"] = Places("lr", lr)
    return Outcomes(
        looks=(4,),
        number=np.arange(n),
        kind=kind.tolist(),
        reason=["outpaced" if one else "" for one in stopped],
        step=np.where(stopped, 4, 64),
        at_looks=np.stack([early, np.where(stopped, np.nan, final)], axis=1),
        control=control,
        places=places,
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_region_pruned_wrongly_is_named_with_trials_that_say_so(seed: int) -> None:
    outcomes = played(wrong=True, seed=seed)

    found = unfair(outcomes, seed=seed)

    assert [one.region.name for one in found] == ["lr"]
    (one,) = found
    assert one.region.high == 1.0
    assert one.region.low >= 0.5
    assert one.p <= 0.05
    assert one.gain > one.least > SMALLEST_GAIN
    assert all(outcomes.places["lr"].at[number] >= one.region.low for number in one.telling)


def test_a_choice_pruned_wrongly_is_named() -> None:
    found = unfair(played(wrong=True, choices=True))

    assert [one.region for one in found] == [Region("lr", 0.0, 1.0, "slow start")]


def test_fair_pruning_raises_an_alarm_at_most_once_in_twenty_studies() -> None:
    alarms = sum(bool(unfair(played(wrong=False, seed=seed), seed=seed, permutations=199)) for seed in range(100))

    # One-sided 99.9 % bound of a binomial with 100 draws of 0.05.
    assert alarms <= 13


def test_fair_pruning_of_a_small_study_raises_next_to_no_alarm() -> None:
    alarms = sum(
        bool(unfair(played(n=200, wrong=False, seed=seed), seed=seed, permutations=199)) for seed in range(100)
    )

    # Against no margin the same hundred studies raise 5.
    assert alarms <= 2


@pytest.mark.parametrize("seed", range(3))
def test_of_ten_thousand_trials_a_gain_not_worth_telling_is_seen_and_not_named(seed: int) -> None:
    outcomes = played(n=10_000, wrong=True, ends=-1.3, seed=seed)

    seen = unfair(outcomes, margin=0.0, permutations=199)

    assert [one.region.name for one in seen] == ["lr"]
    assert 0 < seen[0].least < SMALLEST_GAIN
    assert unfair(outcomes, permutations=199) == []


def test_of_ten_thousand_trials_the_region_pruned_wrongly_alone_is_named() -> None:
    found = unfair(played(n=10_000, wrong=True), permutations=199)

    assert [one.region for one in found] == [Region("lr", 0.75, 1.0)]
    assert found[0].gain - found[0].least < 0.1


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
def test_a_region_is_named_where_its_lower_limit_exceeds_the_smallest_gain(alpha: float) -> None:
    for seed in range(10):
        found = unfair(played(n=150, wrong=True, ends=1.0, seed=seed), alpha=alpha, permutations=99, seed=seed)

        assert all(one.p <= alpha and one.least > SMALLEST_GAIN for one in found)


def test_the_same_study_gives_the_same_answer() -> None:
    outcomes = played(wrong=True)

    assert unfair(outcomes) == unfair(outcomes)


def test_too_few_control_trials_say_nothing() -> None:
    outcomes = played(n=60, wrong=True, every=30)
    outcomes.at_looks[~outcomes.control, -1] = np.nan

    assert unfair(outcomes) == ()


def test_values_that_are_not_numbers_and_parameters_that_do_not_vary_are_left_out() -> None:
    outcomes = played(wrong=True)
    outcomes.at_looks[::7] = np.nan
    outcomes.places["width"].at[::2] = np.nan

    assert {one.region.name for one in unfair(outcomes)} <= {"lr"}


def test_a_study_without_stops_has_no_unfair_and_no_thin_region() -> None:
    outcomes = played(wrong=False)
    free = Outcomes(**{**outcomes.__dict__, "kind": ["finished"] * len(outcomes)})

    assert unfair(free) == ()
    assert thin(free, first_look=4) == []


def test_a_region_where_nearly_all_were_stopped_and_few_spared_is_thin() -> None:
    outcomes = played(n=200, wrong=True, every=67)

    found = thin(outcomes, first_look=4)

    assert found[0].region == Region("lr", 0.75, 1.0)
    assert found[0].stopped / found[0].ended > 0.9
    assert found[0].at_first_look == found[0].stopped
    assert found[0].spared <= 2
    assert found[0].high >= 0.84


def test_wrong_stops_widen_what_is_still_possible() -> None:
    outcomes = played(n=200, wrong=True, every=67)
    inside = Region("lr", 0.75, 1.0).holds(outcomes.places["lr"])
    spared = frozenset(int(number) for number in outcomes.number[inside & outcomes.spared])

    (one,) = [one for one in thin(outcomes, first_look=4, wrong=spared) if one.region.low == 0.75]

    assert one.wrong == one.spared == len(spared)
    assert one.high == 1.0


def test_regions_are_all_stretches_but_the_whole_and_every_choice() -> None:
    found = list(regions_of(played(wrong=False, choices=True)))

    assert len([one for one in found if one.name == "width"]) == 9
    assert [one.choice for one in found if one.name == "lr"] == ["fast start", "slow start"]


def test_every_place_of_a_range_lies_in_one_part() -> None:
    places = Places("x", np.array([0.0, 0.25, 0.5, 0.999, 1.0, 1.2, np.nan]))
    parts = [Region("x", low / 4, (low + 1) / 4).holds(places) for low in range(4)]

    assert np.sum(parts, axis=0).tolist() == [1, 1, 1, 1, 1, 1, 0]


def late(n: int = 200, *, seed: int) -> Outcomes:
    """Return a study of two looks in which, at the end, a rule has stopped nine in ten everywhere.

    Trials in the upper quarter of `lr` look worst at the first look, so they were stopped there, and end best.
    """
    random = np.random.default_rng(seed)
    lr = random.uniform(size=n)
    slow = lr >= 0.75
    early = random.normal(size=n) + np.where(slow, 2.0, 0.0)
    middle, final = random.normal(size=n), random.normal(size=n) - np.where(slow, 2.5, 0.0)
    control = np.arange(n) % 20 == 3
    goes_on = control | (random.uniform(size=n) < 0.06)
    step = np.where(goes_on, 64, np.where(early > np.median(early), 4, 12))
    at_looks = np.stack([early, np.where(step > 4, middle, np.nan), np.where(goes_on, final, np.nan)], axis=1)
    return Outcomes(
        looks=(4, 12),
        number=np.arange(n),
        kind=["finished" if one else "speed" for one in goes_on],
        reason=["" if one else "outpaced" for one in goes_on],
        step=step,
        at_looks=at_looks,
        control=control,
        places={"lr": Places("lr", lr)},
    )


def test_a_region_stopped_earlier_is_found_though_as_much_of_all_was_stopped_in_the_end() -> None:
    found = [unfair(late(seed=seed), seed=seed, permutations=299) for seed in range(12)]

    assert sum(any(one.region.high == 1.0 for one in regions) for regions in found) >= 10


def test_a_region_that_holds_many_of_the_control_arm_may_still_have_been_pruned_harder() -> None:
    random = np.random.default_rng(0)
    slow = np.arange(80) < 20
    # All ten inside that a rule may stop were stopped, 40 of 54 outside: with the control arm, 50 % against 67 %.
    control = np.isin(np.arange(80), [*range(10), *range(20, 26)])
    stopped = np.isin(np.arange(80), [*range(10, 20), *range(26, 66)])
    early = random.normal(size=80) + np.where(slow, 2.0, 0.0)
    final = random.normal(size=80) - np.where(slow, 4.0, 0.0)
    outcomes = Outcomes(
        looks=(4,),
        number=np.arange(80),
        kind=["speed" if one else "finished" for one in stopped],
        reason=["outpaced" if one else "" for one in stopped],
        step=np.where(stopped, 4, 64),
        at_looks=np.stack([early, np.where(stopped, np.nan, final)], axis=1),
        control=control,
        places={"lr": Places("lr", np.where(slow, 0.9, np.linspace(0.0, 0.7, 80)))},
    )

    assert [one.region for one in unfair(outcomes)] == [Region("lr", 0.75, 1.0)]


def test_what_could_be_seen_shrinks_with_the_trials_that_can_tell() -> None:
    many, few = sight(played(wrong=False, every=5)), sight(played(wrong=False, every=40))

    assert many is not None
    assert few is not None
    assert many.told > few.told or many.gain < few.gain
    assert 0 < many.gain < 0.5
    assert many.parts == 8


def test_a_wrong_of_the_size_that_could_be_seen_is_seen() -> None:
    outcomes = [played(wrong=True, every=5, seed=seed) for seed in range(5)]

    for one in outcomes:
        could, (found, *_) = sight(one), unfair(one)
        assert could is not None
        assert found.gain > could.gain


def test_of_too_few_trials_nothing_could_be_seen() -> None:
    outcomes = played(n=60, wrong=True, every=30)
    outcomes.at_looks[~outcomes.control, -1] = np.nan

    assert sight(outcomes) is None
