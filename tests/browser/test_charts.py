"""The charts hold the numbers of the database, read back from the figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pruning.models import PruningEvent
from tests.browser.conftest import Visit
from tests.factories import Played
from trials import series
from trials.models import Attempt, Trial

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
