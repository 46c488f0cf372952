"""The Importance page in a browser: figures hold the database's numbers, a brush finds trials and selects them."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import Visit
from tests.trials.importance.stored import a_searched_study
from tests.trials.pages.test_importance import kept, result
from trials.models import Project, Study

pytestmark = pytest.mark.browser

# Of every point of a figure: what it stands for, as the hover card reads it.
TOLD = """name => document.querySelector(`[data-chart=${name}] [data-plot]`).data
  .flatMap((trace) => (trace.customdata ?? []).map((told) => [].concat(told)))"""
BRUSHED = """[...document.querySelector('[data-chart=parallel] [data-plot]').data]
  .find((trace) => trace.meta === 'brushed').y.length"""
BRUSH_TEXT = "document.querySelector('[data-brush-text]').textContent"


@pytest.fixture
def study(project: Project) -> Study:
    found = a_searched_study(project)
    kept(found, result(found))
    return found


def test_slices_hold_every_trial_at_its_value(visit: Visit, study: Study) -> None:
    page = visit.open(f"/studies/{study.pk}/importance/")

    drawn = {int(told[0]): told for told in page.evaluate(TOLD, "slices") if told[3] == "learning_rate"}

    for trial in study.trials.all():
        value = trial.best_value if trial.value is None else trial.value
        assert drawn[trial.number][1] == pytest.approx(trial.params["learning_rate"], rel=1e-5)
        assert drawn[trial.number][2] == pytest.approx(value, rel=1e-5)
    assert visit.troubles == []


def test_a_range_in_words_brushes_the_trials_within_on_every_figure_and_selects_them(
    visit: Visit, study: Study
) -> None:
    page = visit.open(f"/studies/{study.pk}/importance/")
    within = [trial for trial in study.trials.all() if trial.params["learning_rate"] <= 1e-4]

    page.fill("[data-brush-form] [name=low]", "1e-5")
    page.fill("[data-brush-form] [name=high]", "1e-4")
    page.click("[data-brush-form] button")
    visit.until(f"{BRUSH_TEXT}.includes('{len(within)} trials')")
    columns = 6  # five axes and the gap between two trials
    assert page.evaluate(BRUSHED) == columns * len(within)
    visit.until(f"document.querySelector('[data-chart=pair] [data-plot]').data.at(-2).x.length === {len(within)}")

    visit.until("location.search.includes('sel=')")

    found = re.search(r"sel=([\d,]+)", page.url)
    assert found is not None
    assert {int(number) for number in found[1].split(",")} == {trial.number for trial in within}
    visit.until("!document.querySelector('[data-tray]').hidden")
    assert f"{len(within)} trials selected" in page.inner_text("[data-tray]")
    assert visit.troubles == []


def test_a_drag_along_an_axis_brushes_and_a_click_takes_it_away(visit: Visit, study: Study) -> None:
    page = visit.open(f"/studies/{study.pk}/importance/")
    page.locator("[data-chart=parallel]").scroll_into_view_if_needed()
    # The last axis is the value, its better end on top: the upper half is the better half.
    spot = page.evaluate(
        """() => {
          const plot = document.querySelector('[data-chart=parallel] [data-plot]');
          const { xaxis, yaxis } = plot._fullLayout;
          const area = plot.getBoundingClientRect();
          const [left, top] = [area.left + xaxis._offset, area.top + yaxis._offset];
          return [left + xaxis.d2p(4), top + yaxis.d2p(1.01), top + yaxis.d2p(0.5)];
        }"""
    )

    page.mouse.move(spot[0], spot[1])
    page.mouse.down()
    page.mouse.move(spot[0], spot[2], steps=4)
    page.mouse.up()
    visit.until(f"{BRUSH_TEXT}.startsWith('brushed: val_loss, 20 trials')")

    page.click("[data-brush-clear]")
    visit.until(f"{BRUSH_TEXT}.startsWith('drag along')")
    assert visit.troubles == []


def test_the_models_surface_is_drawn_under_the_pair_that_explains_most(visit: Visit, study: Study) -> None:
    page = visit.open(f"/studies/{study.pk}/importance/")
    visit.until("document.querySelector('[data-chart=pair] [data-plot]').data?.[0]?.type === 'contour'")

    z = page.evaluate("document.querySelector('[data-chart=pair] [data-plot]').data[0].z")

    assert z == [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]
