"""Trials side by side."""

import json
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import Played
from tests.trials.charts.unpacking import split, unpacked
from trials import series
from trials.facts import provider
from trials.models import Environment, SeriesChunk


def compared(client: Client, played: Played, *numbers: int, query: str = "") -> Any:
    selected = ",".join(map(str, numbers))
    return client.get(f"{reverse('trials:compare', args=[played.study.pk])}?sel={selected}{query}").context


def test_it_begins_with_how_each_ended(editor: Client, played: Played) -> None:
    stopped = played.study.trials.filter(ending_code="outpaced").order_by("number")[0]
    best = played.study.best_number or 0

    columns = compared(editor, played, best, stopped.number, played.failed.number)["columns"]

    assert [column.letter for column in columns] == ["A", "B", "C"]
    assert [column.is_base for column in columns] == [True, False, False]
    assert columns[1].sentence == stopped.ending_sentence
    assert columns[1].stopped
    assert columns[1].inside is False
    assert columns[1].margin.startswith("+")
    assert (
        f"val_loss {columns[1].value} ranks {columns[1].rank.rank} of {columns[1].rank.of}" in stopped.ending_sentence
    )
    assert f"(cut {columns[1].cut})" in stopped.ending_sentence
    assert (columns[2].kind, columns[2].ending) == ("failed", "error")


def test_only_differing_parameters_are_shown_unless_all_are_asked_for(editor: Client, played: Played) -> None:
    few = compared(editor, played, 2, 3)
    everything = compared(editor, played, 2, 3, query="&params=all")

    assert {row.name for row in everything["params"]} == set(played.study.trials.get(number=2).params)
    assert all(row.differs for row in few["params"])
    assert "optimizer" not in {row.name for row in few["params"]}


def test_metrics_are_as_of_an_equal_budget(editor: Client, played: Played) -> None:
    context = compared(editor, played, 2, 3, query="&step=4")

    row = next(row for row in context["metrics"] if row.label == "val_loss")
    for cell, number in zip(row.cells, (2, 3), strict=True):
        steps, values = series.read(played.study.trials.get(number=number), "val_loss")
        assert cell.text == f"{values[steps <= 4][-1]:.4f}"
    assert row.cells[0].delta == ""
    assert row.cells[1].delta[0] in "+−"
    assert context["metrics"][0].label == "val_loss"


def test_another_base_reorders_and_keeps_the_rest(editor: Client, played: Played) -> None:
    columns = compared(editor, played, 2, 3, 4)["columns"]

    assert columns[2].base_url.endswith("sel=4,2,3")
    assert columns[0].remove_url.endswith("sel=3,4")


def test_differing_environments_are_listed(editor: Client, played: Played) -> None:
    for number, python in ((2, "3.11.7"), (3, "3.12.1")):
        facts = {"python": python, "host": "wall-1", "packages": {"torch": "2.13.0"}}
        environment = Environment.objects.create(digest=f"{number:064d}", facts=facts, created_at="2026-03-01T12:00Z")
        played.study.trials.get(number=number).attempts.update(environment=environment)

    rows = compared(editor, played, 2, 3)["environment"]

    assert [(row.label, [cell.text for cell in row.cells]) for row in rows] == [("python", ["3.11.7", "3.12.1"])]


def test_at_most_a_dozen_are_compared(editor: Client, played: Played) -> None:
    assert len(compared(editor, played, *range(14))["columns"]) == 12


def test_without_a_selection_it_says_how_to_choose(editor: Client, played: Played) -> None:
    response = editor.get(reverse("trials:compare", args=[played.study.pk]))

    assert "Nothing to compare yet" in response.content.decode()


