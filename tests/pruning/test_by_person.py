"""People's interventions: through one door each, one ledger row each, and a replay that holds."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from pruning import by_person, ledger
from pruning.entries import of_verdict
from pruning.models import PruningEvent
from pruning.replay import replay
from pruning.rules.resuming import Waiting
from pruning.verify import verify
from tests import factories
from tests.pruning.studies import a_study, an_attempt, events, falling, last_event, train
from tests.pruning.test_resuming import PAUSING
from tests.trials.api.conftest import Program, member
from trials import closing, endings, head
from trials.models import Study, Trial
from trials.plan import Budget
from trials.running.advancing import advance
from trials.running.claims import claim

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging", "quiet")]


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ring no worker: these tests claim by hand."""
    monkeypatch.setattr("trials.running.doorbell.ring_all", lambda times=1: None)
    monkeypatch.setattr("trials.running.doorbell.ask_for_suggestions", lambda study_id: None)


@pytest.fixture
def paused() -> Trial:
    """The second of two trials, paused at step 2 behind the first."""
    study = a_study(policy=PAUSING, budget=Budget(trials=50))
    train(an_attempt(study), falling(1.0))
    train(an_attempt(study), falling(2.0))
    return Trial.objects.select_related("study").get(study=study, number=1)


def go_on(study: Study) -> None:
    """Claim what may go on and train it to its end."""
    attempt = claim(None, queue="cpu", slot=0, device="cpu", at=study.created_at, claimed_by="t", study=study)
    assert attempt is not None
    after = attempt.trial.last_step or 0
    type(attempt).objects.filter(pk=attempt.pk).update(resumed_from=after)
    train(attempt, falling(2.0)[2:], after=after)


def test_a_paused_trial_goes_on_for_a_person_whatever_its_rank(paused: Trial) -> None:
    study = paused.study

    assert endings.resume_by_person(paused, person="robin", note="It looks promising.", at=study.created_at)

    row = last_event(study)
    paused.refresh_from_db()
    assert (paused.state, paused.resumes, paused.ending_code) == ("WAITING", True, "")
    assert (row.kind, row.verdict, row.rule, row.reason, row.step) == ("verdict", "RESUME", "person", "person", 2)
    assert row.sentence == ("Resumed at step 2: robin asked that it go on, whatever its rank: It looks promising.")


def test_after_it_the_ledger_verifies_and_replays_to_the_end(paused: Trial) -> None:
    study = paused.study
    endings.resume_by_person(paused, person="robin", note="", at=study.created_at)
    go_on(study)
    for floor in (0.5, 3.0, 1.5):
        train(an_attempt(study), falling(floor))
        advance(study, at=study.created_at)
    study.refresh_from_db()

    assert verify(study.uid).holds
    result = replay(study)
    assert result.holds, result.sentence()
    assert result.n_near == 0
    mine = [row.verdict for row in events(study) if row.trial_number == 1 and row.kind == "verdict"]
    assert mine[:2] == ["PAUSE", "RESUME"]


def test_a_resumption_of_a_trial_that_was_not_paused_is_found_by_the_replay(paused: Trial) -> None:
    """A row as the door would have written it, but about a trial that ran on."""
    study = paused.study
    other = Trial.objects.select_related("study").get(study=study, number=0)
    waiting = Waiting(trial=0, step=2, key=1.0)
    verdict = by_person.resumption(waiting, metric="val_loss", maximize=False, person="mallory", note="")
    with transaction.atomic():
        locked = head.lock(study.pk)
        ledger.append(locked, of_verdict(verdict, other, 1, head.next_sequence(locked), last_event(study).policy))
    study.refresh_from_db()

    result = replay(study)

    assert result.n_different == 1
    assert result.differences[0].problem == "KEEP, not RESUME"


def test_only_a_paused_trial_of_a_study_that_goes_on_is_resumed(paused: Trial) -> None:
    study, running = paused.study, an_attempt(paused.study).trial
    n_rows = len(events(study))

    assert not endings.resume_by_person(running, person="robin", note="", at=study.created_at)
    Study.objects.filter(pk=study.pk).update(ending_code="stopped_by_user")
    assert not endings.resume_by_person(paused, person="robin", note="", at=study.created_at)

    assert len(events(study)) == n_rows
    assert Trial.objects.get(pk=paused.pk).state == "PAUSED"


def test_it_is_resumed_once(paused: Trial) -> None:
    at = paused.study.created_at

    assert endings.resume_by_person(paused, person="robin", note="", at=at)
    assert not endings.resume_by_person(paused, person="kim", note="", at=at)

    assert [row.verdict for row in events(paused.study)].count("RESUME") == 1


