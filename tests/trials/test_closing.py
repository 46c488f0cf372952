"""How studies end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.trials.builders import NOW, PAUSE_AT_4, ScriptedReviewer, a_study, an_attempt, tell
from trials import closing, endings
from trials.models import Trial
from trials.plan import Budget

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reviewer")]


def test_a_study_whose_last_trial_paused_ends_only_once_nobody_lets_one_go_on(
    reviewer: type[ScriptedReviewer],
) -> None:
    reviewer.script[0, 4] = PAUSE_AT_4
    reviewer.resumes = [0]
    study = a_study(budget=Budget(trials=1))
    tell(an_attempt(study), 1, 4, 0.9)

    assert not closing.settle(study, at=NOW)

    trial = study.trials.get()
    study.refresh_from_db()
    assert (trial.state, trial.resumes, study.state) == ("WAITING", True, "RUNNING")


def test_closing_a_study_asks_what_runs_to_halt_and_waits_for_it() -> None:
    study = a_study()
    attempt = an_attempt(study)

    closing.stop_study(study, person="ada", note="", at=NOW)
    study.refresh_from_db()
    assert study.state == "RUNNING"

    assert endings.halt_if_asked(attempt.pk, at=NOW) is not None
    assert closing.settle(study, at=NOW)
    study.refresh_from_db()
    assert (study.state, study.ending_code) == ("ENDED", "stopped_by_user")
    assert Trial.objects.get(pk=attempt.trial_id).ending_code == "study_closed"


def test_a_study_ends_by_itself_once_its_budget_of_trials_has_ended(reviewer: type[ScriptedReviewer]) -> None:
    study = a_study(budget=Budget(trials=2))
    for _ in range(2):
        assert not closing.settle(study, at=NOW)
        attempt = an_attempt(study)
        tell(attempt, 1, 10, 0.5)
        endings.complete(attempt, at=NOW)

    assert closing.settle(study, at=NOW)

    study.refresh_from_db()
    assert (study.state, study.ending_code) == ("ENDED", "finished")
    assert study.ending_sentence == "All 2 trials have ended."
    assert reviewer.heard[-1] == ("closed finished", study.sequence)


def test_a_spent_wall_clock_budget_stops_the_study_with_an_event(reviewer: type[ScriptedReviewer]) -> None:
    study = a_study(budget=Budget(trials=3, wall_hours=1.0))
    an_attempt(study)
    study.refresh_from_db()
    assert study.started_at is not None

    closing.settle(study, at=NOW + timedelta(hours=1))

    study.refresh_from_db()
    assert study.ending_code == "budget_wall_hours"
    assert "close by budget" in [what for what, _ in reviewer.heard]
