"""Gradient, robustness and miscalibration: gates that read other metrics and warn unless told to stop."""

import math

import pytest

from pruning.rules.base import Curve, Kind, SettingError
from pruning.rules.gradient import Gradient
from pruning.rules.miscalibration import Miscalibration
from pruning.rules.robustness import Robustness
from tests.pruning.builders import alone, curve

USUAL = [1.0, 1.1, 0.9, 1.0, 1.2, 0.8]


def with_norms(*norms: float) -> Kind:
    values = [2.0] * len(norms)
    return Gradient().judge(alone(*values, others={"grad_norm": curve(*norms)})).kind


@pytest.mark.parametrize(
    ("norms", "kind"),
    [
        (USUAL, Kind.KEEP),
        ([*USUAL, 0.0, 0.0], Kind.KEEP),
        ([*USUAL, 0.0, 0.0, 0.0], Kind.WARN),
        ([*USUAL, 50.0, 60.0], Kind.KEEP),
        ([*USUAL, 50.0, 60.0, 70.0], Kind.WARN),
        ([*USUAL, math.nan, math.inf, math.nan], Kind.WARN),
        ([*USUAL, 50.0, 60.0, 1.0], Kind.KEEP),
    ],
    ids=["usual", "lost twice", "lost", "high twice", "exploding", "not finite", "recovered"],
)
def test_what_a_gradient_may_do(norms: list[float], kind: Kind) -> None:
    assert with_norms(*norms) is kind


def test_a_lost_gradient_and_an_exploding_one_have_their_own_codes_and_words() -> None:
    lost = Gradient().judge(alone(*[2.0] * 9, others={"grad_norm": curve(*USUAL, 0.0, 0.0, 0.0)}))
    high = Gradient(action="stop").judge(alone(*[2.0] * 9, others={"grad_norm": curve(*USUAL, 50.0, 60.0, 70.0)}))

    assert (lost.reason, high.reason) == ("gradient_lost", "unstable")
    assert lost.sentence() == "Noticed at step 9: grad_norm 0 has not been above 1e-8 for 3 reports in a row."
    assert high.sentence() == (
        "Stopped at step 9: grad_norm 70.0000 has been above 20 times its usual 1.0000 for 3 reports in a row."
    )


def test_without_its_metric_a_diagnostic_says_nothing() -> None:
    for rule in (Gradient(), Robustness(), Miscalibration()):
        assert rule.judge(alone(2.0, 1.0)).kind is Kind.KEEP


def told(hard: Curve, plain: Curve) -> dict[str, Curve]:
    return {"long_perplexity": hard, "val_perplexity": plain}


def test_a_model_that_breaks_on_long_input_is_fragile() -> None:
    verdict = Robustness().judge(alone(2.0, 1.0, others=told(curve(90.0, 75.0), curve(40.0, 30.0))))

    assert (verdict.kind, verdict.reason, verdict.motive) == (Kind.WARN, "fragile", "risk")
    assert verdict.sentence() == (
        "Noticed at step 2: long_perplexity 75.0000 has been more than 2.0 times val_perplexity 30.0000 "
        "for 2 reports in a row."
    )


def test_values_of_different_steps_are_not_compared() -> None:
    apart = told(Curve.of([1, 3], [90.0, 80.0]), Curve.of([2, 4], [40.0, 30.0]))

    assert Robustness(reports=1).judge(alone(2.0, 1.0, others=apart)).kind is Kind.KEEP


def test_a_model_whose_probabilities_are_off_is_miscalibrated() -> None:
    verdict = Miscalibration().judge(alone(2.0, 1.5, 1.0, others={"ece": curve(0.2, 0.15, 0.12)}))

    assert (verdict.kind, verdict.reason, verdict.motive) == (Kind.WARN, "miscalibrated", "generalisation")
    assert verdict.sentence() == "Noticed at step 3: ece 0.1200 is above the limit 0.1000 for 3 reports in a row."


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [
        (Gradient, {"metric": ""}),
        (Gradient, {"floor": -1.0}),
        (Gradient, {"factor": 1.0}),
        (Gradient, {"reports": 0}),
        (Robustness, {"metric": ""}),
        (Robustness, {"factor": 0.5}),
        (Robustness, {"action": "prune"}),
        (Miscalibration, {"limit": 0.0}),
        (Miscalibration, {"grace": -1}),
    ],
)
def test_nonsense_is_refused(rule: type, chosen: dict[str, object]) -> None:
    with pytest.raises(SettingError, match=next(iter(chosen))):
        rule(**chosen)
