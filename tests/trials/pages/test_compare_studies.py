"""Several studies compared on one page."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pruning import judging
from tests import factories
from tests.factories import NOW, Played
from tests.trials.charts.unpacking import unpacked
from trials.models import Project, Study, Trial
from trials.plan import Budget, Objective

URL = "/studies/compare/"


def a_history(study: Study, values: list[tuple[str, float]]) -> None:
    """Give a study trials that ended a minute apart, each after half an hour of a slot."""
    study.trials.all().delete()
    Trial.objects.bulk_create(
        Trial(
            study=study, number=number, params={}, state=state, value=value, slot_seconds=1800.0, ending_code="x",
            created_at=NOW, ended_at=NOW + timedelta(minutes=number + 1),
        )
        for number, (state, value) in enumerate(values)
    )  # fmt: skip
    Study.objects.filter(pk=study.pk).update(started_at=NOW, best_value=min(v for s, v in values if s == "COMPLETE"))


def test_the_curves_hold_what_the_database_does(editor: Client, project: Project) -> None:
    one, two = (factories.a_study(project, name=name) for name in ("one", "two"))
    a_history(one, [("COMPLETE", 0.9), ("PRUNED", 0.1), ("COMPLETE", 0.5), ("COMPLETE", 0.7)])
    a_history(two, [("FAILED", 0.2), ("COMPLETE", 0.6)])

    found = editor.get(f"/studies/compare.json?ids={one.pk},{two.pk}").json()

    first, second = found["studies"]
    assert (found["objective"], first["letter"], second["letter"]) == ("val_loss", "A", "B")
    assert unpacked(first["trials"]).tolist() == [1.0, 3.0, 4.0]
    assert unpacked(first["hours"]).tolist() == [0.5, 1.5, 2.0]
    assert [round(hours * 60) for hours in unpacked(first["time"]).tolist()] == [1, 3, 4]
    assert [round(value, 6) for value in unpacked(first["best"]).tolist()] == [0.9, 0.5, 0.5]
    assert first["numbers"] == [0, 2, 2]
    assert [round(value, 6) for value in unpacked(first["values"]).tolist()] == [0.5, 0.7, 0.9]
    assert [round(share, 3) for share in unpacked(first["shares"]).tolist()] == [0.333, 0.667, 1.0]
    assert unpacked(second["trials"]).tolist() == [2.0, 2.0]
    assert editor.get(f"/studies/compare.json?ids={one.pk}&letters=C").json()["studies"][0]["letter"] == "C"


def test_only_studies_of_one_objective_share_an_axis(editor: Client, project: Project) -> None:
    one = factories.a_study(project, name="one")
    two = factories.a_study(project, name="two", objectives=(Objective(metric="accuracy", direction="maximize"),))
    three = factories.a_study(project, name="three")

    answer = editor.get(f"{URL}?ids={one.pk}&ids={two.pk}&ids={three.pk}")

    groups = answer.context["groups"]
    assert [(group.metric, group.letters) for group in groups] == [("val_loss", ["A", "C"]), ("accuracy", ["B"])]
    assert "they share no axis" in answer.content.decode()
    assert [one["letter"] for one in editor.get(groups[0].src).json()["studies"]] == ["A", "C"]


def test_settings_that_differ_stand_side_by_side(editor: Client, project: Project) -> None:
    one = factories.a_study(project, name="one")
    two = factories.a_study(project, name="two", budget=Budget(trials=60, slot_hours=40.0), seed=9)

    rows = {row.name: list(row.values) for row in editor.get(f"{URL}?ids={one.pk},{two.pk}").context["settings"]}

    assert rows == {"budget.trials": ["30", "60"], "seed": ["7", "9"]}


def test_the_table_behind_the_chart_says_the_same(editor: Client, project: Project) -> None:
    study = factories.a_study(project)
    a_history(study, [("COMPLETE", 1.0 - number / 100) for number in range(15)])

    rows = editor.get(f"{URL}?ids={study.pk}").context["groups"][0].rows

    assert [(row.trials, list(row.values)) for row in rows] == [("10", ["0.9100"]), ("all", ["0.8600"])]


def test_a_study_of_another_project_makes_the_page_unknown(editor: Client, played: Played) -> None:
    hidden = factories.a_study(factories.a_project("vision-lab", "Vision lab"), name="hidden")

    for query in (f"ids={played.study.pk},{hidden.pk}", f"ids={hidden.pk}", "ids=99999999"):
        assert editor.get(f"{URL}?{query}").status_code == 404
        assert editor.get(f"/studies/compare.json?{query}").status_code == 404
    assert Client().get(f"{URL}?ids={played.study.pk}").status_code == 302


def test_odd_addresses_are_answered(editor: Client, played: Played) -> None:
    for query in ("", "ids=", "ids=x,,-1", "ids=1e9", f"ids={'9' * 40}"):
        answer = editor.get(f"{URL}?{query}")
        assert answer.status_code == 200
        assert "Nothing to compare yet" in answer.content.decode()
        assert editor.get(f"/studies/compare.json?{query}").status_code == 404
    assert "One study is no comparison" in editor.get(f"{URL}?ids={played.study.pk}").content.decode()


def test_more_than_eight_are_counted_and_left_out(editor: Client, project: Project) -> None:
    ids = [factories.a_study(project, name=f"study {place}").pk for place in range(10)]

    answer = editor.get(f"{URL}?ids={','.join(map(str, ids))}")

    assert len(answer.context["studies"]) == 8
    assert "2 more were asked for" in answer.content.decode()


def test_queries_do_not_grow_with_studies_or_trials(editor: Client, played: Played) -> None:
    others = [factories.a_study(played.study.project, name=f"further {place}") for place in range(5)]

    def count(ids: list[int]) -> int:
        judging.forget()
        with CaptureQueriesContext(connection) as queries:
            editor.get(f"{URL}?ids={','.join(map(str, ids))}")
        return len(queries)

    assert count([played.study.pk, *(other.pk for other in others)]) <= count([played.study.pk]) + 1
    assert count([played.study.pk]) <= 12


def test_hostile_names_are_text(editor: Client, project: Project) -> None:
    study = factories.a_hostile_study(project)
    other = Study.objects.exclude(pk=study.pk).order_by("pk")[0]

    html = editor.get(f"{URL}?ids={study.pk},{other.pk}").content.decode()

    assert "<script>alert" not in html
    assert "<b>x</b>" not in html
    assert reverse("trials:compare_studies_json") in html
