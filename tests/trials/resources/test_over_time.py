"""Counts and hours over a study's life."""

import numpy as np
import pytest

from tests.trials.resources.test_lanes import attempts
from trials.resources.forecast import FEWEST, forecast
from trials.resources.over_time import Trials, hours, moments, states

NAN = float("nan")


def trials() -> Trials:
    """Four trials: one finished, one stopped at 20 s, one paused at 30 s, one that waits."""
    return Trials(
        created=np.array([0.0, 0.0, 5.0, 6.0]),
        number=np.arange(4),
        ended=np.array([40.0, 20.0, NAN, NAN]),
        end=["finished", "stopped", "", ""],
        saved=np.array([0.0, 3600.0, 1800.0, 0.0]),
        saved_at=np.array([NAN, 20.0, 30.0, NAN]),
        saved_by=["", "stopped", "paused", ""],
    )


ATTEMPTS = attempts((1, 40), (10, 20), (20, 30), slots=(0, 1, 1), kinds=("finished", "speed", "paused"))
AT = np.array([0.0, 5.0, 15.0, 25.0, 35.0, 40.0])


def test_every_trial_stands_somewhere_at_every_moment() -> None:
    found = states(trials(), ATTEMPTS, AT)

    assert found.running.tolist() == [0, 1, 2, 2, 1, 0]
    assert found.stopped.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.paused.tolist() == [0, 0, 0, 0, 1, 1]
    assert found.finished.tolist() == [0, 0, 0, 0, 0, 1]
    assert found.waiting.tolist() == [2, 2, 2, 1, 1, 1]
    total = found.running + found.stopped + found.paused + found.finished + found.waiting + found.otherwise
    assert total.tolist() == [2, 3, 4, 4, 4, 4]


def test_what_still_runs_runs_at_the_newest_moment() -> None:
    found = states(trials(), attempts((1, 40), kinds=("running",)), np.array([40.0]))

    assert found.running.tolist() == [1]


def test_hours_are_spent_as_attempts_run_and_saved_when_a_rule_speaks() -> None:
    found = hours(trials(), ATTEMPTS, AT)

    assert found.spent * 3600 == pytest.approx([0, 4, 14 + 5, 24 + 10 + 5, 34 + 10 + 10, 39 + 10 + 10])
    assert found.stopped.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.paused.tolist() == [0, 0, 0, 0, 0.5, 0.5]
    assert found.finished_early.tolist() == [0] * 6


def test_moments_hold_both_ends() -> None:
    assert moments((3.0, 9.0), 4).tolist() == [3, 5, 7, 9]


def test_a_forecast_waits_for_a_few_trials() -> None:
    assert forecast([1.0] * (FEWEST - 1), spent=4.0, remaining=10) is None


def test_a_forecast_adds_the_mean_of_those_that_ended_for_each_to_come() -> None:
    found = forecast([1.0, 2.0, 3.0, 2.0, 2.0], spent=10.5, remaining=10)

    assert found is not None
    assert found.mean == pytest.approx(10 + 10 * 2)
    # Standard deviation 0.707; of ten more, and of the mean they are forecast by: 1.645 * 0.707 * sqrt(10 + 100 / 5).
    assert found.high - found.mean == pytest.approx(6.371, abs=1e-3)
    assert found.mean - found.low == pytest.approx(6.371, abs=1e-3)


def test_a_forecast_is_never_below_what_is_spent() -> None:
    found = forecast([1.0, 9.0, 0.1, 4.0, 2.0], spent=18.0, remaining=1)

    assert found is not None
    assert found.low >= 18.0


def test_a_forecast_of_a_study_without_trials_to_come_is_what_was_spent() -> None:
    assert forecast([1.0, 9.0, 0.1, 4.0, 2.0], spent=16.1, remaining=0) == pytest.approx((16.1, 16.1, 16.1))
