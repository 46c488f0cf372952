"""What the figures of relations fetch: capped, fair, and equal to the database."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from tests.trials.charts.unpacking import unpacked as unpack
from tests.trials.importance.stored import a_searched_study
from trials.charts import front, relations, spread
from trials.charts.front import Side, hypervolume, unbeaten
from trials.models import Project, Study, Trial

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(project: Project) -> Study:
    return a_searched_study(project)


@pytest.fixture
def project(db: None) -> Project:
    return factories.a_project()


@pytest.fixture
def member(project: Project) -> Client:
    client = Client()
    client.force_login(factories.a_person("member", project, "viewer"))
    return client


def payload(study: Study, *selected: int, most: int = 1_000) -> dict[str, object]:
    found = relations.relations(study, selected=selected, most=most)
    return relations.payload(study, study.plan().space, found, selected=selected, version="1")


def test_every_trial_stands_at_its_values(study: Study) -> None:
    data = payload(study)
    trial = study.trials.get(number=7)
    at = data["trials"].index(7)  # type: ignore[attr-defined]
    by_name = {axis["name"]: axis for axis in data["axes"]}  # type: ignore[attr-defined]

    assert unpack(by_name["learning_rate"]["values"])[at] == pytest.approx(trial.params["learning_rate"])
    assert unpack(by_name["optimizer"]["values"])[at] == ["adamw", "adafactor"].index(trial.params["optimizer"])
    assert by_name["learning_rate"]["log"] is True
    assert by_name["optimizer"]["choices"] == ["adamw", "adafactor"]
    assert unpack(data["value"])[at] == pytest.approx(trial.best_value if trial.value is None else trial.value)  # type: ignore[arg-type]
    assert data["told"] == 40


def test_of_many_trials_the_best_the_selected_and_an_even_draw_are_drawn(study: Study) -> None:
    found = relations.relations(study, selected=(11,), most=20)
    numbers = [trial.number for trial in found.trials]

    assert 11 in numbers
    assert study.best_number in numbers
    assert found.told == 40
    assert numbers == sorted(numbers)
    assert len(numbers) < 40


def test_a_sample_is_spread_over_the_whole_study(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relations, "BEST", 2)
    study = a_searched_study(project, trials=60)

    numbers = [trial.number for trial in relations.relations(study, most=12).trials]

    assert {0, 59} <= set(numbers)
    assert len(numbers) <= 12
    assert max(np.diff(numbers)) <= 10


def test_a_parameter_that_does_not_vary_or_left_its_range_is_drawn_as_it_is(study: Study) -> None:
    trial = study.trials.get(number=0)
    params = {**trial.params, "dropout": 0.9}
    del params["batch_size"]
    Trial.objects.filter(pk=trial.pk).update(params=params)

    axes = {axis["name"]: axis for axis in payload(study)["axes"]}  # type: ignore[attr-defined]

    assert np.isnan(unpack(axes["batch_size"]["values"])[0])
    assert axes["dropout"]["high"] == 0.9


def test_figures_take_the_same_queries_whatever_the_number_of_trials(member: Client, project: Project) -> None:
    counts = []
    for trials in (6, 50):
        study = a_searched_study(project, trials=trials, name=f"of {trials}")
        for name in ("relations_json", "spread_json", "front_json"):
            with CaptureQueriesContext(connection) as queries:
                assert member.get(reverse(f"trials:{name}", args=[study.pk])).status_code == 200
            counts.append(len(queries))

    assert counts[:3] == counts[3:]
    assert max(counts) <= 10


def test_the_distribution_is_that_of_the_values(study: Study) -> None:
    data = spread.payload(study, spread.spread(study), "1")
    values = study.trials.filter(state="COMPLETE").values_list("value", flat=True)
    finished = sorted(value for value in values if value is not None)

    assert [group["n"] for group in data["groups"]] == [20, 40]
    assert unpack(data["groups"][0]["x"]) == pytest.approx(finished)
    assert unpack(data["groups"][0]["y"]) == pytest.approx([(k + 1) / 20 for k in range(20)])


def test_a_distribution_of_many_keeps_its_ends(monkeypatch: pytest.MonkeyPatch, study: Study) -> None:
    monkeypatch.setattr(spread, "MOST_STEPS", 7)
    values = np.arange(1_000, dtype=float)

    data = spread.payload(study, {"finished": values}, "1")

    x = unpack(data["groups"][0]["x"])
    assert (x[0], x[-1], len(x)) == (0.0, 999.0, 7)


def test_the_front_is_what_none_beats_in_both(study: Study) -> None:
    found = front.front(study, Side("val_loss"), Side("seconds"))
    points = list(zip(found.x.tolist(), found.y.tolist(), strict=True))

    for place, (x, y) in enumerate(points):
        beaten = any(a <= x and b <= y and (a, b) != (x, y) for a, b in points)
        assert found.on_front[place] == (not beaten)
    assert found.area is not None
    assert 0 < found.area < 1


def test_the_front_turns_with_the_direction() -> None:
    points = np.array([[1.0, 1.0], [2.0, 3.0], [3.0, 2.0]])

    assert unbeaten(points).tolist() == [True, False, False]
    assert unbeaten(-points).tolist() == [False, True, True]


def test_the_hypervolume_is_the_area_between_front_and_corner() -> None:
    corner = np.array([4.0, 4.0])

    assert hypervolume(np.array([[1.0, 1.0]]), corner) == 9.0
    assert hypervolume(np.array([[1.0, 3.0], [3.0, 1.0], [2.0, 2.0]]), corner) == 6.0
    assert hypervolume(np.array([[4.0, 4.0]]), corner) == 0.0


def test_two_objectives_are_the_two_metrics_shown_first(member: Client, project: Project) -> None:
    from trials.plan import Objective

    objectives = (Objective(metric="val_loss", direction="minimize"), Objective(metric="seconds", direction="maximize"))
    study = a_searched_study(project, objectives=objectives)

    data = member.get(reverse("trials:front_json", args=[study.pk])).json()

    assert (data["x_metric"], data["y_metric"]) == ("val_loss", "seconds")
    assert (data["x_direction"], data["y_direction"]) == ("minimize", "maximize")


def test_other_metrics_are_in_the_address_and_unknown_ones_count_as_not_asked(member: Client, study: Study) -> None:
    url = reverse("trials:front_json", args=[study.pk])

    data = member.get(url, {"x": "seconds", "x_way": "maximize", "y": "nothing"}).json()

    assert (data["x_metric"], data["x_direction"]) == ("seconds", "maximize")
    assert data["y_metric"] == "val_loss"


def test_a_study_without_trials_has_empty_figures(member: Client, project: Project) -> None:
    study = factories.a_study(project, defaults=None)

    for name in ("relations_json", "spread_json", "front_json", "relations_csv", "spread_csv", "front_csv"):
        assert member.get(reverse(f"trials:{name}", args=[study.pk])).status_code == 200, name


def test_what_is_drawn_is_had_as_csv(member: Client, study: Study) -> None:
    rows = list(
        csv.DictReader(member.get(reverse("trials:relations_csv", args=[study.pk])).content.decode().splitlines())
    )
    trial = study.trials.get(number=3)

    assert len(rows) == 40
    assert float(rows[3]["learning_rate"]) == trial.params["learning_rate"]
    assert rows[3]["ending"] in {"speed", "finished"}


def test_a_study_of_many_trials_is_drawn_from_less_than_the_page_may_carry(study: Study) -> None:
    import json

    found = relations.relations(study)
    many = relations.Relations([found.trials[k % 40] for k in range(relations.MOST_DRAWN)], 100_000)

    text = json.dumps(relations.payload(study, study.plan().space, many, selected=(), version="1"))

    assert len(text) < 100_000
