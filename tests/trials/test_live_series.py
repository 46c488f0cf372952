"""The series of running attempts, kept from report to report."""

from __future__ import annotations

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from tests.trials.builders import NOW, a_study, an_attempt, tell
from trials import series
from trials.models import Attempt, MetricSummary, SeriesTail
from trials.reporting import report
from trials.series import Point, live

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reviewer")]

LOSS = ("loss", "{}")


@pytest.fixture
def attempt() -> Attempt:
    return an_attempt(a_study(horizon=1000))


def told(attempt: Attempt, *, batch: int) -> tuple[list[int], list[float]]:
    """Return the loss as kept, having checked that the store says the same."""
    steps, values = series.of_attempt(attempt, batch=batch)[LOSS]
    stored = series.read(attempt.trial, "loss", attempt=attempt.number)
    assert (steps.tolist(), values.tolist()) == (stored[0].tolist(), stored[1].tolist())
    return steps.tolist(), values.tolist()


def test_what_is_kept_grows_with_every_batch(
    attempt: Attempt, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for batch in range(1, 101):
        tell(attempt, batch, batch, 1 / batch)

    with django_assert_num_queries(0):
        steps, _ = series.of_attempt(attempt, batch=100)[LOSS]

    assert steps.tolist() == list(range(1, 101))
    assert told(attempt, batch=100)[1][-1] == 0.01


def test_every_series_of_a_batch_is_kept_apart(attempt: Attempt) -> None:
    points = [
        Point(step=1, metrics={"loss": 0.5, "lr": 0.1}),
        Point(step=2, metrics={"loss": 0.4}, labels={"fold": "1"}),
    ]
    report(attempt_id=attempt.pk, batch=1, points=points, at=NOW)

    kept = series.of_attempt(attempt, batch=1)

    assert {key: values.tolist() for key, (_, values) in kept.items()} == {
        LOSS: [0.5],
        ("lr", "{}"): [0.1],
        ("loss", '{"fold":"1"}'): [0.4],
    }


def test_a_batch_that_was_rolled_back_is_forgotten(attempt: Attempt) -> None:
    tell(attempt, 1, 1, 0.5)
    with transaction.atomic():
        tell(attempt, 2, 2, 99.0)
        transaction.set_rollback(True)

    tell(attempt, 2, 2, 0.4)

    assert told(attempt, batch=2) == ([1, 2], [0.5, 0.4])


def test_a_batch_that_another_process_stored_is_read(attempt: Attempt) -> None:
    tell(attempt, 1, 1, 0.5)
    before = dict(live._kept)
    tell(attempt, 2, 2, 0.4)
    live._kept.clear()
    live._kept.update({place: live._Kept(1, {}) for place in before})  # as a process that missed the second batch

    tell(attempt, 3, 3, 0.3)

    assert told(attempt, batch=3) == ([1, 2, 3], [0.5, 0.4, 0.3])


def test_a_process_that_knows_nothing_reads_everything(attempt: Attempt) -> None:
    tell(attempt, 1, 1, 0.5)
    live._kept.clear()

    assert told(attempt, batch=1) == ([1], [0.5])


def test_packing_the_tails_changes_nothing(attempt: Attempt) -> None:
    tell(attempt, 1, 1, 0.5)
    series.compact(attempt.trial)
    tell(attempt, 2, 2, 0.4)

    assert SeriesTail.objects.filter(payload__isnull=False).count() == 1
    assert told(attempt, batch=2) == ([1, 2], [0.5, 0.4])


def test_only_so_many_attempts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "ATTEMPTS", 2)
    study = a_study(horizon=10)
    attempts = [an_attempt(study) for _ in range(3)]

    for attempt in attempts:
        tell(attempt, 1, 1, 0.5)

    assert len(live._kept) == 2
    assert told(attempts[0], batch=1) == ([1], [0.5])


def test_a_batch_that_another_process_stored_meanwhile_gets_its_first_answer(attempt: Attempt) -> None:
    tell(attempt, 1, 1, 0.5)
    place, kept = next((place, kept) for place, kept in live._kept.items() if place[1] == attempt.trial.uid)
    tell(attempt, 2, 2, 0.4)
    live._kept[place] = _as_it_was(kept)  # this process has not heard of the second batch

    tell(attempt, 2, 2, 0.4)

    assert told(attempt, batch=2) == ([1, 2], [0.5, 0.4])
    assert SeriesTail.objects.filter(attempt=attempt).count() == 2


def test_summaries_are_those_that_are_stored(attempt: Attempt) -> None:
    for batch, loss in enumerate([0.5, float("nan"), 0.2, 0.9], start=1):
        tell(attempt, batch, batch, loss)

    (summary,) = MetricSummary.objects.filter(trial=attempt.trial)

    assert (summary.n_points, summary.first_value, summary.last_value, summary.last_step) == (4, 0.5, 0.9, 4)
    assert (summary.low_value, summary.low_step, summary.high_value, summary.high_step) == (0.2, 3, 0.9, 4)


def _as_it_was(kept: live._Kept) -> live._Kept:
    steps, values = kept.series[LOSS].read()
    return live._Kept(1, {LOSS: (steps[:1], values[:1])})


def test_so_does_one_of_labelled_points_alone(attempt: Attempt) -> None:
    tell(attempt, 1, 1, 0.5)
    place, kept = next((place, kept) for place, kept in live._kept.items() if place[1] == attempt.trial.uid)
    fold = [Point(step=2, metrics={"loss": 0.4}, labels={"fold": "1"})]
    report(attempt_id=attempt.pk, batch=2, points=fold, at=NOW)
    live._kept[place] = _as_it_was(kept)

    decision = report(attempt_id=attempt.pk, batch=2, points=fold, at=NOW)

    assert decision.action == "KEEP"
    assert SeriesTail.objects.filter(attempt=attempt).count() == 2
