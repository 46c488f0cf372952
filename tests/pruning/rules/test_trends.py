"""Trend, overfitting and plateau: gates that read a window of the trial's own reports."""

import math

import numpy as np
import pytest

from pruning.policy import Policy
from pruning.rules.asha import Asha
from pruning.rules.base import Curve, Draw, Facts, Kind, SettingError
from pruning.rules.overfitting import Overfitting
from pruning.rules.plateau import Plateau
from pruning.rules.slopes import theil_sen
from pruning.rules.trend import Trend
from pruning.safeguards import Safeguards
from tests.pruning.builders import LOOKS, alone, at_look, curve

FALLING = [3.0 - 0.2 * n for n in range(6)]
RISING = [2.0 + 0.01 * n for n in range(10)]
TRAINING = [3.0 - 0.1 * n for n in range(16)]
FLAT = [3.0, 2.0, 1.5, 1.2, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]


def test_the_slope_is_the_median_of_all_pairs_and_shrugs_off_one_outlier() -> None:
    slope = theil_sen(curve(1.0, 2.0, 3.0, 400.0, 5.0, 6.0, 7.0), 7)

    assert slope is not None
    assert slope.slope == 1.0
    assert slope.low <= 1.0 <= slope.high


def test_the_interval_is_the_one_of_the_textbook() -> None:
    # scipy.stats.theilslopes gives the same ordered slopes at 90 %.
    from scipy.stats import theilslopes

    values = np.random.default_rng(3).normal(size=20).cumsum()
    slope = theil_sen(curve(*values), 20)
    expected = theilslopes(values, np.arange(1, 21), alpha=0.90)

    assert slope is not None
    assert slope.slope == pytest.approx(expected.slope)
    assert (slope.low, slope.high) == pytest.approx((expected.low_slope, expected.high_slope), abs=0.05)


def test_a_steady_worsening_is_noticed() -> None:
    verdict = Trend(reports=10).judge(alone(*FALLING, *RISING))

    assert (verdict.kind, verdict.reason, verdict.motive) == (Kind.WARN, "unstable", "risk")
    assert verdict.sentence() == "Noticed at step 16: val_loss has risen 0.0100 a step over the last 10 reports."


def test_a_falling_or_a_flat_curve_is_not() -> None:
    assert Trend(reports=5).judge(alone(*FALLING)).kind is Kind.KEEP
    assert Trend(reports=5).judge(alone(*[1.0] * 8)).kind is Kind.KEEP


def test_validation_that_rises_while_training_falls_is_overfitting() -> None:
    facts = alone(*FALLING, *RISING, others={"train_loss": curve(*TRAINING)})

    verdict = Overfitting(reports=10).judge(facts)

    assert (verdict.kind, verdict.reason, verdict.motive) == (Kind.STOP, "overfitting", "generalisation")
    assert verdict.sentence() == (
        "Stopped at step 16: val_loss has risen 0.0100 a step over the last 10 reports "
        "while train_loss has fallen 0.1000 a step; its best, 2.0000, was at step 6."
    )


@pytest.mark.parametrize(
    "train",
    [None, curve(*[3.0 + 0.1 * n for n in range(16)]), curve(*[math.nan] * 16)],
    ids=["not told", "rising too", "not a number"],
)
def test_without_falling_training_it_is_not_overfitting(train: Curve | None) -> None:
    others = {} if train is None else {"train_loss": train}

    assert Overfitting(reports=10).judge(alone(*FALLING, *RISING, others=others)).kind is Kind.KEEP


def test_a_flat_curve_has_nothing_more_to_gain() -> None:
    verdict = Plateau(reports=5).judge(alone(*FLAT))

    assert (verdict.kind, verdict.reason) == (Kind.FINISH, "plateaued")
    assert verdict.sentence() == (
        "Finished at step 10: nothing more to gain: val_loss has not improved in 5 reports; "
        "its best, 1.0000 at step 5, counts."
    )


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([3.0, 2.0, 1.5, 1.2, 1.0, 0.8, 0.6, 0.4, 0.2], Kind.KEEP),
        ([1.0] * 4, Kind.KEEP),
        ([3.0, 1.0, 1.02, 0.99, 1.01, 0.98, 1.0, 1.01], Kind.FINISH),
        ([math.nan] * 9, Kind.KEEP),
    ],
    ids=["still gaining", "too short", "within its noise", "never a number"],
)
def test_what_counts_as_a_plateau(values: list[float], kind: Kind) -> None:
    assert Plateau(reports=5).judge(alone(*values)).kind is kind


def policy() -> Policy:
    return Policy(
        looks=LOOKS,
        gates=(Plateau(reports=3, share=0.0),),
        strategy=Asha(eta=2),
        safeguards=Safeguards(min_peers=3, control_every=10),
    )


def level(value: float, peers: list[float], **more: object) -> Facts:
    steps = [1, 2, 3, 4, 5, 6, 7, 8]
    return at_look(value, peers, step=8, curve=Curve.of(steps, [value] * 8), **more)  # type: ignore[arg-type]


KEPT = [1.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 9.1, 9.2, 9.3, 9.4, 9.5, 9.6, 9.7]


def test_at_a_look_a_plateau_finishes_a_trial_that_would_go_on() -> None:
    verdict = policy().judge(level(2.0, KEPT))

    assert (verdict.kind, verdict.rule) == (Kind.FINISH, "plateau")
    assert [said["verdict"] for said in verdict.evidence["concurring"]] == ["KEEP"]  # type: ignore[attr-defined]


def test_a_stop_wins_over_a_plateau() -> None:
    assert policy().judge(level(8.5, KEPT)).rule == "asha"


def test_the_best_a_pinned_and_a_control_trial_are_not_finished() -> None:
    assert policy().judge(level(0.5, KEPT)).reason == "incumbent"
    assert policy().judge(level(2.0, KEPT, is_pinned=True)).reason == "pinned"
    assert policy().judge(level(2.0, KEPT, draw=Draw(suggestion=3, every=10, place=3))).reason == "control"


def test_between_looks_a_plateau_only_warns_and_once() -> None:
    assert policy().judge(alone(3.0, 1.0, 1.0, 1.0, 1.0)).kind is Kind.WARN
    assert policy().judge(alone(3.0, 1.0, 1.0, 1.0, 1.0, 1.0)).kind is Kind.KEEP


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [
        (Trend, {"reports": 4}),
        (Trend, {"action": "prune"}),
        (Trend, {"grace": -1}),
        (Overfitting, {"metric": ""}),
        (Plateau, {"reports": 2}),
        (Plateau, {"share": 1.0}),
        (Plateau, {"min_gain": -1.0}),
    ],
)
def test_nonsense_is_refused(rule: type, chosen: dict[str, object]) -> None:
    with pytest.raises(SettingError, match=next(iter(chosen))):
        rule(**chosen)
