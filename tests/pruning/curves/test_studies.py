"""Curves of studies that ended here."""

from collections.abc import Sequence

import pytest
from django.db import transaction

from pruning.backtest import Skipped, Task, fitting
from pruning.backtest.named import as_given
from pruning.curves.studies import task_of
from pruning.policy import Policy
from tests.pruning.studies import NOW, STEPS, a_played_study, a_study, an_attempt, falling, tell, train
from trials import endings, head, reporting
from trials.closing import settle, stop_study
from trials.models import Attempt, Study, Trial
from trials.running.claims import claim
from trials.series import Point
from trials.studies import new_trial

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]

UNTOUCHED = {"policy": "off"}
FLOORS = [1.0, 1.5, 0.5, 2.0]


def ended(study: Study) -> Study:
    stop_study(study, person="robin", note="", at=NOW)
    for attempt in Attempt.objects.filter(trial__study=study, ended_at=None):
        endings.halt_if_asked(attempt.pk, at=NOW)
    settle(study, at=NOW)
    study.refresh_from_db()
    assert study.state == Study.State.ENDED
    return study


def task(study: Study) -> Task:
    found = task_of(ended(study))
    assert isinstance(found, Task)
    return found


def reason(study: Study) -> str:
    found = task_of(study)
    assert isinstance(found, Skipped)
    return found.reason


def curves(found: Task) -> list[tuple[str, list[int], bool]]:
    return [(one.name, one.curve.steps.tolist(), one.is_censored) for one in found.pool.recordings]


def test_complete_trials_are_curves_of_the_objective_at_the_reported_steps() -> None:
    found = task(a_played_study(FLOORS, **UNTOUCHED))

    assert curves(found) == [(str(number), list(STEPS), False) for number in range(4)]
    assert found.pool.recordings[2].curve.values.tolist() == falling(0.5)
    assert (found.family, found.name) == ("lab", "a study (lab)")
    assert [one.place for one in found.pool.recordings] == [(0.5,)] * 4
    assert (found.pool.metric, found.pool.horizon, found.pool.maximize) == ("val_loss", 16, False)


def test_trials_that_a_rule_or_a_person_stopped_are_used_up_to_their_end() -> None:
    study = a_played_study(FLOORS, **UNTOUCHED)
    attempt = an_attempt(study)
    tell(attempt, 1, 3.0)
    endings.stop_by_person(attempt.trial, person="robin", note="", at=NOW)
    tell(attempt, 2, 2.5)

    found = task(study)

    assert curves(found)[4] == ("4", [1, 2], True)
    assert (found.complete, found.censored) == (4, 1)
    then, end = falling(0.5)[1], falling(0.5)[-1]
    assert found.pool.recordings[4].hidden_gain == pytest.approx(then - end)


def test_pruned_trials_are_counted_as_breaking_off() -> None:
    study = a_played_study([1.0, 1.1, 0.9, 1.2, 0.8, 3.0, 3.1, 3.2])
    pruned = study.trials.filter(state=Trial.State.PRUNED).count()

    found = task(study)

    assert pruned > 0
    assert found.censored == pruned
    assert any("break off" in told for told in found.warnings)


def test_a_trial_that_was_stopped_because_its_value_was_no_number_has_ended_and_leaves_nothing_open() -> None:
    study = a_played_study(FLOORS, **UNTOUCHED)
    attempt = an_attempt(study)
    tell(attempt, 1, 3.0)
    tell(attempt, 2, float("nan"))

    found = task(study)

    assert curves(found)[4] == ("4", [1, 2], False)
    assert found.censored == 0


def test_in_a_study_without_a_strategy_no_rule_chose_anybody() -> None:
    found = task(a_played_study(FLOORS, **UNTOUCHED))

    assert all(one.is_control for one in found.pool.recordings)
    assert found.control == 4


def test_where_trials_were_pruned_the_control_arm_alone_counts_as_chosen_by_no_rule() -> None:
    study = a_played_study([1.0, 1.1, 0.9, 1.2, 0.8, 3.0, 3.1, 3.2, 0.7, 0.6])
    found = task(study)
    members = [one.name for one in found.pool.recordings if one.is_control]

    assert len(members) == 2  # one of every five
    assert found.control == 2
    assert any("2 complete curves of a control arm cannot tell more, 3 could" in told for told in found.warnings)


