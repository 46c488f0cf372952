"""Comparing: everything as of one budget, the base by drag or key, from difference to difference."""

from __future__ import annotations

import itertools

import pytest

from tests import factories
from tests.browser.conftest import Visit
from tests.factories import Played
from trials import series

pytestmark = pytest.mark.browser


def stopped(played: Played) -> int:
    return played.study.trials.filter(ending_code="outpaced").earliest("number").number


def test_the_slider_shows_how_each_stood_and_who_was_stopped_by_then(visit: Visit, played: Played) -> None:
    number = stopped(played)
    page = visit.open(f"/studies/{played.study.pk}/compare/?sel=0,{number}")
    whole = page.locator("[data-against]").all_inner_texts()

    page.locator("[data-slider]").fill("2")
    visit.until("document.querySelectorAll('.timeline .later').length > 0")
    early = page.locator("[data-against]").all_inner_texts()
    page.locator("[data-slider]").fill("16")
    visit.until("document.querySelector('.by-then.is-over')")
    said = page.inner_text("[data-chart=compare] .chart-head .quiet")
    visit.until("location.search.includes('step=16')")

    assert early == ["no cut met yet", "no cut met yet"]
    assert whole != early
    assert said == f"By step 16: trial {number} outpaced."
    assert visit.troubles == []


def test_a_link_opens_at_its_budget(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/compare/?sel=0,{stopped(played)}&step=4")

    assert "of 4 " in page.inner_text("[data-chart=compare] h2")
    assert page.inner_text("[data-as-of]") == "as of step 4"


def test_a_dragged_column_becomes_the_base(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/compare/?sel=0,3,7")

    page.drag_and_drop("[data-column='7']", "[data-column='0']")
    page.wait_for_url("**/compare/?sel=7,0,3*")

    assert "base" in page.inner_text("[data-column='7']")


def test_the_b_key_makes_the_focused_trial_the_base(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/compare/?sel=0,3")

    page.focus("[data-column='3'] a")
    page.keyboard.press("b")

    page.wait_for_url("**/compare/?sel=3,0*")

    assert "base" in page.inner_text("[data-column='3']")


def test_brackets_go_from_difference_to_difference(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/compare/?sel=0,3")

    page.keyboard.press("]")
    first = page.evaluate("document.activeElement.rowIndex")
    page.keyboard.press("]")

    assert page.evaluate("document.activeElement.dataset.differs") == ""
    assert page.evaluate("document.activeElement.rowIndex") != first


def test_every_line_that_reached_the_end_has_its_own_label(visit: Visit, played: Played) -> None:
    finished = played.study.trials.filter(ending_code="finished").values_list("number", flat=True)[:8]
    letters = "ABCDEFGH"[: len(finished)]

    page = visit.open(f"/studies/{played.study.pk}/compare/?sel={','.join(map(str, finished))}")
    texts = page.locator("[data-chart=compare] .annotation-text").filter(has_text=", finished").all()
    tops = sorted(box["y"] for text in texts if (box := text.bounding_box()))

    assert len(finished) >= 4
    assert sorted((text.text_content() or "")[0] for text in texts) == list(letters)
    assert all(below - above >= 12 for above, below in itertools.pairwise(tops))


PLOT = "document.querySelector('[data-chart=compare] [data-plot]')"


def test_curves_by_seconds_keep_the_budget_by_step_and_stand_in_the_address(visit: Visit, played: Played) -> None:
    number = stopped(played)
    page = visit.open(f"/studies/{played.study.pk}/compare/?sel=0,{number}&step=8")
    by_step = page.locator("table[data-metrics] [data-value]").all_inner_texts()

    page.locator("[data-chart=compare] [data-value=seconds]").click()
    visit.until(f"{PLOT}.layout.annotations.some((one) => one.text === 'seconds trained')")
    first = played.study.trials.get(number=0)
    steps, seconds = series.read_seconds([first.pk])[first.pk]
    lines = page.evaluate(f"{PLOT}.data.filter((one) => one.mode === 'lines').slice(1).map((one) => [...one.x])")
    said = page.inner_text("[data-chart=compare] .chart-head .quiet")
    link = page.url.removeprefix(visit.base)
    page.go_back()
    visit.until(f"{PLOT}.layout.shapes.length > 0")
    heading = page.inner_text("[data-chart=compare] h2")
    visit.open(link)

    assert link.endswith("&step=8&x=seconds")
    assert lines[0] == pytest.approx(seconds[steps <= 8].tolist())
    assert "As of step 8, in seconds trained: A after " in said
    assert heading == "At an equal budget of 8 steps"
    assert page.locator("table[data-metrics] [data-value]").all_inner_texts() == by_step
    assert page.evaluate(f"{PLOT}.layout.shapes.length") == 0
    assert visit.troubles == []


def test_a_trial_that_diverged_is_named_where_it_was_last_a_number(visit: Visit, played: Played) -> None:
    trial = factories.an_attempt(played.study, factories.configuration(0.9))
    factories.tell(trial, 1, (1, 0.75), (2, float("nan")))
    number = trial.trial.number

    page = visit.open(f"/studies/{played.study.pk}/compare/?sel=0,{number}")
    drawn = "document.querySelector('[data-chart=compare] [data-plot]')"
    name = page.evaluate(f"{drawn}.layout.annotations.find((one) => one.text.includes('  {number}, '))")
    visit.open(f"/studies/{played.study.pk}/trials/{number}/")

    assert (name["x"], name["y"]) == (1, 0.75)
    assert visit.troubles == []
