"""The safeguards `uncertain`, `diversity` and `quota`: when they hold, what they say, and what never helps a trial."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pruning.places import distance, nearest
from pruning.policy import Policy
from pruning.rules.asha import Asha
from pruning.rules.base import Curve, Facts, Kind, SettingError
from pruning.rules.racing import Racing
from pruning.rules.settings import PolicyError
from pruning.rules.surroundings import Place
from pruning.safeguards import Safeguards
from tests.pruning.builders import LOOKS, at_look

PEERS = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
"""With eta 2 the best five of ten go on: the cut is 4.5 or 5, next to it."""


def policy(**safeguards: Any) -> Policy:
    return Policy(looks=LOOKS, strategy=Asha(eta=2), safeguards=Safeguards(**safeguards))


def told(values: Sequence[float]) -> dict[str, Curve]:
    """Return one value per fold, all at step 2."""
    return {str(fold): Curve.of([2], [value]) for fold, value in enumerate(values)}


class Cube:
    """Places that are known beforehand."""

    def __init__(self, places: Mapping[int, Place]) -> None:
        self.places = places

    def of(self, trials: Sequence[int]) -> Mapping[int, Place]:
        return {trial: self.places[trial] for trial in trials if trial in self.places}


# uncertain


def test_a_cut_that_is_beaten_by_less_than_the_noise_between_folds_stops_nobody() -> None:
    verdict = policy(confidence=2.0, label="fold").judge(at_look(5.25, PEERS, instances=told([4.0, 5.0, 6.75])))

    assert (verdict.kind, verdict.reason, verdict.motive) == (Kind.PROTECT, "uncertain", "speed")
    assert verdict.evidence["margin"] == 0.25
    assert verdict.evidence["standard_error"] == pytest.approx(0.80364, rel=1e-4)
    assert verdict.sentence() == (
        "Spared at step 2: val_loss 5.2500 ranks 6 of 10; the best 5 go on (cut 5.0000), but the difference is within "
        "the noise: 0.2500 beyond the cut (1.6073 asked, 2.00 standard errors)."
    )


@pytest.mark.parametrize("maximize", [False, True])
def test_a_difference_beyond_the_noise_stands_in_either_direction(maximize: bool) -> None:
    sign = -1 if maximize else 1
    peers = [sign * value for value in PEERS]
    facts = at_look(sign * 5.25, peers, maximize=maximize, instances=told([5.2, 5.25, 5.3]))

    assert policy(confidence=2.0, label="fold").judge(facts).kind is Kind.STOP


def test_without_folds_the_noise_may_be_given() -> None:
    near = policy(confidence=2.0, noise=0.2).judge(at_look(5.25, PEERS))

    assert near.reason == "uncertain"
    assert near.sentence().endswith("0.2500 beyond the cut (0.4000 asked, 2.00 times the noise).")
    assert policy(confidence=2.0, noise=0.1).judge(at_look(5.25, PEERS)).kind is Kind.STOP


@pytest.mark.parametrize("instances", [{}, told([5.0])], ids=["no folds", "one fold"])
def test_noise_that_cannot_be_measured_protects_nobody(instances: dict[str, Curve]) -> None:
    assert policy(confidence=2.0, label="fold").judge(at_look(5.25, PEERS, instances=instances)).kind is Kind.STOP


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_never_uncertain(bad: float) -> None:
    chosen = policy(confidence=50.0, label="fold", noise=9.0)

    assert chosen.judge(at_look(bad, PEERS, instances=told([4.0, 6.0]))).kind is Kind.STOP
    assert chosen.judge(at_look(5.25, PEERS, instances=told([4.0, bad]))).kind is Kind.STOP


# diversity


def places(own: Place, kept: Place = (0.2, 0.2), *, cut_off: Place = (0.9, 0.9)) -> Cube:
    """Return the judged trial's place (number 9), one for the best five, one for the others."""
    return Cube({9: own, **dict.fromkeys(range(5), kept), **dict.fromkeys(range(5, 9), cut_off)})


def test_a_trial_near_the_cut_and_far_from_all_that_go_on_is_spared() -> None:
    verdict = policy(diversity=0.3).judge(at_look(5.25, PEERS, places=places((0.9, 0.2))))

    assert (verdict.kind, verdict.reason) == (Kind.PROTECT, "diversity")
    assert verdict.evidence["nearest"] == pytest.approx(0.7 / math.sqrt(2))
    assert verdict.evidence["nearest_trial"] == 0
    assert verdict.sentence().endswith("but it is unlike all that go on: nearest 0.49 away (0.30 asked).")


NOT_SPARED = [
    ("near to one that goes on", 5.25, places((0.3, 0.3)), ()),
    ("beyond one and a half times the quota", 7.5, places((0.9, 0.2)), ()),
    ("like one that was spared before", 5.25, places((0.9, 0.85)), (5,)),
    ("a fifth was spared already", 5.25, places((0.2, 0.9)), (5, 6)),
    ("not a number", math.nan, places((0.9, 0.2)), ()),
    ("nobody knows its place", 5.25, Cube({}), ()),
    ("not asked for places", 5.25, None, ()),
]


@pytest.mark.parametrize(("value", "cube", "spared"), [r[1:] for r in NOT_SPARED], ids=[r[0] for r in NOT_SPARED])
def test_others_are_not_spared_for_their_diversity(value: float, cube: Cube | None, spared: tuple[int, ...]) -> None:
    assert policy(diversity=0.3).judge(at_look(value, PEERS, places=cube, spared=spared)).kind is Kind.STOP