def test_failed_and_silent_trials_are_left_out_and_counted() -> None:
    study = a_played_study(FLOORS, **UNTOUCHED)
    failing, _ = an_attempt(study), an_attempt(study)
    tell(failing, 1, 3.0)
    endings.fail(failing, code="error", sentence="It broke.", at=NOW)

    found = task(study)

    assert len(found.pool.recordings) == 4
    assert found.left_out == "Of 6 configurations 1 failed and 1 reported nothing; those are left out."


def test_points_that_a_resumed_attempt_superseded_are_left_out() -> None:
    study = a_played_study(FLOORS, **UNTOUCHED)
    first = an_attempt(study)
    for step, value in [(1, 3.0), (2, 2.9), (4, 2.8)]:
        tell(first, step, value)
    endings.requeue(first, outcome="crashed", sentence="It crashed.", at=NOW)
    again = resumed(study, from_step=2)
    train(again, [2.0, 1.9, 1.8], after=2)

    found = task(study)

    assert curves(found)[4] == ("4", list(STEPS), False)
    assert found.pool.recordings[4].curve.values.tolist() == [3.0, 2.9, 2.0, 1.9, 1.8]


def resumed(study: Study, *, from_step: int) -> Attempt:
    attempt = claim(None, queue="cpu", slot=0, device="cpu", at=NOW, claimed_by="tester", study=study)
    assert attempt is not None
    Attempt.objects.filter(pk=attempt.pk).update(resumed_from=from_step)
    attempt.resumed_from = from_step
    return attempt


def test_a_continued_trial_is_one_curve() -> None:
    study = a_played_study(FLOORS, **UNTOUCHED)
    first = an_attempt(study)
    tell(first, 1, 3.0)
    endings.stop_by_person(first.trial, person="robin", note="", at=NOW)
    tell(first, 2, 2.9)
    train(continuing(study, first.trial), [2.8, 2.7, 2.6], after=2)

    found = task(study)

    assert curves(found)[4:] == [("4", list(STEPS), False)]
    assert found.pool.recordings[4].curve.values.tolist() == [3.0, 2.9, 2.8, 2.7, 2.6]


@transaction.atomic
def continuing(study: Study, trial: Trial) -> Attempt:
    new_trial(head.lock(study.pk), trial.params, origin=Trial.Origin.CONTINUED, continues=trial, at=NOW)
    attempt = claim(None, queue="cpu", slot=0, device="cpu", at=NOW, claimed_by="tester", study=study)
    assert attempt is not None
    return attempt


def test_folds_are_read_beside_the_objective() -> None:
    study = a_study(**UNTOUCHED)
    for trial in range(3):
        attempt = an_attempt(study)
        for batch, step in enumerate(STEPS, start=1):
            folds = [
                Point(step=step, metrics={"val_loss": trial + fold}, labels={"fold": f"{fold}"}) for fold in (1, 2)
            ]
            whole = Point(step=step, metrics={"val_loss": trial - step / 100})
            reporting.report(attempt_id=attempt.pk, batch=batch, points=[*folds, whole], at=NOW)
        endings.complete(attempt, at=NOW)

    found = task(study)
    racing = as_given(Policy.from_mapping({"looks": [2, 4, 8], "strategy": {"rule": "racing", "label": "fold"}}))

    told = found.pool.recordings[1].instances["fold"]
    assert {name: (curve.steps.tolist(), set(curve.values.tolist())) for name, curve in told.items()} == {
        "1": (list(STEPS), {2.0}),
        "2": (list(STEPS), {3.0}),
    }
    assert fitting(racing, found.pool).needs.label == "fold"


def test_a_study_that_runs_is_skipped() -> None:
    assert "has not ended" in reason(a_played_study(FLOORS))


@pytest.mark.parametrize(
    ("floors", "told"),
    [
        ([], "none of its trials reported val_loss"),
        ([1.0], "it has one complete curve"),
        ([1.0, 2.0], "it has 2 runs, and a study needs 3 runs"),
        ([1.0, 1.0, 1.0], "all its curves are equally good"),
    ],
)
def test_a_study_that_teaches_nothing_is_skipped(floors: Sequence[float], told: str) -> None:
    assert reason(ended(a_played_study(floors, **UNTOUCHED))).startswith(told)


def test_a_study_without_complete_curves_is_skipped() -> None:
    study = a_study(**UNTOUCHED)
    for _ in range(3):
        tell(an_attempt(study), 1, 3.0)

    assert "it has no complete curve" in reason(ended(study))
