"""The library's pages in a real browser."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit, broken_rules
from tests.factories import Played

pytestmark = pytest.mark.browser

PAGES = (
    "/policies/",
    "/policies/balanced/",
    "/policies/asha/",
    "/policies/custom-v1/",
    "/policies/starter/bert_ft__rte/",
)


@pytest.mark.parametrize("visit", [("light", 1280), ("dark", 390)], indirect=True, ids=["wide", "narrow, dark"])
def test_no_page_of_the_library_breaks_the_policy_scrolls_sideways_or_shuts_somebody_out(
    visit: Visit, played: Played
) -> None:
    found: dict[str, object] = {}
    for path in PAGES:
        page = visit.open(path)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[path] = "scrolls sideways"
        if broken := broken_rules(page):
            found[path] = broken

    assert found == {}
    assert visit.troubles == []


def test_cards_are_filtered_without_losing_the_place(visit: Visit, played: Played) -> None:
    page = visit.open("/policies/")
    page.fill("#filter", "brax")
    page.press("#filter", "Enter")
    page.wait_for_load_state("load")

    assert "6 of 25 cards." in page.inner_text("#cards")
    assert "taskset__" not in page.inner_text("#cards")
