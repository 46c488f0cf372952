"""What the scripts add: keyboard, selection, live parts, charts."""

from __future__ import annotations

import pytest

from tests import factories
from tests.browser.conftest import Visit
from tests.factories import Played

pytestmark = pytest.mark.browser

CURVE = "document.querySelector('[data-chart=curves] [data-plot]')"


def test_keys_choose_two_trials_and_compare_them(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/trials/")

    for chosen in (1, 2):
        page.keyboard.press("j")
        page.keyboard.press("x")
        visit.until(f"document.querySelectorAll('.tray .letter').length === {chosen}")
    page.keyboard.press("c")
    page.wait_for_url("**/compare/?sel=*")

    assert page.locator(".compare").first.locator(".letter").all_inner_texts() == ["A", "B"]


def test_a_report_shows_within_two_seconds(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/")
    points = f"{CURVE}.data.filter(t => t.mode === 'lines').flatMap(t => t.x).filter(x => x >= 0).length"
    took = []

    for batch, step in enumerate((7, 9, 10), start=90):
        before = page.evaluate(points)
        factories.tell(played.running, batch, (step, 0.3))
        took.append(visit.until(f"{points} > {before}"))

    # The fastest: other work on the machine can only add to it.
    assert min(took) < 2.0


def test_zoom_survives_a_new_report(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/")
    box = page.locator("[data-chart=curves] [data-plot]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 150, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 300, steps=5)
    page.mouse.up()
    visit.until(f"{CURVE}.layout.xaxis.range[0] > 0")
    zoomed = page.evaluate(f"{CURVE}.layout.xaxis.range")
    points = f"{CURVE}.data.filter(t => t.mode === 'lines').flatMap(t => t.x).filter(x => x >= 0).length"
    before = page.evaluate(points)

    factories.tell(played.running, 99, (7, 0.53))
    visit.until(f"{points} > {before}")

    assert page.evaluate(f"{CURVE}.layout.xaxis.range") == zoomed


def test_a_query_that_cannot_be_read_keeps_the_table(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/trials/")
    rows = page.locator("[data-row]").count()

    page.fill("#query", "val_loss@16 lea")
    page.keyboard.press("Enter")
    visit.until("document.querySelector('#query-error').textContent.includes('The table still shows the last query')")

    assert page.locator("[data-row]").count() == rows


def test_an_entry_opens_with_what_was_known(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/audit/")

    page.locator(".entry", has_text="outpaced").first.click()
    page.wait_for_selector(".audit-open [data-chart=moment] .main-svg")

    assert "What would have had to differ" in page.inner_text(".audit-open")
    assert visit.troubles == []


def test_the_slider_moves_every_number(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/compare/?sel=0,2")
    first = "document.querySelector('[data-metrics] [data-value]').textContent"
    page.locator("[data-slider]").fill("2")
    visit.until("document.querySelector('[data-chart] h2').textContent.includes('of 2 ')")
    early = page.evaluate(first)

    page.locator("[data-slider]").fill("16")
    visit.until("document.querySelector('[data-chart] h2').textContent.includes('of 16 ')")

    assert page.evaluate(first) != early


def test_the_theme_switch_is_remembered(visit: Visit, played: Played) -> None:
    page = visit.open("/")
    page.click("[data-menu] summary")
    page.click("[data-theme-switch]")
    page.click("[data-theme-switch]")

    visit.open("/")

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_paused_updates_wait_and_are_counted(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/audit/")
    page.click("[data-live-pause]")
    visit.until("document.querySelector('[data-live-state]').dataset.state === 'paused'")

    factories.tell(played.running, 90, (7, 0.6), (8, 0.55))
    visit.until("document.querySelector('[data-live-since]').textContent.includes('waiting')")
    said = page.inner_text("[data-live-state]")
    held = page.locator(".new-entries").count()
    page.keyboard.press("p")
    visit.until("document.querySelector('.new-entries')")

    assert said.startswith("Updates paused")
    assert "1 waiting" in said
    assert held == 0
    assert visit.troubles == []


def test_a_pause_holds_over_the_pages_of_a_visit(visit: Visit, played: Played) -> None:
    visit.open(f"/studies/{played.study.pk}/").click("[data-live-pause]")

    page = visit.open(f"/studies/{played.study.pk}/curves/")

    visit.until("document.querySelector('[data-live-state]').dataset.state === 'paused'")
    assert page.inner_text("[data-live-pause]") == "Go on"
