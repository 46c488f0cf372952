"""Pauses, calibrations and resumptions on the pages."""

import math
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from pruning.models import PruningEvent
from tests import factories
from tests.factories import NOW
from trials import endings
from trials.models import Project, Study, Trial
from trials.plan import Budget
from trials.running.advancing import advance

PAUSING = {
    "looks": list(factories.LOOKS),
    "gates": [{"rule": "divergence"}],
    "strategy": {
        "rule": "calibrated_halving",
        "action": "pause",
        "risk": 0.3,
        "min_members": 3,
        "wait": 3,
        "min_keep": 1,
        "min_pairs": 0,
        "min_pairs_jump": 0,
    },
    "safeguards": {"min_peers": 0, "control_every": 0},
}


@pytest.fixture
def paused(project: Project, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study in which some trials paused, some went on, and some pause still."""
    monkeypatch.setattr("trials.running.doorbell.ring_all", lambda times=1: None)
    monkeypatch.setattr("trials.running.doorbell.ask_for_suggestions", lambda study_id: None)
    study = factories.a_study(project, policy=PAUSING, defaults=None, budget=Budget(trials=40))
    # The third is outside the quota of three trials and inside that of many.
    floors = (0.9, 0.7, 1.1, 3.0, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6)
    for _ in floors:
        attempt = factories.an_attempt(study)
        factories.train(attempt, floors[attempt.trial.number])
        advance(study, at=NOW)
    study.refresh_from_db()
    return study


def events(study: Study) -> Any:
    return PruningEvent.objects.of_study(study)


def test_every_kind_of_entry_opens_and_replays(editor: Client, paused: Study) -> None:
    assert {"PAUSE", "RESUME"} <= set(events(paused).values_list("verdict", flat=True))
    assert events(paused).filter(kind="calibrated").exists()

    for event in events(paused):
        opened = editor.get(reverse("pruning:event", args=[paused.pk, event.sequence])).context["opened"]
        assert opened.badges[0].text == "Chain intact"
        assert opened.badges[-1].tone == "good", (event, opened.badges)
        assert editor.get(reverse("pruning:event_json", args=[paused.pk, event.sequence])).status_code == 200


def test_a_paused_trial_says_why_it_waits(editor: Client, paused: Study) -> None:
    trial = paused.trials.filter(state=Trial.State.PAUSED).order_by("number")[0]

    head = editor.get(reverse("trials:trial", args=[paused.pk, trial.number])).context["trial"]
    rows = editor.get(reverse("trials:trials_table", args=[paused.pk])).context["rows"]

    assert head.kind == "paused"
    assert head.sentence == trial.ending_sentence
    assert head.sentence.startswith("Paused at step ")
    row = next(row for row in rows if row.number == trial.number)
    assert any(cell.text.startswith("paused") for cell in row.cells)


def test_a_resumed_trial_shows_both_verdicts(editor: Client, paused: Study) -> None:
    event = events(paused).filter(verdict="RESUME").earliest("sequence")

    verdicts = editor.get(reverse("trials:trial", args=[paused.pk, event.trial_number])).context["verdicts"]

    assert [row.verdict for row in verdicts][:2] == ["pause", "resume"]
    assert [row.kind for row in verdicts][:2] == ["paused", "resume"]


def test_a_trial_that_was_paused_and_went_on_is_halted_by_whichever_rule_did_so_last(
    editor: Client, paused: Study
) -> None:
    trial = paused.trials.filter(state=Trial.State.PAUSED).earliest("number")
    endings.resume_by_person(trial, person="editor", note="", at=NOW)
    attempt = factories.an_attempt(paused)
    assert attempt.trial_id == trial.pk
    factories.tell(attempt, 90, ((trial.last_step or 0) + 1, math.nan))

    def found(rule: str) -> set[int]:
        query = f"halted_by = {rule} and number = {trial.number}"
        answer = editor.post(reverse("trials:select", args=[paused.pk]), {"query": query}).json()
        return {int(number) for number in answer["sel"].split(",") if number}

    said = events(paused).of_trial(trial.number).filter(verdict__in=["PAUSE", "STOP"]).order_by("sequence")
    *before, last = said.values_list("verdict", "rule")
    assert set(before) == {("PAUSE", "calibrated_halving")}
    assert last == ("STOP", "divergence")
    assert found("divergence") == {trial.number}
    assert found("calibrated_halving") == set()


def test_the_overview_counts_what_is_paused(editor: Client, paused: Study) -> None:
    shares = {share.kind: share.count for share in editor.get(paused.get_absolute_url()).context["shares"]}

    assert shares["paused"] == paused.n_paused
