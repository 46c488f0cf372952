"""The charts hold the numbers of the database, read back from the figures."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pruning.models import PruningEvent
from tests import factories
from tests.browser.conftest import Visit
from tests.factories import NOW, Played
from trials import series
from trials.models import Attempt, Trial
from trials.plan import Budget
from trials.studies import amend

pytestmark = pytest.mark.browser

# Every finite (x, y) of a chart's traces; Plotly may hold them as arrays or as typed ones.
POINTS = """name => {
  const plot = document.querySelector(`[data-chart=${name}] [data-plot]`);
  const points = [];
  for (const trace of plot.data) {
    for (let i = 0; i < (trace.x?.length ?? 0); i += 1) {
      if (Number.isFinite(trace.x[i]) && Number.isFinite(trace.y[i])) points.push([trace.x[i], trace.y[i]]);
    }
  }
  return points;
}"""


# Every module that the page has asked for, whoever asked.
FETCHED = """performance.getEntriesByType('resource').map((entry) => entry.name)
  .filter((name) => /\\/js\\/(?!theme)/.test(name))"""


def drawn(visit: Visit, path: str, chart: str) -> set[tuple[float, float]]:
    """Return the points of a chart, rounded as float32 holds them."""
    page = visit.open(path)
    page.wait_for_selector(f"[data-chart={chart}] .main-svg")
    return {(round(x, 4), round(y, 5)) for x, y in page.evaluate(POINTS, chart)}


def told(trial: Trial, metric: str = "val_loss", until: int | None = None) -> set[tuple[float, float]]:
    """Return the finite points of one series, rounded alike."""
    points: Any = zip(*series.read(trial, metric), strict=True)
    return {(float(x), round(float(y), 5)) for x, y in points if y == y and (until is None or x <= until)}


def missing(expected: set[tuple[float, float]], found: set[tuple[float, float]]) -> set[tuple[float, float]]:
    """Return what was told and is not drawn; float32 may move the last digit."""
    near = {(x, round(y + delta, 5)) for x, y in found for delta in (-1e-5, 0.0, 1e-5)}
    return expected - near


def test_the_overview_draws_every_point_of_every_trial(visit: Visit, played: Played) -> None:
    found = drawn(visit, f"/studies/{played.study.pk}/", "curves")

    for trial in played.study.trials.all():
        assert missing(told(trial), found) == set(), trial


def test_the_best_so_far_ends_at_the_best_value(visit: Visit, played: Played) -> None:
    found = drawn(visit, f"/studies/{played.study.pk}/", "best")

    assert played.study.best_value is not None
    assert min(y for _, y in found) == pytest.approx(played.study.best_value, abs=1e-4)


def test_a_trial_draws_all_its_metrics(visit: Visit, played: Played) -> None:
    trial = played.study.trials.get(number=3)

    found = drawn(visit, f"/studies/{played.study.pk}/trials/3/", "trial")

    assert missing(told(trial) | told(trial, "train_loss"), found) == set()


def test_compared_trials_are_drawn_over_each_other(visit: Visit, played: Played) -> None:
    found = drawn(visit, f"/studies/{played.study.pk}/compare/?sel=0,3,7", "compare")

    for number in (0, 3, 7):
        assert missing(told(played.study.trials.get(number=number)), found) == set(), number


def test_a_moment_draws_the_curve_as_it_was_known(visit: Visit, played: Played) -> None:
    event = PruningEvent.objects.of_study(played.study).filter(verdict="STOP", rule="asha").latest("sequence")
    trial = played.study.trials.get(number=event.trial_number or 0)

    found = drawn(visit, f"/studies/{played.study.pk}/audit/{event.sequence}/", "moment")

    assert missing(told(trial, until=event.step), found) == set()
    assert any(y == pytest.approx(event.evidence["cut"], abs=1e-4) for _, y in found)


def test_the_timeline_draws_every_attempt_where_it_ran(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/resources/")
    page.wait_for_selector("[data-chart=timeline] .main-svg")

    bars = page.evaluate(
        """() => document.querySelector("[data-chart=timeline] [data-plot]").data
             .filter((trace) => trace.type === "bar")
             .flatMap((trace) => trace.customdata.map((bar) => bar.n ?? 1))"""
    )
    assert sum(bars) == Attempt.objects.filter(trial__study=played.study).count()


def test_an_amendment_is_drawn_on_every_chart_of_time_of_trials_and_of_work(visit: Visit, played: Played) -> None:
    plan = replace(played.study.plan(), budget=Budget(trials=50))
    amend(played.study, plan, reason="The loss still falls.", user=None, at=NOW + timedelta(minutes=3, seconds=30))
    charts = {"": ["best"], "resources/": ["timeline", "states", "hours"], "halted/": ["far"]}

    told = {}
    for path, names in charts.items():
        page = visit.open(f"/studies/{played.study.pk}/{path}")
        for name in names:
            told[name] = page.evaluate(
                f"""() => {{
                  const {{ shapes, annotations }} = document.querySelector("[data-chart={name}] [data-plot]").layout;
                  const said = annotations.map((one) => one.text).filter((text) => text.startsWith("amendment 2"));
                  return [shapes.filter((shape) => shape.line.dash === "dash").length, said.length];
                }}"""
            )

    assert told == {name: [1, 1] for name in ("best", "timeline", "states", "hours", "far")}


def test_trials_by_state_add_up_to_the_study(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/resources/")
    page.wait_for_selector("[data-chart=states] .main-svg")

    last = page.evaluate(
        """() => Object.fromEntries(document.querySelector("[data-chart=states] [data-plot]").data
             .map((trace) => [trace.name, trace.y[trace.y.length - 1]]))"""
    )
    study = played.study
    assert last["finished"] == study.n_complete
    assert last["running"] == study.n_running
    assert last["stopped"] + last.get("otherwise", 0) == study.n_pruned + study.n_failed


def test_the_histograms_of_halted_trials_draw_every_ended_trial(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/halted/")
    page.wait_for_selector("[data-chart=halted] .main-svg")

    by_axis = page.evaluate(
        """() => {
             const sums = {};
             for (const trace of document.querySelector("[data-chart=halted] [data-plot]").data) {
               for (const y of trace.y) sums[trace.xaxis] = (sums[trace.xaxis] ?? 0) + Math.abs(y);
             }
             return sums;
           }"""
    )
    pruned = played.study.trials.filter(state="PRUNED").exclude(ending_motive="").count()
    assert set(by_axis.values()) == {played.study.n_complete + pruned}
    assert len(by_axis) == len(played.study.plan().space)


@pytest.mark.parametrize("kind", ["csv", "json", "svg", "png"])
def test_a_chart_is_saved_as_its_numbers_a_figure_or_a_picture(visit: Visit, played: Played, kind: str) -> None:
    page = visit.open(f"/studies/{played.study.pk}/")
    page.wait_for_selector("[data-chart=best] .main-svg")
    figure = page.locator("[data-chart=best]")
    figure.locator(".chart-save > summary").click()

    with page.expect_download() as expected:
        figure.locator(f"[data-save={kind}]").click()

    saved = Path(expected.value.path()).read_bytes()
    assert expected.value.suggested_filename == f"a-study-best-so-far.{kind}"
    best = played.study.best_value
    assert best is not None
    if kind == "csv":
        values = [float(line.split(",")[2]) for line in saved.decode().splitlines()[1:]]
        assert min(values) == pytest.approx(best, abs=1e-4)
    elif kind == "json":
        found = json.loads(saved)
        assert min(min(trace["y"]) for trace in found["data"]) == pytest.approx(best, abs=1e-4)
        assert found["layout"]["width"] > 100
    elif kind == "svg":
        assert saved.startswith(b"<svg")
        assert b"</svg>" in saved
    else:
        assert saved.startswith(b"\x89PNG")
        assert len(saved) > 2_000


def saved_from(visit: Visit, figure: str, kind: str) -> bytes:
    """Press Save in a figure and return what was downloaded."""
    visit.page.locator(f"{figure} .chart-save > summary").click()
    with visit.page.expect_download() as expected:
        visit.page.locator(f"{figure} [data-save={kind}]").click()
    return Path(expected.value.path()).read_bytes()


def rows_of(saved: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(saved.decode().splitlines()))


def test_the_numbers_of_every_curve_are_saved_with_their_trials(visit: Visit, played: Played) -> None:
    visit.open(f"/studies/{played.study.pk}/curves/")

    rows = rows_of(saved_from(visit, "[data-chart=all-curves]", "csv"))

    assert played.study.best_number is not None
    trial = played.study.trials.get(number=played.study.best_number)
    steps, values = series.read(trial, "val_loss")
    own = [row for row in rows if row["trace"] == "best"]
    assert {row["point"] for row in own} == {str(trial.number)}
    assert [float(row["x"]) for row in own] == steps.tolist()
    assert [float(row["y"]) for row in own] == pytest.approx(values.tolist(), abs=1e-4)
    assert visit.troubles == []


def test_a_density_is_saved_with_its_cells_and_quantiles(visit: Visit, played: Played) -> None:
    visit.open(f"/studies/{played.study.pk}/curves/?draw=density")

    rows = rows_of(saved_from(visit, "[data-chart=all-curves]", "csv"))

    cells = [row for row in rows if row["trace"] == "curves that pass"]
    assert max(int(row["z"]) for row in cells) <= played.study.n_trials
    assert min(int(row["z"]) for row in cells) == 1
    assert {"median", "10 % of those alive"} <= {row["trace"] for row in rows}


def test_small_pictures_are_saved_as_one_picture_one_table_and_a_list_of_figures(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/curves/?split=state")
    titles = page.evaluate("[...document.querySelectorAll('.panel')].map((one) => one.dataset.title)")

    table = rows_of(saved_from(visit, "[data-chart=all-curves]", "csv"))
    figures = json.loads(saved_from(visit, "[data-chart=all-curves]", "json"))
    drawing = saved_from(visit, "[data-chart=all-curves]", "svg").decode()
    picture = saved_from(visit, "[data-chart=all-curves]", "png")

    assert len(titles) > 1
    assert {row["trace"].partition(":")[0] for row in table} == set(titles)
    assert len(figures) == len(titles)
    assert drawing.count("<svg ") == len(titles) + 1
    assert picture.startswith(b"\x89PNG")
    assert visit.troubles == []


@pytest.mark.parametrize("figure", ["studies", "spread"])
def test_figures_of_compared_studies_are_saved(visit: Visit, played: Played, figure: str) -> None:
    other = factories.a_played_study(played.study.project, name="=cmd <b>x</b>", floors=(0.3, 0.6))
    visit.open(f"/studies/compare/?ids={played.study.pk},{other.study.pk}")

    rows = rows_of(saved_from(visit, f"[data-chart={figure}]", "csv"))
    shown = json.loads(saved_from(visit, f"[data-chart={figure}]", "json"))

    along = "y" if figure == "studies" else "x"
    best = {letter: min(float(row[along]) for row in rows if row["trace"] == letter) for letter in "AB"}
    assert best == pytest.approx({"A": played.study.best_value, "B": other.study.best_value}, abs=1e-4)
    assert [trace["name"] for trace in shown["data"]] == ["A", "B"]
    assert saved_from(visit, f"[data-chart={figure}]", "svg").startswith(b"<svg")
    assert visit.troubles == []


@pytest.mark.parametrize("path", ["", "curves/", "compare/?sel=0,1", "halted/", "resources/", "trials/3/"])
def test_a_page_fetches_only_what_its_charts_need_and_knows_it_from_the_start(
    visit: Visit, played: Played, path: str
) -> None:
    page = visit.open(f"/studies/{played.study.pk}/{path}")

    fetched = page.evaluate(FETCHED)
    linked = page.evaluate("[...document.querySelectorAll('link[rel=modulepreload]')].map((link) => link.href)")
    named = page.evaluate("[...document.querySelectorAll('script[type=module]')].map((script) => script.src)")
    drawing = page.evaluate("[...document.querySelectorAll('[data-module]')].map((figure) => figure.dataset.module)")
    assert set(fetched) - set(linked) - set(named) == set()
    assert {visit.base + module for module in drawing} <= set(linked) & set(fetched)
    assert not any("/parallel" in module for module in fetched)
