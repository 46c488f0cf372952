"""A study under a pruner of Optuna's: judged live, recorded in the ledger, not judged again."""

from __future__ import annotations

from io import StringIO

import optuna
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from pruning.foreign.recorded import recorded_by
from pruning.replay import replay
from pruning.verify import verify
from tests import factories
from tests.pruning.studies import POLICY, a_played_study, events
from trials.models import Observation, Study

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]
FLOORS = [1.0, 1.4, 0.8, 1.2, 3.0, 0.5, 2.0, 1.1]
STRATEGY = {"rule": "optuna", "pruner": "median", "settings": {"n_startup_trials": 2}}


@pytest.fixture
def study() -> Study:
    return a_played_study(FLOORS, policy={**POLICY, "strategy": STRATEGY, "safeguards": {"min_peers": 2}})


def test_its_stops_are_in_the_ledger_with_their_evidence_and_the_library(study: Study) -> None:
    stop = next(row for row in events(study) if row.verdict == "STOP")

    assert (stop.rule, stop.reason, stop.motive) == ("optuna", "underperforming", "speed")
    assert stop.evidence["recorded"] == f"Optuna {optuna.__version__}"
    assert (stop.evidence["pruner"], stop.evidence["settings"]) == ("median", {"n_startup_trials": 2})
    assert stop.evidence["value"] > stop.evidence["cut"]
    assert study.n_pruned > 0
    assert verify(study.uid).holds


def test_a_replay_counts_what_is_recorded_and_judges_the_rest_again(study: Study) -> None:
    rows = [row for row in events(study) if row.kind == "verdict"]
    recorded = [row for row in rows if recorded_by(row.evidence)]
    Observation.objects.filter(study=study, step=4).update(value=0.001, best=0.001)

    result = replay(study)

    assert (result.n_recorded, result.n_verdicts) == (len(recorded), len(rows) - len(recorded))
    assert 0 < result.n_recorded < len(rows)
    assert result.holds
    assert result.sentence().endswith(f" {len(recorded)} verdicts of other libraries are recorded, not judged again.")


def test_the_command_says_so(study: Study) -> None:
    out = StringIO()

    call_command("ledger", "replay", study.name, stdout=out)

    assert "recorded, not judged again." in out.getvalue()


def test_the_audit_page_says_so(study: Study) -> None:
    browser = Client()
    browser.force_login(factories.a_person("editor", study.project))
    stop = next(row for row in events(study) if row.verdict == "STOP")

    opened = browser.get(reverse("pruning:event", args=[study.pk, stop.sequence])).context["opened"]

    assert [badge.text for badge in opened.badges] == ["Chain intact", "Recorded"]
    assert "not judged again" in opened.checks[1].text
    assert "by the median pruner of Optuna" in opened.sentence
