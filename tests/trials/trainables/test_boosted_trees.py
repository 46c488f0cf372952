"""Boosted trees in folds."""

import pytest

from tests.trials.trainables.conftest import MakeRun
from trials.trainables.boosted_trees import BoostedTrees
from trials.trainables.local import stop_at

TREES = BoostedTrees()
SMALL = dict(TREES.small_settings)
PARAMS = {"max_features": 0.4, "learning_rate": 0.2}


def test_the_objective_is_the_mean_over_the_folds(make_run: MakeRun) -> None:
    run = make_run(settings=SMALL)
    TREES.train(run)

    folds = [point.metrics["val_loss"] for point in run.points if point.step == 10 and point.labels]
    assert len(folds) == 3
    assert run.values("val_loss")[10] == pytest.approx(sum(folds) / 3)


def test_each_fold_has_a_series_of_its_own_told_before_the_mean(make_run: MakeRun) -> None:
    run = make_run(settings=SMALL, judge=stop_at(5))
    TREES.train(run)

    assert [point.labels for point in run.points if point.step == 5][-1] == {}
    assert [point.labels.get("fold") for point in run.points[:3]] == ["0", "1", "2"]


def test_a_resumed_trial_equals_an_uninterrupted_one_bit_for_bit(make_run: MakeRun) -> None:
    whole, stopped = make_run(settings=SMALL, params=PARAMS), make_run(settings=SMALL, params=PARAMS)
    stopped.judge = lambda step, metrics: (
        stop_at(10)(step, metrics) if "val_accuracy" in metrics else whole.judge(0, {})
    )
    TREES.train(whole)
    TREES.train(stopped)

    resumed = make_run(settings=SMALL, params=PARAMS, checkpoint=stopped.last_checkpoint)
    TREES.train(resumed)

    assert stopped.points + resumed.points == whole.points


def test_a_checkpoint_holds_no_more_than_how_far_it_is(make_run: MakeRun) -> None:
    run = make_run(settings=SMALL)
    TREES.train(run)

    best = run.best_value("val_loss")
    assert run.last_checkpoint.read_text() == f'{{"rounds": 20, "best": {best}}}'


def test_the_rows_held_out_are_evaluated(make_run: MakeRun) -> None:
    run = make_run(settings=SMALL)
    TREES.train(run)
    run.checkpoint = run.best_checkpoint

    found = TREES.evaluate(run)

    assert found["test_accuracy"] > 0.85
    assert 0 < found["test_loss"] < 0.5


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        pytest.param({"rounds": 25, "report_every": 10}, "report_every: 10 does not divide the 25 rounds", id="rest"),
        pytest.param({"folds": 1}, "folds: 1 is below 2", id="one fold"),
        pytest.param({"trees": 10}, "trees: there is no such setting", id="typo"),
    ],
)
def test_bad_settings_are_named(given: dict[str, object], complaint: str) -> None:
    problems = TREES.check_settings(given)

    assert [problem.startswith(complaint) for problem in problems] == [True]
