"""Every page in a real browser: under the strict policy, in both themes, wide and narrow."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests import factories
from tests.browser.conftest import Visit
from tests.factories import Played
from trials.models import Project

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/studies/{0}/",
    "/studies/{0}/curves/",
    "/studies/{0}/curves/?split=state&x=seconds",
    "/studies/{0}/curves/table/",
    "/studies/{0}/trials/?sel=0,3",
    "/studies/{0}/compare/?sel=0,3,7",
    "/studies/{0}/trials/3/",
    "/studies/{0}/audit/",
    "/studies/{0}/audit/report/",
    "/studies/{0}/importance/?sel=0,3",
    "/studies/{0}/plan/",
    "/accounts/tokens/",
)
EVERY_SIZE = pytest.mark.parametrize(
    "visit", [("light", 1280), ("dark", 390)], indirect=True, ids=["wide", "narrow, dark"]
)


@EVERY_SIZE
def test_no_page_breaks_the_content_policy_or_scrolls_sideways(visit: Visit, played: Played) -> None:
    overflowing = []
    for path in PAGES:
        page = visit.open(path.format(played.study.pk))
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            overflowing.append(path)

    assert visit.troubles == []
    assert overflowing == []


@EVERY_SIZE
def test_no_page_shuts_out_a_reader_with_an_aid(visit: Visit, played: Played) -> None:
    found = {}
    for path in PAGES:
        page = visit.open(path.format(played.study.pk))
        broken = [rule["id"] for rule in Axe().run(page).response["violations"]]
        if broken:
            found[path] = broken

    assert found == {}


@pytest.mark.parametrize("visit", [("dark", 390)], indirect=True, ids=["narrow, dark"])
def test_a_narrow_screen_shows_the_tab_that_is_open(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/plan/")

    box = page.locator(".tabs [aria-current]").bounding_box()

    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_hostile_names_stay_text_on_every_page(visit: Visit, project: Project) -> None:
    study = factories.a_hostile_study(project)

    for path in PAGES:
        visit.open(path.format(study.pk))

    assert visit.troubles == []


def test_pages_read_without_scripts(visit: Visit, played: Played) -> None:
    visit.page.route("**/*.js", lambda route: route.abort())
    visit.page.goto(f"{visit.base}/studies/{played.study.pk}/")

    text = visit.page.inner_text("main")

    assert "configurations" in text
    assert "Why trials were stopped" in text
