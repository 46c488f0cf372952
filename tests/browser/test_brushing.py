"""Brushing a figure selects trials, and the selection is found again on every other page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from pruning.halting import halting_of
from pruning.models import PruningEvent
from tests.browser.conftest import Visit
from tests.factories import Played
from tests.trials.importance.stored import a_searched_study
from trials.models import Project, Study, Trial

pytestmark = pytest.mark.browser

# Where values of a picture lie on the screen.
SPOT = """([name, id, x, y]) => {
  const figure = document.querySelector(`[data-chart=${name}]`);
  figure.scrollIntoView({ block: "center" });
  const plot = figure.querySelector("[data-plot]");
  const { xaxis, yaxis } = plot._fullLayout._plots[id];
  const area = plot.getBoundingClientRect();
  return [area.left + xaxis._offset + xaxis.d2p(x), area.top + yaxis._offset + yaxis.d2p(y)];
}"""
TRAY = "document.querySelector('[data-tray]:not([hidden])')"
SAID = "document.querySelector('[data-select-said]').textContent"


def drag(page: Page, name: str, start: tuple[float, float], end: tuple[float, float], *, picture: str = "xy") -> None:
    """Drag over a figure from one point of its axes to another."""
    page.evaluate(SPOT, [name, picture, *start])
    page.wait_for_timeout(100)
    first, last = (page.evaluate(SPOT, [name, picture, *point]) for point in (start, end))
    page.mouse.move(*first)
    page.mouse.down()
    page.mouse.move(*last, steps=5)
    page.mouse.up()


def selected(page: Page) -> set[int]:
    """Return the numbers that the address carries."""
    found = re.search(r"sel=([\d,]+)", page.url)
    assert found is not None, page.url
    return {int(number) for number in found[1].split(",")}


def stopped(study: Study) -> list[Trial]:
    return list(study.trials.filter(state="PRUNED").exclude(ending_motive=""))


def test_a_drag_under_the_line_selects_what_was_stopped_there_on_every_page(visit: Visit, played: Played) -> None:
    study = played.study
    page = visit.open(f"/studies/{study.pk}/halted/")
    data = page.evaluate("fetch(document.querySelector('[data-chart=halted]').dataset.src).then((a) => a.json())")
    first = data["parameters"][0]
    most = max(sum(column) for column in zip(*first["counts"], strict=True))

    drag(page, "halted", (-0.5, -0.05 * most), (len(first["bins"]) - 0.5, -most))
    visit.until("location.search.includes('sel=')")

    numbers = {trial.number for trial in stopped(study)}
    assert selected(page) == numbers
    visit.until(f"{SAID}.startsWith('{len(numbers)} trials selected: state = pruned')")
    visit.until(f"{TRAY}?.textContent.includes('{len(numbers)} trials selected')")

    page.click(".tabs a:has-text('Trials')")
    visit.until(f"{TRAY}?.textContent.includes('{len(numbers)} trials selected')")
    ticked = page.evaluate("[...document.querySelectorAll('[data-select]:checked')].map((box) => Number(box.value))")
    assert set(ticked) == numbers
    assert visit.troubles == []


def test_a_rectangle_over_two_parameters_selects_all_that_ended_in_it(visit: Visit, played: Played) -> None:
    study = played.study
    page = visit.open(f"/studies/{study.pk}/halted/")
    data = page.evaluate("fetch(document.querySelector('[data-chart=cells]').dataset.src).then((a) => a.json())")

    drag(page, "cells", (-0.3, -0.3), (2.2, len(data["down"]["bins"]) - 0.6))
    visit.until("location.search.includes('sel=')")

    assert len(selected(page)) == sum(sum(row[:3]) for row in data["ended"]) > 0
    assert visit.troubles == []


def test_a_drag_over_steps_selects_those_stopped_there_and_can_be_undone(visit: Visit, played: Played) -> None:
    study = played.study
    page = visit.open(f"/studies/{study.pk}/halted/?sel=2,3")
    early = {trial.number for trial in stopped(study) if (trial.ending_step or 0) <= 4}

    drag(page, "passing", (0.5, 0.5), (4.4, 0.4))
    visit.until("!location.search.includes('sel=2,3')")

    assert selected(page) == early
    visit.until(f"{SAID}.includes('Undo')")
    page.click("[data-select-said] button")
    visit.until("location.search.includes('sel=2,3')")
    page.click("[data-tray-clear]")
    visit.until("!location.search.includes('sel=')")
    visit.until(f"!{TRAY}")
    assert visit.troubles == []


def test_a_reason_a_rule_and_a_query_select_their_trials_by_a_click_and_by_keyboard(
    visit: Visit, played: Played
) -> None:
    study = played.study
    page = visit.open(f"/studies/{study.pk}/halted/")
    spared = halting_of(study, study.plan().space).outcomes.spared.sum()
    reason = stopped(study)[0].ending_code

    page.locator(f"[aria-label='Select the trials of {reason.replace('_', ' ')}']").focus()
    page.keyboard.press("Enter")
    visit.until("location.search.includes('sel=')")
    assert selected(page) == {trial.number for trial in stopped(study) if trial.ending_code == reason}

    rule = PruningEvent.objects.of_study(study).filter(verdict="STOP", trial_number__in=selected(page)).first()
    assert rule is not None
    page.locator(f"[aria-label='Select the trials of the rule {rule.rule}']").click()
    visit.until(f"{SAID}.includes('halted_by = {rule.rule}')")
    said = PruningEvent.objects.of_study(study).filter(verdict="STOP", rule=rule.rule)
    assert selected(page) == set(said.values_list("trial_number", flat=True))

    page.fill("#select-query", "spared = yes and state = complete")
    page.press("#select-query", "Enter")
    visit.until(f"{SAID}.includes('spared = yes')")
    assert len(selected(page)) == spared

    page.fill("#select-query", "lr <")
    page.press("#select-query", "Enter")
    visit.until(f"{SAID}.includes('expected')")
    assert len(selected(page)) == spared


@pytest.mark.parametrize("chart", ["slices", "pair", "values"])
def test_relations_are_brushed_like_the_rest(visit: Visit, project: Project, chart: str) -> None:
    study = a_searched_study(project)
    page = visit.open(f"/studies/{study.pk}/importance/")
    axis = page.evaluate(
        """name => { const { xaxis, yaxis } = document.querySelector(`[data-chart=${name}] [data-plot]`)._fullLayout;
                     return [...xaxis.range, ...yaxis.range]; }""",
        chart,
    )
    left, right, low, high = axis
    middle = (left + right) / 2

    drag(page, chart, (left, low), (middle, high))
    visit.until(f"{SAID}.includes('selected: ')")

    query = page.evaluate(SAID).split("selected: ")[1].removesuffix(". Undo")
    n = len(selected(page))
    assert 0 < n < study.n_trials
    page.goto(f"{visit.base}/studies/{study.pk}/trials/?q={query}")
    assert page.inner_text("[data-query-count]").startswith(f"{n} of")
    assert visit.troubles == []


def test_more_trials_than_an_address_holds_are_selected_by_the_query_itself(visit: Visit, project: Project) -> None:
    study = a_searched_study(project, trials=80)
    page = visit.open(f"/studies/{study.pk}/importance/")

    page.fill("#select-query", "number >= 10")
    page.press("#select-query", "Enter")
    visit.until(f"{TRAY}?.textContent.includes('70 trials selected')")
    assert "sel=q:" in page.url.replace("%3A", ":")
    # All others fade: the selection stands out in every figure.
    visit.until("document.querySelector('[data-chart=pair] [data-plot]').data.at(-2).x.length === 70")

    page.click(".tabs a:has-text('Compare')")
    assert page.locator("[data-column]").count() == 12
    assert visit.troubles == []
