"""The one door through which trials report."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.trials.builders import NOW, STOP_AT_4, ScriptedReviewer, a_study, an_attempt
from trials import series
from trials.endings import halt_if_asked, stop_by_person
from trials.models import Attempt, Observation, SeriesTail, Study, Trial
from trials.reporting import BadReport, StaleAttempt, TrialFinished, report
from trials.seam import Action, Decision
from trials.series import Point

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reviewer")]


@pytest.fixture
def attempt(reviewer: type[ScriptedReviewer]) -> Attempt:
    return an_attempt(a_study())


def tell(attempt: Attempt, batch: int, *losses: tuple[int, float]) -> Decision:
    points = [Point(step=step, metrics={"loss": loss}) for step, loss in losses]
    return report(attempt_id=attempt.pk, batch=batch, points=points, at=NOW)


def test_a_report_is_stored_and_kept(attempt: Attempt) -> None:
    decision = tell(attempt, 1, (1, 0.9), (2, 0.8))

    steps, values = series.read(attempt.trial, "loss")
    assert decision.action is Action.KEEP
    assert steps.tolist() == [1, 2]
    assert values.tolist() == [0.9, 0.8]


def test_last_and_best_follow_the_objective(attempt: Attempt) -> None:
    tell(attempt, 1, (1, 0.9), (2, 0.5), (3, 0.7))

    trial = Trial.objects.get(pk=attempt.trial_id)
    assert (trial.last, trial.last_step) == (0.7, 3)
    assert (trial.best_value, trial.best_step) == (0.5, 2)


def test_a_replayed_batch_gets_its_first_answer_and_stores_nothing(
    attempt: Attempt, reviewer: type[ScriptedReviewer]
) -> None:
    reviewer.script[0, 4] = STOP_AT_4
    first = tell(attempt, 1, (4, 0.9))

    again = tell(attempt, 1, (4, 0.9))

    assert again == first
    assert SeriesTail.objects.count() == 1
    assert Observation.objects.count() == 1


def test_a_decision_point_writes_an_observation_under_the_sequence_number(attempt: Attempt) -> None:
    before = Study.objects.get(pk=attempt.trial.study_id).sequence

    tell(attempt, 1, (3, 0.7), (4, 0.9))

    observation = Observation.objects.get()
    assert observation.sequence == before + 1
    assert (observation.step, observation.told, observation.best) == (4, 0.9, 0.7)


def test_between_decision_points_no_sequence_number_is_taken(attempt: Attempt) -> None:
    before = Study.objects.get(pk=attempt.trial.study_id).sequence

    tell(attempt, 1, (1, 0.9), (2, 0.8), (3, 0.7))

    assert Study.objects.get(pk=attempt.trial.study_id).sequence == before


def test_a_stop_ends_the_trial_and_closes_its_attempt(attempt: Attempt, reviewer: type[ScriptedReviewer]) -> None:
    reviewer.script[0, 4] = STOP_AT_4

    decision = tell(attempt, 1, (4, 0.9))

    trial = Trial.objects.get(pk=attempt.trial_id)
    attempt.refresh_from_db()
    study = Study.objects.get(pk=trial.study_id)
    assert decision == STOP_AT_4
    assert (trial.state, trial.ending_code, trial.ending_step) == ("PRUNED", "outpaced", 4)
    assert attempt.outcome == "outpaced"
    assert (study.n_running, study.n_pruned, study.steps_saved) == (0, 1, 6)
    assert trial.last_value == 0.9


def test_points_after_the_verdict_are_kept_but_observe_nothing(
    attempt: Attempt, reviewer: type[ScriptedReviewer]
) -> None:
    reviewer.script[0, 4] = STOP_AT_4

    tell(attempt, 1, (4, 0.9), (8, 0.1))

    trial = Trial.objects.get(pk=attempt.trial_id)
    assert series.read(trial, "loss")[0].tolist() == [4, 8]
    assert list(Observation.objects.values_list("step", flat=True)) == [4]
    assert (trial.ending_step, trial.best_value) == (4, 0.9)


def test_a_trial_that_reports_past_a_look_is_judged_by_what_it_had_told_by_then(attempt: Attempt) -> None:
    tell(attempt, 1, (3, 0.7), (5, 0.1))

    observation = Observation.objects.get()
    assert (observation.step, observation.told, observation.best) == (4, 0.7, 0.7)


def test_a_look_nothing_was_told_before_is_passed_over(attempt: Attempt) -> None:
    tell(attempt, 1, (6, 0.5))

    assert not Observation.objects.exists()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_kept_as_told(attempt: Attempt, value: float) -> None:
    tell(attempt, 1, (4, value))

    _, values = series.read(attempt.trial, "loss")
    told = Observation.objects.get().told
    assert np.array_equal(values, [value], equal_nan=True)
    assert told is not None
    assert math.isnan(told) if math.isnan(value) else told == value
    assert Trial.objects.get(pk=attempt.trial_id).best_value is None


@pytest.mark.parametrize(
    ("points", "says"),
    [
        pytest.param([], "points: the batch is empty", id="empty"),
        pytest.param([Point(step=-1, metrics={"loss": 1.0})], "step: -1 is outside", id="negative step"),
        pytest.param([Point(step=11, metrics={"loss": 1.0})], "beyond the planned length 10", id="beyond the plan"),
        pytest.param([Point(step=1, metrics={})], "no metric", id="no metric"),
        pytest.param([Point(step=1, metrics={"": 1.0})], "is no metric name", id="nameless metric"),
        pytest.param([Point(step=1, metrics={"a\x00": 1.0})], "is no metric name", id="NUL in a name"),
        pytest.param([Point(step=2, metrics={"loss": 1.0})] * 2, "step: 2 was told before", id="repeated step"),
        pytest.param(
            [Point(step=2, metrics={"loss": 1.0}), Point(step=1, metrics={"loss": 1.0})],
            "step: 1 was told before",
            id="out of order",
        ),
    ],
)
def test_a_malformed_batch_is_refused_by_name_and_stores_nothing(
    attempt: Attempt, points: list[Point], says: str
) -> None:
    with pytest.raises(BadReport, match=says):
        report(attempt_id=attempt.pk, batch=1, points=points, at=NOW)

    assert not SeriesTail.objects.exists()


def test_a_finished_trial_refuses_new_batches(attempt: Attempt, reviewer: type[ScriptedReviewer]) -> None:
    reviewer.script[0, 4] = STOP_AT_4
    tell(attempt, 1, (4, 0.9))

    with pytest.raises(TrialFinished, match="has ended"):
        tell(attempt, 2, (5, 0.8))

    assert SeriesTail.objects.count() == 1


def test_a_stale_attempt_refuses_new_batches(attempt: Attempt) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(ended_at=NOW, outcome="worker_lost")

    with pytest.raises(StaleAttempt, match="no longer owns"):
        tell(attempt, 1, (1, 0.9))

    assert not SeriesTail.objects.exists()


def test_a_rung_once_decided_is_not_decided_again_for_that_trial(
    attempt: Attempt, reviewer: type[ScriptedReviewer]
) -> None:
    tell(attempt, 1, (4, 0.9))
    Attempt.objects.filter(pk=attempt.pk).update(last_step=2)
    Trial.objects.filter(pk=attempt.trial_id).update(last_step=2)

    tell(attempt, 2, (4, 0.1))

    assert Observation.objects.get().told == 0.9
    assert [moment.step for moment in reviewer.moments] == [4]


def test_a_gate_alarm_between_looks_is_reviewed_without_an_observation(
    attempt: Attempt, reviewer: type[ScriptedReviewer]
) -> None:
    reviewer.alarms.add(2)

    tell(attempt, 1, (2, 5.0))

    assert [(moment.step, moment.is_look) for moment in reviewer.moments] == [(2, False)]
    assert not Observation.objects.exists()


def test_a_trial_that_a_person_stopped_is_told_so_at_its_next_report(attempt: Attempt) -> None:
    stop_by_person(attempt.trial, person="ada", note="wrong data", at=NOW)

    decision = tell(attempt, 1, (1, 0.9))

    trial = Trial.objects.get(pk=attempt.trial_id)
    assert (decision.action, decision.code) == (Action.STOP, "stopped_by_user")
    assert (trial.state, trial.ending_code, trial.ending_motive) == ("PRUNED", "stopped_by_user", "")
    assert trial.ending_sentence == "Stopped by ada: wrong data"
    assert series.read(trial, "loss")[0].tolist() == [1]


def test_a_halt_between_reports_needs_somebody_to_have_asked(attempt: Attempt) -> None:
    assert halt_if_asked(attempt.pk, at=NOW) is None

    stop_by_person(attempt.trial, person="ada", note="", at=NOW)

    decision = halt_if_asked(attempt.pk, at=NOW)
    assert decision is not None
    assert decision.action is Action.STOP


def test_labelled_points_make_series_of_their_own(attempt: Attempt) -> None:
    points = [Point(step=1, metrics={"loss": float(fold)}, labels={"fold": str(fold)}) for fold in range(3)]

    report(attempt_id=attempt.pk, batch=1, points=points, at=NOW)

    assert series.read(attempt.trial, "loss", {"fold": "2"})[1].tolist() == [2.0]
    assert series.read(attempt.trial, "loss")[1].tolist() == []
    assert Trial.objects.get(pk=attempt.trial_id).last_value is None
