"""Verdicts of cohorts, brackets and compositions on the audit pages."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from pruning.models import PruningEvent
from tests import factories
from tests.factories import NOW
from trials.models import Project
from trials.plan import Budget
from trials.running.advancing import advance

ASHA = {"rule": "asha", "eta": 2, "action": "pause"}
STRATEGIES: dict[str, dict[str, Any]] = {
    "halving": {"rule": "halving", "eta": 2, "cohort": 4},
    "hyperband": {"rule": "hyperband", "eta": 2, "action": "pause"},
    "one_shot": {"rule": "one_shot", "keep_top": 2, "action": "pause"},
    "percentile": {"rule": "percentile", "peers": "finished"},
    "vote": {"rule": "vote", "needed": 1, "of": [ASHA, {"rule": "percentile", "keep": 90}]},
    "sequence": {"rule": "sequence", "of": [{"rule": "percentile", "until_members": 3}, ASHA]},
}


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_every_entry_opens_and_replays(
    name: str, project: Project, editor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trials.running.doorbell.ring_all", lambda times=1: None)
    monkeypatch.setattr("trials.running.doorbell.ask_for_suggestions", lambda study_id: None)
    policy = {
        "looks": list(factories.LOOKS),
        "strategy": STRATEGIES[name],
        "safeguards": {"min_peers": 0, "control_every": 0, "top_k": 0},
    }
    study = factories.a_study(project, policy=policy, defaults=None, budget=Budget(trials=40))
    for floor in (0.9, 0.7, 1.1, 3.0, 0.5):
        factories.train(factories.an_attempt(study), floor)
        advance(study, at=NOW)

    rows = PruningEvent.objects.of_study(study)

    assert set(rows.values_list("rule", flat=True)) >= {name}
    for event in rows:
        opened = editor.get(reverse("pruning:event", args=[study.pk, event.sequence])).context["opened"]
        assert opened.badges[-1].tone == "good", (event, opened.badges)


def test_a_calibrated_verdict_says_why_just_so_many_go_on(project: Project, editor: Client) -> None:
    policy = {
        "looks": list(factories.LOOKS),
        "strategy": {"rule": "calibrated_halving", "min_members": 3, "min_keep": 1},
        "safeguards": {"min_peers": 0, "control_every": 0, "top_k": 0},
    }
    study = factories.a_study(project, policy=policy, defaults=None, budget=Budget(trials=40))
    for number in range(16):
        factories.train(factories.an_attempt(study), 0.5 + 0.1 * (number * 7 % 16))

    stop = PruningEvent.objects.of_study(study).filter(verdict="STOP", reason="outpaced").latest("sequence")
    page = editor.get(reverse("pruning:event", args=[study.pk, stop.sequence]))

    why = page.context["opened"].why
    assert why.startswith("The order at this step agrees ")
    assert why.endswith(" to hold the risk of losing the winner under 20 %.")
    assert f"the best {stop.evidence['quota']} are kept" in why
    assert why in page.content.decode()
