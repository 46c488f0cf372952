import math

import pytest

from pruning.rules.base import Kind, SettingError
from pruning.rules.divergence import Divergence
from pruning.rules.threshold import Threshold
from tests.pruning.builders import alone, curve

FALLING = [4.0, 3.0, 2.5, 2.2, 2.1, 2.05]

TABLE = [
    # (id, values, kind)
    ("falling", FALLING, Kind.KEEP),
    ("one spike", [*FALLING, 9.0, 2.0], Kind.KEEP),
    ("two reports far above", [*FALLING, 9.0, 9.5], Kind.KEEP),
    ("three reports far above", [*FALLING, 10.0, 12.0, 15.0], Kind.STOP),
    ("a slow steady rise", [2.0 + 0.001 * n for n in range(10)], Kind.KEEP),
    ("flat, then a hair above", [1.0] * 8 + [1.0 + 1e-9] * 3, Kind.KEEP),
    ("exploding", [2.0, 2.1, 6.0, 30.0, 900.0, 1e5, 1e8, 1e12], Kind.STOP),
    ("losing all that it had gained", [4.0, 3.0, 2.0, 1.0, 3.9, 3.9, 3.9, 3.9], Kind.KEEP),
    ("a reward that collapses to its beginning", [-10.0, -50.0, -90.0, -9.0, -11.0, -12.0, -10.0], Kind.KEEP),
    ("not a number", [*FALLING, math.nan], Kind.STOP),
    ("infinite", [math.inf], Kind.STOP),
    ("recovered from not a number", [math.nan, *FALLING], Kind.KEEP),
]


@pytest.mark.parametrize(("values", "kind"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_counts_as_diverged(values: list[float], kind: Kind) -> None:
    assert Divergence().judge(alone(*values)).kind is kind


def test_a_runaway_is_told_with_its_beginning_and_its_best() -> None:
    verdict = Divergence().judge(alone(*FALLING, 10.0, 12.0, 15.0))

    assert verdict.reason == "diverged"
    assert verdict.motive == "risk"
    assert verdict.sentence().startswith("Stopped at step 9: val_loss 15.0000 has been more than ")
    assert verdict.sentence().endswith(
        "above its first value (4.0000 at step 1) for 3 reports in a row; its best was 2.0500 at step 6."
    )


def test_only_an_objective_that_is_not_a_number_is_hard() -> None:
    rule = Divergence(extra_metrics=("train_loss",))
    bad = {"train_loss": curve(1.0, math.nan, math.nan)}

    assert rule.judge(alone(1.0, math.nan)).hard
    other = rule.judge(alone(3.0, 2.0, 1.0, others=bad))
    assert (other.kind, other.hard) == (Kind.STOP, False)
    assert other.sentence() == "Stopped at step 3: train_loss is not a number for 2 reports, since step 2."


def test_an_undefined_start_can_be_allowed() -> None:
    patient = Divergence(non_finite_reports=3)

    assert patient.judge(alone(math.nan, math.nan)).kind is Kind.KEEP
    assert patient.judge(alone(math.nan, math.nan, math.nan)).kind is Kind.STOP


def test_grace_spares_a_runaway_and_not_a_non_number() -> None:
    rule = Divergence(grace=20)

    assert rule.judge(alone(*FALLING, 10.0, 12.0, 15.0)).kind is Kind.KEEP
    assert rule.judge(alone(math.nan)).kind is Kind.STOP


@pytest.mark.parametrize("setting", ["reports", "window", "noise", "grace", "non_finite_reports"])
def test_divergence_refuses_nonsense(setting: str) -> None:
    with pytest.raises(SettingError, match=setting):
        Divergence(**{setting: -1})  # type: ignore[arg-type]


def test_a_limit_stops_with_the_code_the_plan_chose() -> None:
    rule = Threshold(metric="ece", upper=0.2, reason="miscalibrated", reports=2)
    facts = alone(1.0, 0.9, others={"ece": curve(0.25, 0.3)})

    verdict = rule.judge(facts)

    assert (verdict.kind, verdict.reason, verdict.motive) == (Kind.STOP, "miscalibrated", "generalisation")
    assert verdict.sentence() == "Stopped at step 2: ece 0.3000 is above the limit 0.2000 for 2 reports in a row."


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_limit_is_passed_by_any_value_that_is_not_finite(value: float) -> None:
    assert Threshold(upper=5.0).judge(alone(value)).kind is Kind.STOP


def test_a_limit_can_only_warn() -> None:
    assert Threshold(upper=0.5, action="warn").judge(alone(1.0)).kind is Kind.WARN


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"upper": math.nan},
        {"upper": 1.0, "lower": 2.0},
        {"upper": 1.0, "reason": "bad"},
        {"upper": 1.0, "action": "x"},
    ],
)
def test_a_limit_refuses_nonsense(chosen: dict[str, object]) -> None:
    with pytest.raises(SettingError, match=r"^(upper|lower|reason|action): "):
        Threshold(**chosen)  # type: ignore[arg-type]
