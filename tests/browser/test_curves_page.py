"""The page of curves: what is drawn stands in the address, and a look closer asks for more."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page

from tests import factories
from tests.browser.conftest import Visit
from tests.factories import Played

pytestmark = pytest.mark.browser

PLOT = "document.querySelector('[data-chart=all-curves] .panel')"
DRAWN_POINTS = f"{PLOT}.data.filter(t => t.mode === 'lines').flatMap(t => [...t.x]).filter(x => x >= 0).length"


def asked(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def drag(visit: Visit) -> None:
    """Draw a box over a part of the plot."""
    box = visit.page.locator("[data-chart=all-curves] .panel").bounding_box()
    assert box is not None
    visit.page.mouse.move(box["x"] + 200, box["y"] + 200)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + 600, box["y"] + 400, steps=5)
    visit.page.mouse.up()


def test_a_zoom_stands_in_the_address_and_a_link_shows_it_again(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/curves/")

    drag(visit)
    visit.until("location.search.includes('window=')")
    window = [float(value) for value in asked(page)["window"].split(",")]
    visit.until(f"Math.abs({PLOT}.layout.xaxis.range[0] - {window[0]}) < 0.01")
    visit.open(page.url.removeprefix(visit.base))

    shown = page.evaluate(f"[...{PLOT}.layout.xaxis.range, ...{PLOT}.layout.yaxis.range]")
    assert shown == pytest.approx(window, rel=1e-3)
    assert 0 < window[0] < window[1] < played.study.horizon
    assert visit.troubles == []


def test_a_zoom_survives_a_report_and_can_be_left(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/curves/")
    drag(visit)
    visit.until("location.search.includes('window=')")
    visit.until("!document.querySelector('[data-zoom-out]').hidden")
    before = page.evaluate(f"{PLOT}.layout.xaxis.range")

    factories.tell(played.running, 9, (7, 0.53))
    visit.until("document.body.dataset.liveVersion.endsWith('-7')")
    page.wait_for_timeout(500)
    assert page.evaluate(f"{PLOT}.layout.xaxis.range") == pytest.approx(before, rel=1e-3)

    page.click("[data-zoom-out]")
    visit.until(f"{PLOT}.layout.xaxis.range[0] === 0")
    assert "window" not in asked(page)


def test_every_choice_is_in_the_address_and_the_back_button_undoes_it(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/curves/")

    page.select_option("[data-param=split]", "state")
    visit.until("document.querySelectorAll('[data-chart=all-curves] .panel').length > 2")
    page.click("[data-set=ys][data-value=log]")
    visit.until(f"{PLOT}.layout.yaxis.type === 'log'")
    assert asked(page) == {"split": "state", "ys": "log"}

    page.go_back()
    visit.until(f"{PLOT}.layout.yaxis.type === 'linear'")
    page.go_back()
    visit.until("document.querySelectorAll('[data-chart=all-curves] .panel').length === 1")

    assert page.locator("[data-param=split]").input_value() == ""
    assert visit.troubles == []


def test_smoothed_lines_stand_over_what_was_told(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/curves/")
    raw = page.evaluate(DRAWN_POINTS)

    page.select_option("[data-param=smooth]", "0.9")

    visit.until(f"{DRAWN_POINTS} === {2 * raw}")

    assert visit.troubles == []


def test_a_click_shows_the_cuts_a_trial_met_as_they_were(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/curves/")
    marks = f"{PLOT}.data.find(t => t.mode === 'markers' && t.marker.symbol === 'square')"
    where = page.evaluate(f"""() => {{
        const plot = {PLOT}, marks = {marks}, box = plot.getBoundingClientRect();
        const [x, y] = [plot._fullLayout.xaxis, plot._fullLayout.yaxis];
        return [box.x + x._offset + x.d2p(marks.x[0]), box.y + y._offset + y.d2p(marks.y[0])];
    }}""")

    page.mouse.move(where[0] - 2, where[1])
    page.mouse.move(*where)
    visit.until("document.querySelector('.hover-card .sentence')")
    card = page.inner_text(".hover-card")
    page.mouse.click(*where)
    visit.until(f"{PLOT}.layout.annotations.some(a => a.text.includes('met '))")

    assert re.search(r"Stopped at step \d+", card)
    assert visit.troubles == []


def test_the_density_breaks_no_policy_and_its_table_opens(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/curves/?draw=density")

    page.click("[data-curve-table] summary")
    visit.until("document.querySelectorAll('[data-curve-table] tbody tr').length === 3")

    assert page.evaluate(f"{PLOT}.layout.images.length") == 1
    assert visit.troubles == []
