"""Every page in a real browser: under the strict policy, in both themes, wide and narrow."""

from __future__ import annotations

from itertools import product
from typing import Literal

import pytest

from pruning.models import PruningEvent
from tests import factories
from tests.browser.conftest import Visit, broken_rules
from tests.factories import Played
from trials import closing, endings
from trials.models import Project, Study

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/projects/",
    "/projects/{1}/",
    "/policies/",
    "/lab/",
    "/lab/new/",
    "/alerts/",
    "/studies/new/?from={0}",
    "/studies/compare/?ids={0}",
    "/studies/{0}/",
    "/studies/{0}/curves/",
    "/studies/{0}/curves/?split=state&x=seconds",
    "/studies/{0}/curves/table/",
    "/studies/{0}/trials/?sel=0,3",
    "/studies/{0}/trials/bulk/?action=tag&sel=0,3",
    "/studies/{0}/compare/?sel=0,3,7",
    "/studies/{0}/compare/?sel=0,3,7,1,2&x=seconds&params=all",
    "/studies/{0}/trials/3/",
    "/studies/{0}/audit/",
    "/studies/{0}/audit/{2}/",
    "/studies/{0}/audit/report/",
    "/studies/{0}/halted/",
    "/studies/{0}/importance/?sel=0,3",
    "/studies/{0}/resources/",
    "/studies/{0}/plan/",
    "/accounts/tokens/",
)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 390)
EVERY_SIZE = pytest.mark.parametrize(
    "visit", [("light", 1280), ("dark", 390)], indirect=True, ids=["wide", "narrow, dark"]
)


def paths_of(study: Study) -> list[str]:
    """Return every page of the site, around one study and one verdict of its ledger."""
    stop = PruningEvent.objects.of_study(study).filter(kind="verdict").order_by("-sequence")[0]
    return [path.format(study.pk, study.project_id, stop.sequence) for path in PAGES]


@EVERY_SIZE
def test_no_page_breaks_the_content_policy_or_scrolls_sideways(visit: Visit, played: Played) -> None:
    overflowing = []
    for path in paths_of(played.study):
        page = visit.open(path)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            overflowing.append(path)

    assert visit.troubles == []
    assert overflowing == []


@pytest.mark.parametrize("visit", [("light", 390)], indirect=True)
def test_all_that_may_be_done_with_an_ended_study_fits_a_phone(visit: Visit, played: Played) -> None:
    closing.stop_study(played.study, person="editor", note="", at=factories.NOW)
    endings.fail(played.running, code="error", sentence="Ended by an error.", traceback="", at=factories.NOW)
    closing.settle(played.study, at=factories.NOW)

    page = visit.open(f"/studies/{played.study.pk}/trials/3/")

    assert "Replay other policies on this study" in page.inner_text(".study-head .push")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_no_page_shuts_out_a_reader_with_an_aid(visit: Visit, played: Played) -> None:
    """Of WCAG 2.2 what axe can tell, in both themes, wide and narrow."""
    found = {}
    for path in paths_of(played.study):
        page = visit.open(path)
        for theme, width in product(THEMES, WIDTHS):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(150)  # figures are drawn anew
            if broken := broken_rules(page):
                found[path, theme, width] = broken

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

    for path in paths_of(study):
        visit.open(path)

    assert visit.troubles == []


def test_pages_read_without_scripts(visit: Visit, played: Played) -> None:
    visit.page.route("**/*.js", lambda route: route.abort())
    visit.page.goto(f"{visit.base}/studies/{played.study.pk}/")

    text = visit.page.inner_text("main")

    assert "configurations" in text
    assert "Why trials were stopped" in text


LISTS = ("/policies/", "/studies/{0}/trials/", "/projects/", "/")


def test_every_list_is_walked_opened_and_searched_by_key(visit: Visit, played: Played) -> None:
    for path in LISTS:
        page = visit.open(path.format(played.study.pk))
        page.keyboard.press("j")
        here = page.evaluate("document.activeElement.closest('[data-row]')?.querySelector('[data-open]').href")
        assert here, f"j finds no row on {path}"
        page.keyboard.press("?")
        assert page.evaluate("document.querySelector('[data-shortcuts-sheet]').open")
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.matches('[data-key-search]')"), f"/ finds no field on {path}"
        page.keyboard.press("Escape")
        page.evaluate("document.querySelector('[data-row] [data-open]').focus()")
        here = page.evaluate("document.activeElement.href")
        page.keyboard.press("Enter")
        page.wait_for_url(here.partition("?")[0] + "*")

    assert visit.troubles == []
