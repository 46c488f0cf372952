"""The series store."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_django import DjangoAssertNumQueries

from tests.trials.builders import NOW, a_study, an_attempt
from trials import series
from trials.endings import requeue
from trials.models import Attempt, MetricSummary, SeriesChunk, SeriesTail
from trials.reporting import report
from trials.series import Point
from trials.series.codec import by_series, pack_batch, unpack_batch

pytestmark = pytest.mark.usefixtures("reviewer")

HORIZON = 5000


@pytest.fixture
def attempt(db: None) -> Attempt:
    return an_attempt(a_study(horizon=HORIZON))


def test_a_packed_batch_unpacks_to_itself() -> None:
    points = [
        Point(step=1, metrics={"loss": 0.1, "lr": float("nan")}),
        Point(step=7, metrics={"loss": float("-inf")}, labels={"fold": "é"}),
    ]

    unpacked = {key: (steps.tolist(), values) for key, steps, values in unpack_batch(pack_batch(by_series(points)))}

    assert unpacked["loss", "{}"][0] == [1]
    assert np.isnan(unpacked["lr", "{}"][1]).all()
    assert unpacked["loss", '{"fold":"é"}'][1].tolist() == [float("-inf")]


def test_many_points_are_packed_into_chunks_and_read_the_same(attempt: Attempt) -> None:
    rng = np.random.default_rng(0)
    told = rng.normal(size=HORIZON)
    for batch in range(50):
        hundred = range(batch * 100 + 1, batch * 100 + 101)
        points = [Point(step=step, metrics={"loss": float(told[step - 1])}) for step in hundred]
        report(attempt_id=attempt.pk, batch=batch + 1, points=points, at=NOW)

    steps, values = series.read(attempt.trial, "loss")
    assert steps.tolist() == list(range(1, HORIZON + 1))
    assert np.array_equal(values, told)
    assert SeriesChunk.objects.exists()
    assert SeriesTail.objects.filter(payload__isnull=False).count() < 5


def test_compacting_twice_changes_nothing(attempt: Attempt) -> None:
    report(attempt_id=attempt.pk, batch=1, points=[Point(step=1, metrics={"loss": 1.0})], at=NOW)

    assert series.compact(attempt.trial) == 2  # the loss and the clock
    assert series.compact(attempt.trial) == 0

    assert series.read(attempt.trial, "loss")[1].tolist() == [1.0]


def test_a_summary_holds_first_last_lowest_and_highest(attempt: Attempt) -> None:
    for batch, (step, loss) in enumerate([(1, 3.0), (2, 1.0), (3, float("nan")), (4, 2.0)], start=1):
        report(attempt_id=attempt.pk, batch=batch, points=[Point(step=step, metrics={"loss": loss})], at=NOW)

    summary = MetricSummary.objects.get()
    assert (summary.first_value, summary.last, summary.n_points) == (3.0, 2.0, 4)
    assert (summary.low_value, summary.low_step) == (1.0, 2)
    assert (summary.high_value, summary.high_step) == (3.0, 1)


def test_a_resumed_attempt_supersedes_the_older_points_from_its_checkpoint_on(attempt: Attempt) -> None:
    for batch, step in enumerate([1, 2, 3], start=1):
        report(attempt_id=attempt.pk, batch=batch, points=[Point(step=step, metrics={"loss": 1.0})], at=NOW)
    requeue(attempt, outcome="crashed", sentence="Killed.", at=NOW)
    again = an_attempt(attempt.trial.study)
    Attempt.objects.filter(pk=again.pk).update(resumed_from=2)

    report(attempt_id=again.pk, batch=1, points=[Point(step=3, metrics={"loss": 9.0})], at=NOW)

    steps, values = series.read(attempt.trial, "loss")
    assert steps.tolist() == [1, 2, 3]
    assert values.tolist() == [1.0, 1.0, 9.0]


def told(attempt: Attempt, batch: int, fold: str, *pairs: tuple[int, float]) -> None:
    """Report points of one fold in a batch of their own."""
    points = [Point(step=step, metrics={"val_loss": value}, labels={"fold": fold}) for step, value in pairs]
    report(attempt_id=attempt.pk, batch=batch, points=points, at=NOW)


def test_instances_are_the_series_that_carry_a_label(attempt: Attempt) -> None:
    told(attempt, 1, "0", (1, 5.0), (2, 4.0))
    told(attempt, 2, "1", (1, 6.0))
    both = Point(step=3, metrics={"val_loss": 7.0}, labels={"fold": "0", "seed": "4"})
    others = [Point(step=4, metrics={"val_loss": 8.0}, labels={"seed": "4"}), Point(step=5, metrics={"val_loss": 9.0})]
    report(attempt_id=attempt.pk, batch=3, points=[both, *others], at=NOW)

    for _ in range(2):
        found = series.read_instances(attempt.trial, "val_loss", "fold")
        assert {name: values.tolist() for name, (_, values) in found.items()} == {
            "0": [5.0, 4.0],
            "1": [6.0],
            '{"fold":"0","seed":"4"}': [7.0],
        }
        series.compact(attempt.trial)


def test_a_point_of_an_instance_told_again_or_late_is_left_out(attempt: Attempt) -> None:
    told(attempt, 1, "0", (1, 5.0), (4, 4.0))
    told(attempt, 2, "0", (2, 9.0), (4, 9.5), (6, 3.0))

    steps, values = series.read_instances(attempt.trial, "val_loss", "fold")["0"]

    assert (steps.tolist(), values.tolist()) == ([1, 4, 6], [5.0, 4.0, 3.0])


def test_instances_are_read_as_an_attempt_knew_them(attempt: Attempt) -> None:
    told(attempt, 1, "0", (1, 5.0), (2, 4.0))
    requeue(attempt, outcome="worker_lost", sentence="Lost.", at=NOW)
    second = an_attempt(attempt.trial.study)
    told(second, 1, "0", (1, 7.0))

    before = series.read_instances(attempt.trial, "val_loss", "fold", attempt=1)["0"]
    now = series.read_instances(attempt.trial, "val_loss", "fold")["0"]

    assert (before[1].tolist(), now[1].tolist()) == ([5.0, 4.0], [7.0])


def test_series_of_many_trials_are_read_in_three_queries(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    study = a_study(horizon=HORIZON)
    attempts = [an_attempt(study) for _ in range(3)]
    for attempt in attempts:
        report(attempt_id=attempt.pk, batch=1, points=[Point(step=1, metrics={"loss": 1.0})], at=NOW)

    with django_assert_num_queries(3):
        found = series.read_many([attempt.trial_id for attempt in attempts], "loss")

    assert len(found) == 3
