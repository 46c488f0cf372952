"""Figures are fetched early, drawn in turns, and all there on paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DRAWN, Visit
from tests.factories import Played

pytestmark = pytest.mark.browser

# Who asked for each document that a figure shows.
ASKED_BY = """[...new Set([...document.querySelectorAll('[data-chart]')].map((figure) => figure.dataset.src))]
  .map((source) => performance.getEntriesByName(new URL(source, location.href).href))
  .map((entries) => entries.map((entry) => entry.initiatorType))"""
# A browser that always has something else to do.
BUSY = "window.requestIdleCallback = () => 0;"


def opened_busy(visit: Visit, played: Played) -> Page:
    """Open the page of importance, its figures out of sight, in a browser that is never idle."""
    visit.page.add_init_script(BUSY)
    visit.page.goto(f"{visit.base}/studies/{played.study.pk}/importance/")
    visit.page.wait_for_load_state("networkidle")
    return visit.page


@pytest.mark.parametrize("page", ["", "curves/", "halted/", "importance/", "resources/"])
def test_a_figures_data_is_asked_for_once_by_the_page_itself(visit: Visit, played: Played, page: str) -> None:
    visit.open(f"/studies/{played.study.pk}/{page}")

    assert {tuple(askers) for askers in visit.page.evaluate(ASKED_BY)} == {("link",)}


def test_a_printed_page_has_the_figures_that_nobody_has_scrolled_to(visit: Visit, played: Played) -> None:
    page = opened_busy(visit, played)
    figures = "[...document.querySelectorAll('[data-chart]')]"
    assert not page.evaluate(f"{figures}.every({DRAWN})")

    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")

    assert page.evaluate(f"{figures}.every({DRAWN})")


def test_a_figure_is_drawn_when_it_comes_near(visit: Visit, played: Played) -> None:
    page = opened_busy(visit, played)
    last = "[...document.querySelectorAll('[data-chart]')].at(-1)"
    assert not page.evaluate(f"({DRAWN})({last})")

    page.evaluate(f"{last}.scrollIntoView()")

    visit.until(f"({DRAWN})({last})")
