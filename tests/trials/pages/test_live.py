"""Pages that stay fresh cost nothing while nothing changes."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from tests import factories
from tests.factories import Played
from trials import closing, endings, head
from trials.models import Study, Trial
from trials.running import checkpoints


def test_a_page_says_where_to_ask_for_more(editor: Client, played: Played) -> None:
    live = editor.get(played.study.get_absolute_url()).context["live"]

    assert live.every_s <= 1
    assert editor.get(live.url, {"version": live.version}).status_code == 204


def test_an_unchanged_page_costs_six_queries(editor: Client, played: Played) -> None:
    live = editor.get(played.study.get_absolute_url()).context["live"]

    with CaptureQueriesContext(connection) as queries:
        editor.get(live.url, {"version": live.version})

    # Session, person, study, role, steps of the running trials.
    assert len(queries) <= 6


def test_a_report_between_looks_changes_the_page(editor: Client, played: Played) -> None:
    live = editor.get(played.study.get_absolute_url()).context["live"]

    factories.tell(played.running, 9, (7, 0.7123))

    response = editor.get(live.url, {"version": live.version})
    assert response.status_code == 200
    assert response["X-Version"] != live.version
    html = response.content.decode()
    assert 'id="part-running"' in html
    assert "0.7123" in html
    assert "<html" not in html


def test_an_ended_study_says_stop_asking(editor: Client, played: Played) -> None:
    live = editor.get(played.study.get_absolute_url()).context["live"]
    closing.stop_study(played.study, person="editor", note="enough", at=factories.NOW)
    endings.halt_if_asked(played.running.pk, at=factories.NOW)
    closing.settle(played.study, at=factories.NOW)

    response = editor.get(live.url, {"version": live.version})

    assert response.status_code == 286
    assert editor.get(played.study.get_absolute_url()).context["live"] is None


def test_chart_data_are_not_sent_twice(editor: Client, played: Played) -> None:
    url = reverse("trials:curves_json", args=[played.study.pk])
    first = editor.get(url)

    again = editor.get(url, headers={"If-None-Match": first["ETag"]})
    factories.tell(played.running, 9, (7, 0.7))
    changed = editor.get(url, headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200
    assert json.loads(changed.content)["version"] != json.loads(first.content)["version"]


def test_the_studies_page_follows_its_studies(editor: Client, played: Played) -> None:
    live = editor.get("/").context["live"]
    assert editor.get(live.url, {"version": live.version}).status_code == 204

    endings.stop_by_person(played.running.trial, person="editor", note="", at=factories.NOW)

    assert editor.get(live.url, {"version": live.version}).status_code == 200


def test_a_running_trial_is_live_and_an_ended_one_is_not(editor: Client, played: Played) -> None:
    running = reverse("trials:trial", args=[played.study.pk, played.running.trial.number])
    ended = reverse("trials:trial", args=[played.study.pk, played.failed.number])

    live = editor.get(running).context["live"]

    assert editor.get(live.url, {"version": live.version}).status_code == 204
    assert editor.get(ended).context["live"] is None


def test_a_page_of_a_trial_changes_with_what_its_attempt_writes(
    editor: Client, played: Played, settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    written = checkpoints.log_file(played.running)
    written.parent.mkdir(parents=True)
    written.write_text("epoch 1\n")
    live = editor.get(played.running.trial.get_absolute_url()).context["live"]
    assert editor.get(live.url, {"version": live.version}).status_code == 204

    written.write_text("epoch 1\nepoch 2\n")

    response = editor.get(live.url, {"version": live.version})
    assert response.status_code == 200
    html = response.content.decode()
    assert "epoch 2" in html
    assert 'id="part-trial"' not in html, "the log alone has changed"


@pytest.mark.parametrize("asked", ["2", "0", "x", "\u0662", "../1", "9" * 40])
def test_an_attempt_that_there_is_not_shows_the_newest(editor: Client, played: Played, asked: str) -> None:
    found = editor.get(played.running.trial.get_absolute_url(), {"attempt": asked})

    assert found.context["log_attempt"] == "1 of 1"


def test_a_paused_page_hears_the_version_and_is_sent_nothing(editor: Client, played: Played) -> None:
    for name in ("overview", "curves"):
        url = reverse(f"trials:{name}", args=[played.study.pk])
        found = editor.get(f"{url}?version=1&paused=yes")

        assert (found.status_code, found.content) == (204, b"")
        assert found["X-Version"] == head.live_version(played.study)


def test_steps_are_added_up_only_where_trials_run(played: Played, django_assert_num_queries: Any) -> None:
    study = Study.objects.get(pk=played.study.pk)
    steps = Trial.objects.get(pk=played.running.trial_id).last_step
    with django_assert_num_queries(1):
        assert head.live_version(study) == f"{study.version}-{steps}"

    study.n_running = 0
    with django_assert_num_queries(0):
        assert head.live_version(study) == f"{study.version}-0"
