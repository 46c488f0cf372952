"""Every trial's curve and clock, read at once."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from pytest_django import DjangoAssertNumQueries

from tests.trials.builders import NOW, a_study, an_attempt, tell
from trials import series
from trials.endings import requeue
from trials.models import Attempt, Study
from trials.reporting import BadReport, report
from trials.series import Flat, Point

pytestmark = pytest.mark.usefixtures("reviewer")


@pytest.fixture
def study(db: None) -> Study:
    return a_study(horizon=100)


def tell_at(attempt: Attempt, batch: int, step: int, seconds: float | None, *, after_s: float = 0.0) -> None:
    point = Point(step=step, metrics={"loss": float(step)}, elapsed_s=seconds)
    report(attempt_id=attempt.pk, batch=batch, points=[point], at=NOW + timedelta(seconds=after_s))


def resumed(attempt: Attempt, step: int) -> Attempt:
    """Lose the attempt after ten seconds; return the one that goes on from a checkpoint."""
    requeue(attempt, outcome="worker_lost", sentence="Lost.", at=NOW + timedelta(seconds=10))
    again = an_attempt(attempt.trial.study)
    Attempt.objects.filter(pk=again.pk).update(resumed_from=step)
    return again


def test_all_curves_read_at_once_are_the_curves_read_one_by_one(study: Study) -> None:
    first, second, third = (an_attempt(study) for _ in range(3))
    for step in (1, 2, 3):
        tell(first, step, step, loss=1.0 / step)
    series.compact(first.trial)
    tell(first, 4, 5, loss=0.1)
    tell(third, 1, 1, loss=7.0)
    for step in (1, 2, 3):
        tell(second, step, step, loss=2.0)
    tell(resumed(second, 2), 1, 3, loss=9.0)

    flat = series.read_study(study, "loss")

    one_by_one = series.read_many(flat.trials.tolist(), "loss")
    assert len(flat.trials) == len(one_by_one) == 3
    for place, trial in enumerate(flat.trials.tolist()):
        for found, expected in zip(flat.curve(place), one_by_one[trial], strict=True):
            assert np.array_equal(found, expected)


def test_all_curves_cost_three_queries(study: Study, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(3):
        tell(an_attempt(study), 1, 1, loss=1.0)

    with django_assert_num_queries(3):
        series.read_study(study, "loss")


def test_a_study_without_reports_has_no_curves(study: Study) -> None:
    flat = series.read_study(study, "loss")

    assert (flat.trials.size, flat.offsets.tolist(), flat.steps.size) == (0, [0], 0)


def test_some_of_the_curves_keep_their_points() -> None:
    flat = Flat(np.array([3, 5, 9]), np.array([0, 2, 3, 5]), np.array([1, 2, 1, 1, 4]), np.array([5.0, 6, 7, 8, 9]))

    kept = flat.only(np.array([True, False, True]))

    assert (kept.trials.tolist(), kept.offsets.tolist(), kept.values.tolist()) == ([3, 9], [0, 2, 4], [5, 6, 8, 9])


def test_the_senders_clock_counts_before_the_time_of_arrival(study: Study) -> None:
    attempt = an_attempt(study)
    tell_at(attempt, 1, 1, 2.5, after_s=100)
    tell_at(attempt, 2, 2, None, after_s=101)

    steps, seconds = series.read_seconds([attempt.trial_id])[attempt.trial_id]

    assert (steps.tolist(), seconds.tolist()) == ([1, 2], [2.5, 101.0])


def test_a_resumed_trial_has_trained_the_seconds_of_all_its_attempts(study: Study) -> None:
    attempt = an_attempt(study)
    for step in (1, 2, 3):
        tell_at(attempt, step, step, 2.0 * step)
    tell_at(resumed(attempt, 2), 1, 3, 1.0)

    by_reports = series.read_seconds([attempt.trial_id])[attempt.trial_id]
    whole = series.read_seconds([attempt.trial_id], whole=True)[attempt.trial_id]
    at_once = series.read_study_seconds(study)
    paid = series.read_study_seconds(study, whole=True)

    assert paid.values.tolist() == whole[1].tolist()
    assert by_reports[1].tolist() == [2.0, 4.0, 7.0]
    assert whole[1].tolist() == [2.0, 4.0, 11.0]
    assert (at_once.steps.tolist(), at_once.values.tolist()) == ([1, 2, 3], [2.0, 4.0, 7.0])


def test_points_find_their_seconds(study: Study) -> None:
    timed, other = an_attempt(study), an_attempt(study)
    for step in (2, 4):
        tell_at(timed, step, step, 10.0 * step)
        tell(other, step, step, loss=1.0)
    clock = series.read_study_seconds(study)
    clock = clock.only(clock.trials == timed.trial_id)

    seconds = series.sample(clock, series.read_study(study, "loss"))

    assert np.array_equal(seconds, [20.0, 40.0, np.nan, np.nan], equal_nan=True)


def test_the_clock_is_no_metric(study: Study) -> None:
    attempt = an_attempt(study)
    tell_at(attempt, 1, 1, 3.0)

    assert list(series.read_all([attempt.trial_id])[attempt.trial_id]) == [("loss", "{}")]
    assert series.names(attempt.trial) == [("loss", "{}")]


def test_points_without_any_time_store_none(study: Study) -> None:
    attempt = an_attempt(study)

    series.append(attempt, 1, [Point(step=1, metrics={"loss": 1.0})])

    assert series.read_seconds([attempt.trial_id]) == {}


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 1e12])
def test_a_time_that_is_none_is_refused(study: Study, seconds: float) -> None:
    with pytest.raises(BadReport, match="elapsed_s"):
        tell_at(an_attempt(study), 1, 1, seconds)
