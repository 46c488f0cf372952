"""Amendments stand on the charts of time, of trials and of work, with their reasons."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client

from tests.factories import NOW, Played
from trials.charts import amendments
from trials.models import Trial
from trials.plan import Budget
from trials.studies import amend

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=3, seconds=30)


@pytest.fixture
def amended(played: Played) -> Played:
    plan = replace(played.study.plan(), budget=Budget(trials=50))
    amend(played.study, plan, reason="The loss still falls.", user=None, at=LATER)
    played.study.refresh_from_db()
    return played


def test_an_amendment_is_told_with_its_reason_and_the_first_trial_after_it(amended: Played) -> None:
    after = Trial.objects.filter(study=amended.study, created_at__gte=LATER).order_by("number").first()

    assert amendments.marks(amended.study) == [
        {
            "revision": 2,
            "reason": "The loss still falls.",
            "at": LATER.timestamp(),
            "trial": None if after is None else after.number,
        }
    ]


def test_a_plan_that_was_never_amended_has_no_marks(played: Played) -> None:
    assert amendments.marks(played.study) == []


@pytest.mark.parametrize("chart", ["best.json", "over-time.json", "timeline.json", "halted.json"])
def test_the_charts_of_time_trials_and_work_carry_it(editor: Client, amended: Played, chart: str) -> None:
    (mark,) = editor.get(f"/studies/{amended.study.pk}/{chart}").json()["amendments"]

    assert mark["reason"] == "The loss still falls."


def test_on_the_best_so_far_it_stands_after_the_work_done_by_then(editor: Client, amended: Played) -> None:
    ended = Trial.objects.filter(study=amended.study, ended_at__lt=LATER)

    (mark,) = editor.get(f"/studies/{amended.study.pk}/best.json").json()["amendments"]

    assert mark["x"] == sum(trial.steps_trained for trial in ended) > 0
