"""What an editor may do with a button."""

from django.test import Client
from django.urls import reverse

from tests.factories import Played
from trials.models import Trial


def test_stopping_a_running_trial_asks_it_to_halt(editor: Client, played: Played) -> None:
    trial = played.running.trial

    response = editor.post(reverse("trials:stop_trial", args=[trial.study_id, trial.number]), {"note": "too slow"})

    trial.refresh_from_db()
    assert response.status_code == 302
    assert (trial.state, trial.halt_code) == (Trial.State.RUNNING, "stopped_by_user")
    assert trial.halt_sentence == "Stopped by editor: too slow"


def test_stopping_an_ended_trial_changes_nothing(editor: Client, played: Played) -> None:
    before = played.failed.ending_sentence

    editor.post(reverse("trials:stop_trial", args=[played.study.pk, played.failed.number]))

    played.failed.refresh_from_db()
    assert played.failed.ending_sentence == before


def test_pinning_twice_unpins(editor: Client, played: Played) -> None:
    trial, url = played.running.trial, reverse("trials:pin_trial", args=[played.study.pk, played.running.trial.number])

    editor.post(url)
    trial.refresh_from_db()
    pinned = trial.pinned
    editor.post(url)
    trial.refresh_from_db()

    assert (pinned, trial.pinned) == (True, False)


def test_a_note_is_kept_as_text_and_bounded(editor: Client, played: Played) -> None:
    url = reverse("trials:note_trial", args=[played.study.pk, played.failed.number])

    editor.post(url, {"note": f"<b>look</b> {'n' * 5000}"})

    played.failed.refresh_from_db()
    assert played.failed.note.startswith("<b>look</b> nnn")
    assert len(played.failed.note) == 2000


def test_a_form_without_its_token_is_refused(played: Played) -> None:
    client = Client(enforce_csrf_checks=True)
    client.login(username="nobody", password="x")
    url = reverse("trials:stop_trial", args=[played.study.pk, played.running.trial.number])

    assert client.post(url).status_code == 403


def test_stopping_a_study_ends_what_waits(editor: Client, played: Played) -> None:
    editor.post(reverse("trials:stop_study", args=[played.study.pk]))

    played.study.refresh_from_db()
    played.running.trial.refresh_from_db()
    assert played.study.ending_code == "stopped_by_user"
    assert played.running.trial.halt_code == "study_closed"
