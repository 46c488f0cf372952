"""The tables behind the figures of relations: readable without the drawing, of a study of any size."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.trials.importance.stored import a_searched_study
from trials.models import MetricSummary, Project, Study, Trial
from trials.pages import related, words


@pytest.fixture
def study(project: Project) -> Study:
    return a_searched_study(project)


def url(study: Study) -> str:
    return reverse("trials:importance", args=[study.pk])


def finished(study: Study) -> list[int]:
    return list(study.trials.filter(state=Trial.State.COMPLETE).values_list("number", flat=True))


def told(study: Study, metric: str) -> dict[int, float]:
    rows = MetricSummary.objects.filter(study=study, metric=metric, last_value__isnull=False)
    return {row.trial.number: row.last_value or 0.0 for row in rows.select_related("trial")}


def test_the_distribution_stands_as_a_table_of_twentieths_with_its_counts(editor: Client, study: Study) -> None:
    context = editor.get(url(study)).context

    values = np.sort([trial.value or 0.0 for trial in study.trials.filter(state=Trial.State.COMPLETE)])
    assert context["spread_heads"] == ["20 finished", "40 at their best"]
    assert len(context["spread_rows"]) == 20
    rows = dict(context["spread_rows"])
    assert rows[words.percent(0.5)][0] == words.number(float(values[9]))
    assert rows[words.percent(1.0)][0] == words.number(float(values[-1]))


def test_the_front_stands_as_a_table_of_trials_that_none_beats_in_both(editor: Client, study: Study) -> None:
    response = editor.get(url(study), {"x": study.metric, "y": "seconds", "sel": "3"})

    points = {number: (told(study, study.metric)[number], told(study, "seconds")[number]) for number in finished(study)}
    unbeaten = {
        number
        for number, (x, y) in points.items()
        if not any(a <= x and b <= y and (a, b) != (x, y) for a, b in points.values())
    }
    rows = response.context["front_rows"]
    assert {row.number for row in rows} == unbeaten
    assert [row.x for row in rows] == [words.number(x) for x, _ in sorted(points[number] for number in unbeaten)]
    assert f"{len(unbeaten)} of 20 finished trials are beaten by none in both." in response.content.decode()
    assert rows[0].url == f"/studies/{study.pk}/trials/{rows[0].number}/?sel=3"


def test_a_long_front_is_drawn_evenly_from_end_to_end_and_says_so(
    editor: Client, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [row.number for row in editor.get(url(study), {"y": "seconds"}).context["front_rows"]]
    assert len(whole) > 2
    monkeypatch.setattr(related, "TABLE_ROWS", 2)

    context = editor.get(url(study), {"y": "seconds"}).context

    assert [row.number for row in context["front_rows"]] == [whole[0], whole[-1]]
    assert "evenly drawn" in context["front_told"]


def test_a_study_without_finished_trials_has_empty_tables_that_say_so(editor: Client, project: Project) -> None:
    study = a_searched_study(project, trials=4)
    study.trials.filter(state=Trial.State.COMPLETE).update(state=Trial.State.FAILED, ending_code="error")

    page = editor.get(url(study)).content.decode()

    assert "No trial has finished with both metrics yet." in page


def test_live_parts_gather_nothing_of_the_figures(
    editor: Client, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("the figures are not among the live parts")

    monkeypatch.setattr(related, "context", never)

    answer = editor.get(url(study), {"version": "old"})

    assert answer.status_code == 200
    assert 'id="part-importance"' in answer.content.decode()


def test_hostile_metrics_stay_text_in_the_tables(editor: Client, project: Project) -> None:
    study = factories.a_hostile_study(project)

    assert "<script>alert" not in editor.get(url(study)).content.decode()


def test_what_takes_two_is_not_drawn_of_one(editor: Client, study: Study) -> None:
    both = editor.get(url(study)).content.decode()
    MetricSummary.objects.filter(study=study).exclude(metric=study.metric).delete()
    plan = study.revisions.get()
    plan.plan = plan.plan | {"space": plan.plan["space"][:1]}
    plan.save(update_fields=["plan"])

    alone = editor.get(url(study)).content.decode()

    for chart in ("pair", "front"):
        assert f'data-chart="{chart}"' in both
        assert f'data-chart="{chart}"' not in alone
    assert 'data-chart="values"' in alone
