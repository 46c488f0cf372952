"""A study as one HTML file: it holds what the pages say, and needs nothing else."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from pruning.study_report import html_of
from tests import factories
from tests.factories import Played
from trials.charts import still
from trials.charts.best import best_so_far
from trials.charts.curves import study_curves

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
