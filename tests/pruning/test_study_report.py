"""A study as one HTML file: it holds what the pages say, and needs nothing else."""

import re
from datetime import UTC, datetime
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from pruning.study_report import html_of
from tests import factories
from tests.factories import Played
from tests.trials.importance.stored import a_searched_study
from tests.trials.pages.test_importance import kept, result
from trials import explaining
from trials.charts import still
from trials.charts.best import best_so_far
from trials.charts.curves import study_curves
from trials.models import Job, SeriesChunk, SeriesTail

pytestmark = pytest.mark.django_db


@pytest.fixture
def played() -> Played:
    return factories.a_played_study(factories.a_project())


def test_a_report_holds_narrative_curves_halted_judgement_configuration_and_plan(played: Played) -> None:
    text = html_of(played.study)

    for heading in ("Every trial", "Best so far", "Halted", "Was that right?", "The best configuration", "The plan"):
        assert f"<h2>{heading}" in text
    drawn = [one for group in study_curves(played.study).groups.values() for one in still.split(group)]
    assert text.count("<path class=") == len(drawn) + 1
    assert f"trial {played.study.best_number}" in text


def test_a_report_needs_nothing_else(played: Played) -> None:
    text = html_of(played.study)

    assert "<script" not in text
    assert "<link" not in text
    assert "<form" not in text
    assert not re.search(r"<img|src=|url\(", text)


def test_a_report_of_a_hostile_study_is_text() -> None:
    text = html_of(factories.a_hostile_study(factories.a_project()))

    assert "<script>alert" not in text
    assert "<b>lr</b>" not in text
    assert "<img src=x" not in text


def test_a_study_without_trials_has_a_report_too() -> None:
    text = html_of(factories.a_study(factories.a_project(), name="fresh"))

    assert "No trial has ended yet." in text
    assert "<path class=" not in text


def test_trials_without_a_curve_leave_no_line(played: Played) -> None:
    SeriesChunk.objects.all().delete()
    SeriesTail.objects.all().delete()

    text = html_of(played.study)

    assert "<h2>Every trial" not in text
    assert "<h2>Halted" in text


def test_it_is_sent_as_a_file(played: Played) -> None:
    client = Client()
    client.force_login(factories.a_person("editor", played.study.project))

    answer = client.get(f"/studies/{played.study.pk}/report.html")

    assert answer["Content-Disposition"] == f'attachment; filename="study-{played.study.pk}-report.html"'
    assert b"<style>" in answer.content


def test_the_command_writes_it(played: Played, tmp_path: Path) -> None:
    call_command("report", str(played.study.pk), out=tmp_path / "r.html")

    assert "<h2>The plan" in (tmp_path / "r.html").read_text()
    with pytest.raises(CommandError, match="name a file in a folder"):
        call_command("report", str(played.study.pk), out=tmp_path / "none" / "r.html")


def test_the_best_curve_is_drawn_last_and_within_the_picture(played: Played) -> None:
    drawn = still.curves(
        study_curves(played.study), horizon=played.study.horizon, looks=[4, 8], best=played.study.best_number
    )

    assert drawn is not None
    assert [line.is_best for line in drawn.lines].index(True) == len(drawn.lines) - 1
    for line in drawn.lines:
        for left, top in (map(float, point.split()) for point in line.d[1:].split("L")):
            assert drawn.left <= left <= drawn.right
            assert drawn.top <= top <= drawn.bottom


def test_the_best_so_far_is_a_staircase(played: Played) -> None:
    drawn = still.best_so_far(best_so_far(played.study))

    assert drawn is not None
    points = [tuple(map(float, point.split())) for point in drawn.lines[0].d[1:].split("L")]
    assert all(one[0] == other[0] or one[1] == other[1] for one, other in pairwise(points))


def test_a_report_holds_the_importance_that_was_computed_last_and_says_when() -> None:
    study = a_searched_study(factories.a_project())
    job = kept(study, result(study))
    Job.objects.filter(pk=job.pk).update(ended_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC))

    text = html_of(study).replace("\u202f", " ")

    assert "<h2>What mattered</h2>" in text
    assert "Computed 4 Mar 2026, 05:06 UTC." in text
    assert re.search(r"<strong>learning_rate</strong> explains <strong>66 %</strong>", text)
    for cell in ("66 %", "20 %", "2 %"):
        assert f"<b>{cell}</b>" in text
    assert "How the stopped trials are read" in text


def test_a_report_says_that_its_importance_is_older_than_the_study() -> None:
    study = a_searched_study(factories.a_project())
    kept(study, result(study) | {"as_of": study.sequence - 5, "n_ended": 30})

    assert "Computed when 30 trials had ended; 39 have now." in html_of(study)


def test_a_report_without_importance_computes_none_and_says_how_to_get_it(played: Played) -> None:
    text = html_of(played.study)

    assert "importance has not been computed for this study" in text
    assert f"manage.py report {played.study.pk} --importance" in text
    assert f'href="/studies/{played.study.pk}/importance/"' in text
    assert not played.study.jobs.exists()


def test_the_command_computes_importance_first_if_asked_and_only_where_it_is_older(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explaining, "REFITS", 2)
    study, file = a_searched_study(factories.a_project()), tmp_path / "r.html"

    call_command("report", str(study.pk), out=file, importance=True, stderr=StringIO())
    first = study.jobs.get()
    call_command("report", str(study.pk), out=file, importance=True, stderr=StringIO())

    assert study.jobs.get().pk == first.pk
    assert first.state == Job.State.DONE
    assert "<strong>learning_rate</strong> explains" in file.read_text()


def test_the_command_waits_for_nobody_who_computes_importance_already(tmp_path: Path) -> None:
    study = a_searched_study(factories.a_project())
    explaining.ask(study, at=factories.NOW)

    with pytest.raises(CommandError, match="wait until its page shows it"):
        call_command("report", str(study.pk), out=tmp_path / "r.html", importance=True)
