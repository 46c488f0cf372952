"""How trials, attempts and studies end."""

from __future__ import annotations

import pytest

from tests.trials.builders import NOW, PAUSE_AT_4, ScriptedReviewer, a_study, an_attempt, tell
from trials import closing, endings, series
from trials.models import ResourceUsage, Study, Trial
from trials.plan import Budget

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reviewer")]


def test_a_trial_completes_with_its_best_value() -> None:
    attempt = an_attempt(a_study())
    tell(attempt, 1, 5, 0.2)
    tell(attempt, 2, 10, 0.4)

    assert endings.complete(attempt, at=NOW)

    trial = Trial.objects.get(pk=attempt.trial_id)
    study = Study.objects.get(pk=trial.study_id)
    assert (trial.state, trial.value, trial.ending_code) == ("COMPLETE", 0.2, "finished")
    assert trial.ending_sentence == "Finished at step 10: trained to its planned end."
    assert (study.n_running, study.n_complete, study.best_value, study.best_number) == (0, 1, 0.2, 0)
    assert (study.steps_trained, study.steps_saved) == (10, 0)


def test_a_trial_has_one_ending() -> None:
    attempt = an_attempt(a_study())
    tell(attempt, 1, 10, 0.4)
    endings.complete(attempt, at=NOW)

    assert not endings.fail(attempt, code="error", sentence="late", at=NOW)

    trial = Trial.objects.get(pk=attempt.trial_id)
    assert (trial.state, trial.ending_code) == ("COMPLETE", "finished")
    assert Study.objects.get(pk=trial.study_id).n_failed == 0


def test_a_trial_that_never_told_a_finite_objective_fails() -> None:
    attempt = an_attempt(a_study())

    endings.complete(attempt, at=NOW)

    trial = Trial.objects.get(pk=attempt.trial_id)
    assert (trial.state, trial.ending_code) == ("FAILED", "error")
    assert "finite loss" in trial.ending_sentence


def test_a_failed_trial_keeps_its_traceback_and_saves_nothing() -> None:
    attempt = an_attempt(a_study())
    tell(attempt, 1, 2, 0.4)

    endings.fail(attempt, code="error", sentence="ValueError: boom", traceback="Traceback ...", at=NOW)

    trial = Trial.objects.get(pk=attempt.trial_id)
    assert (trial.state, trial.traceback) == ("FAILED", "Traceback ...")
    assert Study.objects.get(pk=trial.study_id).steps_saved == 0


def test_a_broken_attempt_puts_its_trial_back_until_the_third() -> None:
    study = a_study(budget=Budget(trials=1))
    for _ in range(2):
        attempt = an_attempt(study)
        assert endings.requeue(attempt, outcome="crashed", sentence="Killed by signal 9.", at=NOW)
    attempt = an_attempt(study)

    assert not endings.requeue(attempt, outcome="crashed", sentence="Killed by signal 9.", at=NOW)

    trial = Trial.objects.get(pk=attempt.trial_id)
    assert (trial.state, trial.ending_code, trial.n_attempts) == ("FAILED", "error", 3)
    assert trial.ending_sentence == "Killed by signal 9. 3 attempts broke, so there is no further one."


def test_a_paused_trial_goes_on_before_new_numbers(reviewer: type[ScriptedReviewer]) -> None:
    reviewer.script[0, 4] = PAUSE_AT_4
    study = a_study()
    first = an_attempt(study)
    tell(first, 1, 4, 0.9)
    an_attempt(study)

    assert Trial.objects.get(pk=first.trial_id).state == "PAUSED"
    assert endings.resume(Trial.objects.get(pk=first.trial_id), at=NOW)

    again = an_attempt(study)
    assert (again.trial_id, again.number) == (first.trial_id, 2)


def test_a_paused_trial_ends_pruned_with_the_reason_of_its_pause(reviewer: type[ScriptedReviewer]) -> None:
    reviewer.script[0, 4] = PAUSE_AT_4
    study = a_study()
    attempt = an_attempt(study)
    tell(attempt, 1, 4, 0.9)

    closing.stop_study(study, person="ada", note="enough", at=NOW)

    trial = Trial.objects.get(pk=attempt.trial_id)
    study.refresh_from_db()
    assert (trial.state, trial.ending_code, trial.ending_motive) == ("PRUNED", "outpaced", "speed")
    assert (study.state, study.ending_sentence) == ("ENDED", "Stopped by ada: enough")
    assert (study.n_paused, study.n_pruned) == (0, study.n_trials)


def test_usage_is_recorded_once() -> None:
    attempt = an_attempt(a_study())
    usage = endings.Usage(wall_seconds=12.0, cpu_seconds=11.0)

    endings.record_usage(attempt, usage, at=NOW)
    endings.record_usage(attempt, usage, at=NOW)

    assert ResourceUsage.objects.count() == 1
    assert Study.objects.get(pk=attempt.trial.study_id).slot_seconds == 12.0


def test_a_rewound_trial_knows_what_it_knew_then() -> None:
    attempt = an_attempt(a_study())
    tell(attempt, 1, 1, 0.9)
    tell(attempt, 2, 3, 0.1)

    endings.rewind(attempt.trial, 2)

    trial = Trial.objects.get(pk=attempt.trial_id)
    assert (trial.last, trial.last_step, trial.best_value, trial.best_step) == (0.9, 1, 0.9, 1)
    assert series.read(trial, "loss")[0].tolist() == [1, 3]


def test_sequence_numbers_have_no_gap(reviewer: type[ScriptedReviewer]) -> None:
    study = a_study(budget=Budget(trials=2))
    attempt = an_attempt(study)
    tell(attempt, 1, 10, 0.5)
    endings.complete(attempt, at=NOW)
    closing.stop_study(study, person="ada", note="", at=NOW)

    heard = [sequence for _, sequence in reviewer.heard]
    observed = list(study.observations.values_list("sequence", flat=True))
    study.refresh_from_db()
    assert sorted([*heard, *observed]) == list(
        range(study.sequence - len(heard) - len(observed) + 1, study.sequence + 1)
    )
