"""The demo study, but for the running: that is seen by `make demo`."""

from __future__ import annotations

import pytest
from django.core.management.base import CommandError

from tests.trials.builders import NOW, an_attempt
from trials.closing import settle
from trials.endings import complete
from trials.models import Job, Study
from trials.reporting import report
from trials.series import Point
from tuning_site import demo
from tuning_site.management.commands.demo import _flag, _trials

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    """The demo study with two trials, its preparation done."""
    study, _ = demo.find_or_launch(trials=2, fresh=False, at=NOW)
    study.jobs.update(state=Job.State.DONE)
    return study


def finish_one(study: Study, loss: float) -> None:
    attempt = an_attempt(study)
    point = Point(step=study.horizon, metrics={"val_loss": loss})
    report(attempt_id=attempt.pk, batch=1, points=[point], at=NOW)
    complete(attempt, at=NOW)


def test_the_plan_is_the_example_with_trial_0_and_one_control_in_ten() -> None:
    plan, source = demo.demo_plan(None)

    assert source == demo.PLAN.read_text()
    assert (plan.budget.trials, plan.defaults is not None) == (50, True)
    assert isinstance(plan.policy, dict)
    assert plan.policy["safeguards"] == {"min_peers": 5, "control_every": 10}


def test_a_short_study_is_judged_from_three_peers_on_and_has_a_name_of_its_own() -> None:
    plan, _ = demo.demo_plan(8)

    assert (plan.name, plan.budget.trials) == ("lora-lm-8", 8)
    assert isinstance(plan.policy, dict)
    assert plan.policy["safeguards"] == {"min_peers": 3, "control_every": 8}


def test_a_second_call_finds_the_study_and_a_fresh_one_replaces_it() -> None:
    first, was_new = demo.find_or_launch(trials=2, fresh=False, at=NOW)
    again, is_new = demo.find_or_launch(trials=2, fresh=False, at=NOW)
    other, is_newer = demo.find_or_launch(trials=2, fresh=True, at=NOW)

    assert (was_new, is_new, is_newer) == (True, False, True)
    assert again.pk == first.pk
    assert other.uid != first.uid
    assert Study.objects.count() == 1


def test_progress_tells_what_has_ended_and_the_best_value(study: Study) -> None:
    finish_one(study, 3.0)

    progress = demo.progress(study, slots=2)

    assert (progress.ended, progress.total, progress.best) == (1, 2, 3.0)
    assert progress.line().startswith("[##########..........] 1 of 2 trials ended: 0 pruned")
    assert "best val_loss 3.0000" in progress.line()


def test_progress_tells_of_the_preparation_first() -> None:
    study, _ = demo.find_or_launch(trials=2, fresh=False, at=NOW)
    study.jobs.update(state=Job.State.RUNNING, message="pre-training the base model", done=30, total=120)

    assert demo.progress(study, slots=2).line() == "[#####...............] Preparing: pre-training the base model"


def test_a_study_that_ended_by_itself_without_failures_ended_well(study: Study) -> None:
    assert not demo.ended_well(study)

    for loss in (3.0, 2.5):
        finish_one(study, loss)
    settle(study, at=NOW)

    assert demo.ended_well(study)
    assert "The best, trial 1, reached val_loss 2.5000." in list(demo.summary(study))


@pytest.mark.parametrize("text", ["0", "-1", "eight", "1e3", "10001", "٣٠٠٠٠"])
def test_a_number_of_trials_that_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TRIALS", text)

    with pytest.raises(CommandError, match="TRIALS="):
        _trials()


def test_a_flag_is_one_or_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXIT", "perhaps")

    with pytest.raises(CommandError, match="EXIT='perhaps'"):
        _flag("EXIT")
