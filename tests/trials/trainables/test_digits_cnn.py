"""The network on digits."""

import math

import pytest
import torch

from tests.trials.trainables.conftest import MakeRun
from trials.trainables.digits_cnn import DigitsCnn
from trials.trainables.digits_cnn.training import load_parts
from trials.trainables.local import stop_at

DIGITS = DigitsCnn()


def test_the_parts_share_no_image() -> None:
    train, validation, test = load_parts("cpu")
    images = torch.cat([part.images for part in (train, validation, test)]).flatten(1)

    assert [len(part.classes) for part in (train, validation, test)] == [1077, 360, 360]
    assert len(images.unique(dim=0)) == len(images)


def test_it_learns_the_digits(make_run: MakeRun) -> None:
    run = make_run(params={"learning_rate": 5e-3}, settings={"epochs": 5})
    DIGITS.train(run)
    run.checkpoint = run.best_checkpoint

    assert run.best_value("val_accuracy", maximize=True) > 0.9
    assert DIGITS.evaluate(run)["test_accuracy"] > 0.9


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_resumed_trial_equals_an_uninterrupted_one_bit_for_bit(make_run: MakeRun, optimizer: str) -> None:
    params, settings = {"optimizer": optimizer, "dropout": 0.3}, {"epochs": 4}
    whole, stopped = make_run(params=params, settings=settings), make_run(params=params, settings=settings)
    stopped.judge = stop_at(2)
    DIGITS.train(whole)
    DIGITS.train(stopped)

    resumed = make_run(params=params, settings=settings, checkpoint=stopped.last_checkpoint)
    DIGITS.train(resumed)

    assert stopped.points + resumed.points == whole.points


def test_a_loss_that_is_not_a_number_is_reported_as_such(make_run: MakeRun) -> None:
    run = make_run(params={"optimizer": "sgd", "learning_rate": 1e30}, settings={"epochs": 2})
    DIGITS.train(run)

    assert math.isnan(run.points[-1].metrics["val_loss"])
    assert len(run.points) == 2


def test_reports_stand_at_every_epoch() -> None:
    assert list(DIGITS.report_steps({"epochs": 3})) == [1, 2, 3]