DISTANCES: list[tuple[str, Place, Place, float]] = [
    ("the same", (0.5, "adam", None), (0.5, "adam", None), 0.0),
    ("opposite corners", (0.0, 0.0, 1.0), (1.0, 1.0, 0.0), 1.0),
    ("another category counts 1", (0.5, "adam"), (0.5, "sgd"), math.sqrt(1 / 2)),
    ("absent is one more category", (0.5, None), (0.5, 0.1), math.sqrt(1 / 2)),
    ("a quarter apart in one of four", (0.25, 0.5, 0.5, 0.5), (0.5, 0.5, 0.5, 0.5), 0.125),
    ("beyond the range counts no more than 1", (0.0,), (3.0,), 1.0),
    ("no parameters", (), (), 0.0),
]


@pytest.mark.parametrize(("one", "other", "apart"), [r[1:] for r in DISTANCES], ids=[r[0] for r in DISTANCES])
def test_distances_in_the_unit_cube(one: Place, other: Place, apart: float) -> None:
    assert distance(one, other) == pytest.approx(apart)
    assert distance(other, one) == distance(one, other)


def test_of_equally_near_ones_the_earliest_counts() -> None:
    assert nearest((0.5,), [(8, (0.25,)), (3, (0.75,)), (1, (1.0,))]) == (0.25, 3)
    assert nearest((0.5,), []) is None


# quota


def test_enough_stops_within_the_hour_spare_the_next() -> None:
    verdict = policy(stops_per_hour=2).judge(at_look(5.25, PEERS, hours=3.0, halts=[1.0, 2.5, 2.9]))

    assert (verdict.kind, verdict.reason) == (Kind.PROTECT, "quota")
    assert verdict.evidence["stopped_lately"] == 2
    assert verdict.sentence().endswith("but 2 trials went no further in the last hour (2 allowed).")


@pytest.mark.parametrize("halts", [[], [2.5], [1.0, 1.9, 2.0, 2.5]], ids=["none", "one", "older than an hour"])
def test_fewer_stops_do_not(halts: list[float]) -> None:
    assert policy(stops_per_hour=2).judge(at_look(5.25, PEERS, hours=3.0, halts=halts)).kind is Kind.STOP


def test_a_run_without_a_clock_has_no_quota() -> None:
    assert policy(stops_per_hour=1).judge(at_look(5.25, PEERS, halts=[1.0])).kind is Kind.STOP


# settings


REFUSED = [
    ({"confidence": 0.0, "label": "fold"}, "confidence: 0.0 is not a positive number"),
    ({"confidence": 2.0}, "confidence: 2.0 has no noise to be measured by: give label"),
    ({"label": "fold"}, "label: 'fold' is for confidence alone"),
    ({"noise": 0.1}, "noise: 0.1 is for confidence alone"),
    ({"confidence": 2.0, "noise": -1.0}, "noise: -1.0 is not a positive number"),
    ({"diversity": 0.0}, "diversity: 0.0 is not between 0 and 1"),
    ({"diversity": 1.0}, "diversity: 1.0 is not between 0 and 1"),
    ({"stops_per_hour": 0}, "stops_per_hour: 0 is below 1"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_nonsense_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Safeguards(**settings)


def test_a_policy_asks_for_nothing_unless_a_rule_or_safeguard_does() -> None:
    assert not policy().needs
    asking = Policy(strategy=Racing(label="seed"), safeguards=Safeguards(diversity=0.3, stops_per_hour=5))

    assert asking.needs
    assert (asking.needs.label, asking.needs.rival, asking.needs.places, asking.needs.hours) == ("seed", *[True] * 3)
    assert not asking.needs.resources


LABELS = [
    ("unknown", Racing(label="folds"), {}, "policy.strategy.label: unknown label 'folds'; did you mean 'fold'?"),
    (
        "two labels",
        Racing(),
        {"confidence": 2.0, "label": "seed"},
        "policy.safeguards.label: 'seed' is not the 'fold' of policy.strategy.label: use one label for both",
    ),
]


@pytest.mark.parametrize(("rule", "safeguards", "message"), [r[1:] for r in LABELS], ids=[r[0] for r in LABELS])
def test_labels_must_fit_the_study_and_each_other(rule: Racing, safeguards: dict[str, Any], message: str) -> None:
    chosen = Policy(looks=LOOKS, strategy=rule, safeguards=Safeguards(**safeguards))

    found = chosen.problems(horizon=16, labels=["fold", "seed"])

    assert [str(problem) for problem in found] == [message]


def test_an_objective_without_labels_has_no_folds_to_race_over() -> None:
    (found,) = Policy(looks=LOOKS, strategy=Racing()).problems(horizon=16, labels=[])

    assert str(found) == (
        "policy.strategy.label: 'fold' is no label of the objective, which is told without any: leave the setting out"
    )


def test_a_wrong_safeguard_is_refused_by_path() -> None:
    with pytest.raises(PolicyError, match=r"policy\.safeguards\.diversity: 2\.0 is not between 0 and 1"):
        Policy.from_mapping({"safeguards": {"diversity": 2}})


def facts_without_a_cut() -> Facts:
    return at_look(9.0, PEERS[:2], instances=told([1.0, 2.0]))


def test_a_strategy_without_a_cut_is_not_asked_how_uncertain_it_is() -> None:
    chosen = Policy(looks=LOOKS, strategy=Racing(), safeguards=Safeguards(min_peers=0, confidence=9.0, label="fold"))

    assert chosen.judge(facts_without_a_cut()).kind is Kind.ABSTAIN