def test_a_note_is_a_row_and_the_same_note_is_none(paused: Trial) -> None:
    study, at = paused.study, paused.study.created_at

    assert endings.write_note(paused, note="odd at step 2", person="robin", at=at)
    assert not endings.write_note(paused, note="odd at step 2", person="kim", at=at)
    assert endings.write_note(paused, note="", person="kim", at=at)

    said = [row.sentence for row in events(study) if row.kind == PruningEvent.Kind.INTERVENED]
    assert said == ["robin noted on trial 1: odd at step 2", "kim took the note on trial 1 away."]


def test_closing_after_a_resumption_ends_it_as_any_waiting_trial(paused: Trial) -> None:
    endings.resume_by_person(paused, person="robin", note="", at=paused.study.created_at)

    closing.stop_study(paused.study, person="robin", note="enough", at=paused.study.created_at)

    paused.refresh_from_db()
    assert (paused.state, paused.ending_code) == ("PRUNED", "study_closed")


def test_the_page_offers_it_does_it_and_says_who_did(paused: Trial) -> None:
    browser = Client()
    browser.force_login(factories.a_person("editor", paused.study.project))
    url = reverse("trials:trial", args=[paused.study.pk, 1])
    offered = [action.label for action in browser.get(url).context["trial"].actions]

    answer = browser.post(reverse("trials:resume_trial", args=[paused.study.pk, 1]), {"note": "a hunch"})

    paused.refresh_from_db()
    assert "Let it go on" in offered
    assert (answer.status_code, paused.state) == (302, "WAITING")
    page = browser.get(url).content.decode()
    assert "editor asked that it go on, whatever its rank: a hunch" in page
    row = last_event(paused.study)
    audit = browser.get(reverse("pruning:event", args=[paused.study.pk, row.sequence]))
    assert audit.context["opened"].reason == "resumed by a person"
    assert "Replays bit for bit" in [badge.text for badge in audit.context["opened"].badges]


def test_the_page_of_a_trial_lists_what_people_asked_between_its_verdicts(paused: Trial) -> None:
    at = paused.study.created_at
    endings.pin(paused, pinned=True, person="kim", note="the baseline", at=at)
    endings.resume_by_person(paused, person="robin", note="", at=at)
    browser = Client()
    browser.force_login(factories.a_person("viewer", paused.study.project, "viewer"))

    rows = browser.get(reverse("trials:trial", args=[paused.study.pk, 1])).context["verdicts"]

    assert [row.verdict for row in rows] == ["pause", "pin", "resume"]
    assert rows[1].sentence == "kim asked to pin trial 1: the baseline"
    assert rows[1].url == reverse("pruning:event", args=[paused.study.pk, rows[1].sequence])


def test_a_program_resumes_pins_and_notes(paused: Trial) -> None:
    program = Program(member(paused.study.project, "edith", "editor"))
    path = f"studies/{paused.study.pk}/trials/1"

    assert program.post(f"{path}/resume", {"reason": "a hunch"})[1]["state"] == "WAITING"
    assert program.post(f"{path}/resume", {})[0] == 200
    assert program.post(f"{path}/pin", {"reason": "the baseline"})[1]["pinned"] is True
    assert program.post(f"{path}/pin", {"pinned": True})[1]["pinned"] is True
    assert program.post(f"{path}/pin", {"pinned": False})[1]["pinned"] is False
    assert program.post(f"{path}/note", {"note": "seen"})[1]["note"] == "seen"

    said = [row.sentence for row in events(paused.study)][-4:]
    assert said == [
        "Resumed at step 2: edith asked that it go on, whatever its rank: a hunch.",
        "edith asked to pin trial 1: the baseline",
        "edith asked to unpin trial 1.",
        "edith noted on trial 1: seen",
    ]


def test_a_program_asks_nothing_of_an_ended_trial_but_may_note(paused: Trial) -> None:
    program = Program(member(paused.study.project, "edith", "editor"))
    path = f"studies/{paused.study.pk}/trials/0"

    for verb in ("resume", "pin"):
        status, body = program.post(f"{path}/{verb}", {})
        assert (status, body["code"]) == (409, "trial_finished")
    assert program.post(f"{path}/note", {"note": "the winner"})[0] == 200
    assert program.post(f"{path}/note", {})[0] == 400


def test_the_command_replays_a_study_with_interventions(paused: Trial) -> None:
    endings.resume_by_person(paused, person="robin", note="", at=paused.study.created_at)
    out = StringIO()

    call_command("ledger", "replay", paused.study.name, stdout=out)

    assert "all agree bit for bit" in out.getvalue()