def test_the_chart_holds_the_numbers_of_the_database(editor: Client, played: Played) -> None:
    address = f"{reverse('trials:compare_json', args=[played.study.pk])}?sel=3,2"

    found = json.loads(editor.get(address).content)

    assert [trial["trial"] for trial in found["trials"]] == [3, 2]
    for trial in found["trials"]:
        row = played.study.trials.get(number=trial["trial"])
        assert list(trial["series"]) == ["val_loss", "train_loss"]
        for metric, curve in trial["series"].items():
            assert np.array_equal(unpacked(curve["y"]), series.read(row, metric)[1].astype("f4"))
    assert set(split(found["others"])).isdisjoint({2, 3})


def test_queries_do_not_grow_with_the_number_compared(editor: Client, played: Played) -> None:
    def count(*numbers: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            compared(editor, played, *numbers)
        return len(queries)

    assert count(1, 2) == count(*range(1, 13))
    assert count(1, 2) <= 24


def test_every_verdict_stands_on_its_trials_timeline(editor: Client, played: Played) -> None:
    number = played.study.trials.filter(ending_code="outpaced").earliest("number").number

    context = editor.get(f"{reverse('trials:compare', args=[played.study.pk])}?sel=0,{number}").context

    for column in context["columns"]:
        told = provider().rulings(played.study.trials.get(number=column.number))
        assert [(sign.step, sign.sentence) for sign in column.timeline] == [(one.step, one.sentence) for one in told]
    assert context["columns"][1].ended_at == played.study.trials.get(number=number).ending_step


def drawn(editor: Client, played: Played, x: str) -> dict[str, Any]:
    address = reverse("trials:compare_json", args=[played.study.pk])
    found: dict[str, Any] = json.loads(editor.get(address, {"sel": "3,2", "x": x}).content)
    return found


def test_curves_stand_where_each_trial_was_in_seconds_and_cost(editor: Client, played: Played) -> None:
    by_step, by_seconds, by_cost = (drawn(editor, played, x) for x in ("step", "seconds", "cost"))

    trial = played.study.trials.get(number=3)
    steps, seconds = series.read_seconds([trial.pk])[trial.pk]
    own = by_seconds["trials"][0]["series"]["val_loss"]
    assert unpacked(own["x"]).tolist() == steps.tolist()
    assert unpacked(own["at"]).tolist() == seconds.tolist()
    assert unpacked(by_cost["trials"][0]["series"]["val_loss"]["at"]) == pytest.approx(seconds / 3600)
    assert [(one["along"], one["unit"], one["step_unit"]) for one in (by_step, by_seconds, by_cost)] == [
        ("step", "steps", "steps"),
        ("seconds", "seconds trained", "steps"),
        ("cost", "slot hours", "steps"),
    ]
    assert "at" not in by_step["trials"][0]["series"]["val_loss"]
    assert by_seconds["span"] >= seconds[-1]
    assert (len(by_step["cuts"]) > 0, by_seconds["cuts"]) == (True, [])


def test_trials_without_times_are_named_and_not_drawn_by_seconds(editor: Client, played: Played) -> None:
    one = played.study.trials.get(number=3)
    SeriesChunk.objects.filter(trial=one, metric="").delete()

    of_one = drawn(editor, played, "seconds")
    SeriesChunk.objects.filter(metric="").delete()
    of_all = drawn(editor, played, "cost")

    assert of_one["problem"] == "Trial 3 told no times and is not drawn"
    assert of_one["trials"][0]["series"]["val_loss"]["at"] is None
    assert of_one["trials"][1]["series"]["val_loss"]["at"] is not None
    assert (of_all["along"], of_all["problem"]) == ("step", "Cost not recorded: these reports carry no times")


@pytest.mark.parametrize("x", ["", "wall", "<script>", "seconds" * 200])
def test_an_axis_that_does_not_exist_is_the_one_of_steps(editor: Client, played: Played, x: str) -> None:
    page = editor.get(reverse("trials:compare", args=[played.study.pk]), {"sel": "3,2", "x": x})

    assert drawn(editor, played, x)["along"] == "step"
    assert [choice.chosen for choice in page.context["axis"]] == [True, False, False]
