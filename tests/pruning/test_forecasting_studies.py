"""Studies under the forecasting strategies, through the doors of the ground floor: they end, verify and replay."""

import random
from collections.abc import Mapping

import pytest
from django.test import Client
from django.urls import reverse

from pruning.replay import replay
from pruning.verify import verify
from tests.pruning.studies import a_study, an_attempt, events, falling, train
from tests.pruning.test_resuming import go_on
from trials.models import Study
from trials.plan import Budget
from trials.running.advancing import advance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging", "quiet")]

TRIALS = 14
POSTERIOR = {"rule": "posterior", "in_a_row": 1, "min_reports": 2, "min_ended": 3}
PAYOFF = {"rule": "bandit", "action": "pause", "margin": 1, "min_ended": 3, "min_keep": 2}
THOMPSON = {"rule": "bandit", "action": "pause", "index": "thompson", "min_ended": 3, "min_keep": 2}
STRATEGIES = {"posterior": POSTERIOR, "payoff": PAYOFF, "thompson": THOMPSON}
HAPPEN = {
    "posterior": {"STOP", "KEEP", "ABSTAIN"},
    "payoff": {"PAUSE", "KEEP"},
    "thompson": {"PAUSE", "KEEP", "RESUME"},
}


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ring no worker: these tests claim by hand."""
    monkeypatch.setattr("trials.running.doorbell.ring_all", lambda times=1: None)
    monkeypatch.setattr("trials.running.doorbell.ask_for_suggestions", lambda study_id: None)


def played(strategy: Mapping[str, object]) -> Study:
    """Play a study with one slot until nothing may go on."""
    policy = {"looks": [2, 4, 8], "strategy": strategy, "safeguards": {"min_peers": 0, "control_every": 0}}
    study = a_study(policy=policy, budget=Budget(trials=TRIALS))
    dice = random.Random(4)
    floors = {number: dice.uniform(0.5, 3.0) for number in range(TRIALS)}
    for number in range(TRIALS):
        train(an_attempt(study), falling(floors[number]))
        advance(study, at=study.created_at)
        go_on(study, floors)
    study.refresh_from_db()
    return study


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_a_study_ends_with_a_ledger_that_verifies_and_replays(name: str) -> None:
    study = played(STRATEGIES[name])

    verdicts = {event.verdict for event in events(study)}
    assert verdicts >= HAPPEN[name]
    assert study.state == "ENDED"
    assert study.n_complete >= 2
    assert study.n_complete + study.n_pruned == TRIALS
    assert verify(study.uid).holds, verify(study.uid).sentence()
    again = replay(study)
    assert again.holds, again.sentence()
    assert again.n_near == 0


@pytest.mark.parametrize("name", ["posterior", "payoff"])
def test_its_verdicts_can_be_opened(name: str, client: Client, django_user_model: type) -> None:
    study = played(STRATEGIES[name])
    client.force_login(django_user_model.objects.create_superuser("ada", password="x"))  # type: ignore[attr-defined]
    newest = {event.verdict: event for event in events(study) if "probability" in event.evidence}

    for event in newest.values():
        page = client.get(reverse("pruning:event", args=[study.pk, event.sequence]), follow=True)
        assert page.status_code == 200
        assert "Chance" in page.content.decode()
