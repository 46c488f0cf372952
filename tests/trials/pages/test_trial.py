"""One trial."""

import json
from datetime import timedelta
from typing import Any

import numpy as np
import yaml
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import NOW, Played
from tests.trials.charts.unpacking import unpacked
from trials import closing, endings, series
from trials.models import Project, Trial
from trials.pages import logs
from trials.running import checkpoints


def page(client: Client, trial: Trial) -> Any:
    return client.get(reverse("trials:trial", args=[trial.study_id, trial.number])).context


def test_a_stopped_trial_leads_with_its_sentence(editor: Client, played: Played) -> None:
    trial = played.study.trials.filter(ending_code="outpaced").order_by("number")[0]

    context = page(editor, trial)

    assert context["trial"].sentence == trial.ending_sentence
    assert context["trial"].motive == "for speed"
    assert context["verdicts"][-1].verdict == "stop"
    assert context["verdicts"][-1].ended
    assert context["verdicts"][-1].sentence in trial.ending_sentence
    assert context["verdicts"][-1].rank.quota is not None
    assert context["trial"].badges[0].text == "Chain intact"


def test_a_failed_trial_shows_its_traceback(editor: Client, played: Played) -> None:
    context = page(editor, played.failed)

    assert context["trial"].sentence == "Ended by an error: ValueError: no such file."
    assert context["traceback"] == "Traceback\nValueError"
    assert context["attempts"][0].kind == "failed"


def test_the_configuration_can_be_copied_and_has_places(editor: Client, played: Played) -> None:
    trial = played.study.trials.get(number=3)

    context = page(editor, trial)

    assert yaml.safe_load(context["configuration"]) == trial.params
    places = {param.name: param for param in context["params"]}
    assert 0 <= (places["learning_rate"].place or -1) <= 1
    assert len(places["batch_size"].others) == played.study.trials.count() - 1
    assert places["optimizer"].others == []
    assert (places["batch_size"].low, places["batch_size"].high) == ("8", "64")


def test_a_lost_attempt_stands_among_the_verdicts_and_is_none(editor: Client, project: Project) -> None:
    study = factories.a_study(project)
    first = factories.an_attempt(study)
    factories.tell(first, 1, (1, 2.0), (2, 1.8), (4, 1.5))
    endings.requeue(first, outcome="worker_lost", sentence="No beat from its worker for 60 s.", at=NOW)
    second = factories.an_attempt(study, at=NOW + timedelta(minutes=2))
    factories.tell(second, 1, (1, 2.0), (2, 1.8))

    context = page(editor, second.trial)

    assert context["trial"].more == (
        "Before that it lost its worker once and went on from its checkpoint. Losing a worker is not a verdict."
    )
    assert [row.verdict for row in context["verdicts"] if row.plain] == ["attempt ended"]
    assert [row.ending for row in context["attempts"]] == ["worker lost at 4", "running"]
    chart = json.loads(editor.get(context["curves_url"]).content)
    assert chart["attempts"][0]["lost_from"] == 0
    assert chart["attempts"][0]["text"] == "worker lost at 4"


def test_the_chart_holds_the_numbers_of_the_database(editor: Client, played: Played) -> None:
    trial = played.study.trials.get(number=3)

    found = json.loads(editor.get(reverse("trials:trial_series", args=[trial.study_id, 3])).content)

    assert list(found["series"]) == ["val_loss", "train_loss"]
    for metric, curve in found["series"].items():
        steps, values = series.read(trial, metric)
        assert np.array_equal(unpacked(curve["x"]), steps.astype("f4"))
        assert np.array_equal(unpacked(curve["y"]), values.astype("f4"))
    assert found["best"] == {"step": trial.best_step, "value": trial.best_value}
    assert found["band"]["x"]["b64"]


def test_the_end_of_the_log_is_shown(editor: Client, played: Played) -> None:
    path = checkpoints.log_file(played.running)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(b"step %d \xff<b>\n" % line for line in range(5000)))

    log = page(editor, played.running.trial)["log"]

    assert log.splitlines()[-1] == "step 4999 \ufffd<b>"
    assert len(log.splitlines()) == logs.TAIL_LINES


def test_an_attempt_without_a_log_says_nothing(editor: Client, played: Played) -> None:
    assert page(editor, played.failed)["log"] == ""


def test_a_waiting_trial_has_a_page(editor: Client, project: Project) -> None:
    study = factories.a_study(project)

    context = page(editor, study.trials.get(number=0))

    assert context["trial"].sentence == "Waits for a slot."
    assert context["trial"].note == "The defaults, tried first; no rule may stop a pinned trial."
    labels = [action.label for action in context["trial"].actions]
    assert labels == ["Stop trial", "Unpin", "Clone as a new trial", "Add to compare"]


def test_neighbours_are_one_key_away(editor: Client, played: Played) -> None:
    first, last = played.study.trials.order_by("number")[0], played.study.trials.order_by("-number")[0]

    assert page(editor, first)["trial"].previous_url == ""
    assert page(editor, first)["trial"].next_url.endswith("/trials/1/")
    assert page(editor, last)["trial"].next_url == ""


def test_the_ledgers_entries_about_a_trial_are_one_click_away(editor: Client, played: Played) -> None:
    context = page(editor, played.study.trials.get(number=3))

    entries = editor.get(context["audit_url"]).context["entries"]

    assert {entry.title for entry in entries} == {"Trial 3"}


def test_after_the_end_of_its_study_it_says_how_to_try_again(editor: Client, viewer: Client, played: Played) -> None:
    before = page(editor, played.failed)["clone_study_url"]
    closing.stop_study(played.study, person="editor", note="", at=NOW)

    answer = editor.get(played.failed.get_absolute_url())

    assert before == ""
    assert editor.get(answer.context["clone_study_url"]).status_code == 200
    assert "The study is over" in answer.content.decode()
    assert [action.label for action in answer.context["trial"].actions] == ["Add to compare"]
    assert page(viewer, played.failed)["clone_study_url"] == ""
