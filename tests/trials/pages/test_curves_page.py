"""All curves of a study: what the picture holds for every choice in the address."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from tests.factories import NOW, Played
from tests.trials.charts.unpacking import curves_of, unpacked
from trials import series
from trials.charts import picture
from trials.models import Project, SeriesChunk, SeriesTail, Study
from trials.reporting import report
from trials.series import Point


def drawn(client: Client, study: Study, query: str = "") -> dict[str, Any]:
    response = client.get(f"{reverse('trials:curves_view_json', args=[study.pk])}?{query}")
    assert response.status_code == 200
    return json.loads(response.content)  # type: ignore[no-any-return]


def test_few_curves_are_drawn_as_lines_with_every_point(editor: Client, played: Played) -> None:
    found = drawn(editor, played.study)

    (panel,) = found["panels"]
    curves = curves_of(panel)
    told = {trial.number: series.read(trial, "val_loss") for trial in played.study.trials.all()}
    assert set(curves) == {number for number, (steps, _) in told.items() if steps.size}
    for number, (x, y) in curves.items():
        assert np.array_equal(x, told[number][0].astype("f4"))
        assert np.array_equal(y, told[number][1].astype("f4"), equal_nan=True)
    assert panel["density"] is None
    assert (found["best"], found["best_value"]) == (played.study.best_number, played.study.best_value)


def test_each_ended_trial_says_why_in_one_sentence(editor: Client, played: Played) -> None:
    (panel,) = drawn(editor, played.study)["panels"]

    ends = {end["trial"]: end for end in panel["ends"]}
    for trial in played.study.trials.filter(state="PRUNED"):
        assert ends[trial.number]["sentence"] == trial.ending_sentence
        assert ends[trial.number]["step"] == trial.ending_step


def test_many_curves_are_a_density_with_lines_for_the_few_that_matter(
    editor: Client, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "LINES_UP_TO", 5)
    study = played.study

    (panel,) = drawn(editor, study, "sel=3")["panels"]

    density = panel["density"]
    counts = np.expm1(unpacked(density["cells"])).reshape(density["rows"], density["columns"])
    assert 0 < round(float(counts[:, 60].sum())) <= panel["n"]
    lines = curves_of(panel)
    assert {3, study.best_number, played.running.trial.number} <= set(lines)
    stopped = study.trials.filter(state="PRUNED").exclude(ending_motive="").count()
    assert sum(stop["speed"] + stop["risk"] + stop["generalisation"] for stop in panel["stops"]) == stopped
    assert np.isfinite(unpacked(density["p50"])).any()


def test_a_density_can_be_asked_for_and_refused(
    editor: Client, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drawn(editor, played.study, "draw=density")["panels"][0]["density"] is not None
    monkeypatch.setattr(picture, "LINES_UP_TO", 5)
    assert drawn(editor, played.study, "draw=lines")["panels"][0]["density"] is None


def test_a_window_holds_what_passes_through_it(editor: Client, played: Played) -> None:
    found = drawn(editor, played.study, "window=9,16,0.2,1.5")

    (panel,) = found["panels"]
    assert found["window"] == [9, 16, 0.2, 1.5]
    assert (panel["x"], panel["y"]) == ([9, 16], [0.2, 1.5])
    reached = {t.number for t in played.study.trials.all() if (series.read(t, "val_loss")[0] >= 9).any()}
    assert set(curves_of(panel)) == reached
    # One point before the window, so that lines enter it.
    assert min(x.min() for x, _ in curves_of(panel).values()) == 8


def test_a_window_is_sent_at_a_higher_resolution(editor: Client, project: Project) -> None:
    study = factories.a_study(project, horizon=4000, policy="off")
    attempt = factories.an_attempt(study)
    points = [Point(step=step, metrics={"val_loss": float(np.sin(step / 7))}) for step in range(1, 4001)]
    report(attempt_id=attempt.pk, batch=1, points=points, at=NOW)

    whole = curves_of(drawn(editor, study)["panels"][0])[0][0]
    window = curves_of(drawn(editor, study, "window=1000,1400,-1,1")["panels"][0])[0][0]

    assert ((whole >= 1000) & (whole <= 1400)).sum() < 401
    assert ((window >= 1000) & (window <= 1400)).sum() == 401


def test_seconds_and_cost_count_what_was_trained(editor: Client, project: Project) -> None:
    study = factories.a_study(project, policy="off")
    attempt = factories.an_attempt(study)
    factories.tell(attempt, 1, (1, 2.0), at=NOW + timedelta(seconds=30))
    factories.tell(attempt, 2, (2, 1.0), at=NOW + timedelta(seconds=90))

    by_seconds = curves_of(drawn(editor, study, "x=seconds")["panels"][0])
    by_cost = curves_of(drawn(editor, study, "x=cost")["panels"][0])

    assert by_seconds[0][0].tolist() == [30.0, 90.0]
    assert by_cost[0][0] == pytest.approx([30 / 3600, 90 / 3600])


def test_without_times_the_axis_is_refused_with_its_reason(editor: Client, played: Played) -> None:
    SeriesTail.objects.all().delete()
    SeriesChunk.objects.filter(metric="").delete()
    page = editor.get(reverse("trials:curves", args=[played.study.pk]))

    found = drawn(editor, played.study, "x=seconds")

    assert [choice.refused for choice in page.context["axis"]] == [False, True, True]
    assert "not recorded" in page.content.decode()
    assert found["along"] == "step"
    assert found["problem"].startswith("Seconds not recorded")


def test_any_metric_is_drawn(editor: Client, played: Played) -> None:
    (panel,) = drawn(editor, played.study, "metric=train_loss")["panels"]

    trial = played.study.trials.get(number=0)
    assert np.array_equal(curves_of(panel)[0][1], series.read(trial, "train_loss")[1].astype("f4"))
    assert drawn(editor, played.study, "metric=nothing")["panels"] == []


def test_small_pictures_part_the_trials_by_how_they_stand(editor: Client, played: Played) -> None:
    panels = drawn(editor, played.study, "split=state")["panels"]

    told = played.study.trials.filter(last_step__isnull=False)
    numbers = [number for panel in panels for number in curves_of(panel)]
    assert sorted(numbers) == sorted(set(numbers))
    assert "finished" in [panel["title"] for panel in panels]
    assert len(numbers) <= told.count()
    motives = drawn(editor, played.study, "split=motive")["panels"]
    assert {panel["kind"] for panel in motives} <= {"speed", "risk", "generalisation"}
    metrics = drawn(editor, played.study, "split=metric")["panels"]
    assert [panel["metric"] for panel in metrics] == ["val_loss", "train_loss"]


def test_groups_by_a_parameter_have_a_mean_and_a_band(editor: Client, played: Played) -> None:
    (panel,) = drawn(editor, played.study, "group=param:optimizer")["panels"]
    (numeric,) = drawn(editor, played.study, "group=param:learning_rate")["panels"]

    assert [band["name"] for band in panel["bands"]] == ["optimizer adafactor", "optimizer adamw"]
    assert sum(band["n"] for band in panel["bands"]) == panel["n"]
    assert len(numeric["bands"]) == 4
    assert panel["density"] is None


def test_groups_by_a_label_take_the_series_that_carry_it(editor: Client, project: Project) -> None:
    study = factories.a_study(project, policy="off")
    for floor in (1.0, 2.0):
        attempt = factories.an_attempt(study)
        points = [
            Point(step=step, metrics={"val_loss": floor + int(fold)}, labels={"fold": fold})
            for fold in ("0", "1")
            for step in (1, 16)
        ]
        report(attempt_id=attempt.pk, batch=1, points=[*points, Point(step=16, metrics={"val_loss": floor})], at=NOW)

    (panel,) = drawn(editor, study, "group=label:fold")["panels"]
    options = editor.get(reverse("trials:curves", args=[study.pk])).context["groups"]

    means = {band["name"]: float(np.nanmean(unpacked(band["mean"]))) for band in panel["bands"]}
    assert means == {"fold 0": pytest.approx(1.5, abs=0.01), "fold 1": pytest.approx(2.5, abs=0.01)}
    assert "label:fold" in [option.value for option in options]


def test_the_cuts_a_trial_met_are_those_of_its_verdicts(editor: Client, played: Played) -> None:
    trial = played.study.trials.filter(ending_code="outpaced").latest("number")

    found = json.loads(editor.get(reverse("trials:trial_cuts_json", args=[played.study.pk, trial.number])).content)

    assert found["cuts"][-1]["step"] == trial.ending_step
    assert found["cuts"][-1]["sentence"] == trial.ending_sentence


def test_the_table_holds_what_the_picture_shows(editor: Client, played: Played) -> None:
    url = reverse("trials:curves_table", args=[played.study.pk])

    ((_, rows),) = editor.get(url).context["tables"]
    part = editor.get(url, headers={"HX-Request": "true"}).content.decode()

    assert [row.at for row in rows] == ["4", "8", "16"]
    stopped = played.study.trials.filter(state="PRUNED").exclude(ending_motive="").count()
    assert sum(int(row.stopped) for row in rows) == stopped
    assert "<html" not in part


@pytest.mark.parametrize(
    "query",
    [
        "x=hours&xs=no&ys=1&smooth=nan&draw=x&split=x&group=x&hide=x",
        "window=1,2,3",
        "window=nan,1,2,inf",
        "window=5,1,2,1",
        "window=-5,-1,-2,-1&xs=log&ys=log",
        "window=1e300,2e300,1,2",
        "labels=[1]",
        'labels={"a":1}',
        "labels=" + "[" * 400,
        "group=param:nothing",
        "group=label:nothing",
        "metric=" + "y" * 600,
        "smooth=1e999",
        "xs=log&ys=log&split=metric",
    ],
)
def test_no_address_breaks_the_picture(editor: Client, played: Played, query: str) -> None:
    drawn(editor, played.study, query)
    for name in ("curves", "curves_table"):
        assert editor.get(f"{reverse(f'trials:{name}', args=[played.study.pk])}?{query}").status_code == 200


def test_a_study_without_reports_has_an_empty_picture(editor: Client, project: Project) -> None:
    study = factories.a_study(project)

    assert drawn(editor, study)["panels"] == []
    assert drawn(editor, study, "split=state&group=param:dropout")["panels"] == []
    assert editor.get(reverse("trials:curves_table", args=[study.pk])).status_code == 200


def test_an_unchanged_picture_is_not_sent_again_and_a_changed_one_is_paced(editor: Client, played: Played) -> None:
    url = reverse("trials:curves_view_json", args=[played.study.pk])
    tag = editor.get(url)["ETag"]
    assert editor.get(url, headers={"If-None-Match": tag}).status_code == 304

    factories.tell(played.running, 9, (7, 0.6))
    behind = editor.get(url, headers={"If-None-Match": tag})

    # It cost something to make, so it is not made again at once; the answer says when.
    assert (behind.status_code, int(behind["Retry-After"]) >= 1) in {(304, True)} or behind["ETag"] != tag


def test_queries_do_not_grow_with_trials(editor: Client, played: Played) -> None:
    def count(query: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            drawn(editor, played.study, query)
        return len(queries)

    before = count("draw=density&hide=a")
    for floor in (0.44, 0.95, 0.97):
        factories.train(factories.an_attempt(played.study), floor)

    assert count("draw=density&hide=b") == before
    assert before <= 22
