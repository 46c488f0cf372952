"""`trainable check` finds what is wrong, and finds nothing wrong with what is sound."""

from pathlib import Path

import pytest

from examples.own_training import OwnTraining
from tests.trials.trainables import faulty
from trials.trainables.base import Trainable
from trials.trainables.boosted_trees import BoostedTrees
from trials.trainables.check import check
from trials.trainables.digits_cnn import DigitsCnn
from trials.trainables.lora_lm import LoraLm


@pytest.mark.parametrize(
    "trainable",
    [faulty.Sound(), faulty.Diverging(), OwnTraining(), BoostedTrees(), DigitsCnn(), LoraLm()],
    ids=lambda trainable: type(trainable).__name__,
)
def test_nothing_is_wrong_with_what_is_sound(trainable: Trainable, cache: Path) -> None:
    assert check(trainable, resources={"cache": cache}) == []


@pytest.mark.parametrize(
    ("trainable", "codes", "sentence"),
    [
        pytest.param(faulty.Unseeded(), ["not_reproducible", "resume_differs"], "seed every draw", id="unseeded"),
        pytest.param(
            faulty.Forgetful(), ["resume_differs"], "after resuming from step 2: loss at step 3", id="forgetful"
        ),
        pytest.param(
            faulty.Restarting(), ["resume_restarts"], "it reported 1 again; read run.checkpoint", id="restarts"
        ),
        pytest.param(faulty.Deaf(), ["ignores_stop"], "told to stop at 2, it went on to report [3,", id="deaf"),
        pytest.param(faulty.Slow(), ["slow_stop"], "1.2 s passed between the halting answer and", id="slow"),
        pytest.param(faulty.Late(), ["late_checkpoint"], "step 1 was reported before it was saved", id="late"),
        pytest.param(faulty.Unsaved(), ["no_checkpoint"], "no report has a checkpoint", id="unsaved"),
        pytest.param(faulty.Backwards(), ["raised"], "step: 2 does not rise above 2", id="backwards"),
        pytest.param(
            faulty.Unplanned(), ["unplanned_step"] * 2, "step 1 was reported but is not among", id="unplanned"
        ),
        pytest.param(
            faulty.Undeclared(), ["undeclared_metric", "metric_not_reported"], "extra was reported but", id="undeclared"
        ),
        pytest.param(faulty.Raising(), ["raised"], "RuntimeError: the disk fell off (line ", id="raising"),
        pytest.param(faulty.Silent(), ["nothing_reported"], "call run.report(step, metrics)", id="silent"),
        pytest.param(faulty.ShortPlan(), ["report_steps"], "must rise strictly and end at the horizon 8", id="short"),
        pytest.param(faulty.Aimless(), ["no_objective"], "no metric has a direction", id="aimless"),
    ],
)
def test_a_mistake_is_found_and_named(trainable: Trainable, codes: list[str], sentence: str) -> None:
    findings = check(trainable)

    assert [finding.code for finding in findings][: len(codes)] == codes
    assert any(sentence in str(finding) for finding in findings)


def test_bad_settings_are_told_before_anything_trains() -> None:
    findings = check(DigitsCnn(), settings={"epochs": 0})

    assert [str(finding) for finding in findings] == ["settings: epochs: 0 is below 1; give at least 1"]


def test_it_tells_what_it_is_doing() -> None:
    told: list[str] = []

    check(faulty.Sound(), tell=told.append)

    assert told == ["training without interruption", "training again, to be stopped", "resuming the stopped trial"]
