"""The trials table in a real browser: the query and its completion, columns, selection, views, many at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests import factories
from tests.browser.conftest import Visit, broken_rules
from tests.factories import NOW, Played
from trials import tags
from trials.models import SavedView, Trial

pytestmark = pytest.mark.browser

LISTED = "!document.getElementById('query-offers').hidden"
LABELS = "[...document.querySelectorAll('#query-offers b')].map(offer => offer.textContent)"
ROWS = "[...document.querySelectorAll('[data-row] [data-open]')].map(link => Number(link.textContent))"
HOSTILE = "<img src=x onerror=alert(1)>"


def path(played: Played, query: str = "") -> str:
    return f"/studies/{played.study.pk}/trials/?{query}"


def typed(visit: Visit, text: str) -> None:
    """Type into the query, as a person does, and wait until something is offered."""
    visit.page.keyboard.type(text)
    visit.until(LISTED)


def test_a_query_is_completed_by_keyboard_and_sent(visit: Visit, played: Played) -> None:
    page = visit.open(path(played))
    page.keyboard.press("/")

    typed(visit, "sta")
    visit.until(f"{LABELS}.includes('state')")
    page.keyboard.press("ArrowDown")
    field = page.locator("#query")
    assert field.get_attribute("aria-activedescendant") == "query-offer-0"
    assert page.locator("[role=option][aria-selected=true] b").inner_text() == "state"
    page.keyboard.press("Enter")
    visit.until(f"{LISTED} && {LABELS}.includes('=')")
    typed(visit, "= pru")
    visit.until(f"{LABELS}.join() === 'pruned'")
    page.keyboard.press("Tab")
    assert field.input_value() == "state = pruned "
    page.keyboard.press("Enter")

    pruned = set(Trial.objects.filter(study=played.study, state="PRUNED").values_list("number", flat=True))
    visit.until(f"{ROWS}.length === {len(pruned)}")
    assert set(page.evaluate(ROWS)) == pruned
    assert "q=state+%3D+pruned" in page.url or "q=state%20%3D%20pruned" in page.url
    assert visit.troubles == []


def test_an_offer_is_taken_by_mouse_and_odd_names_are_quoted(visit: Visit, played: Played) -> None:
    tags.add(played.study, [HOSTILE], trials=[played.failed], person="robin", at=NOW)
    page = visit.open(path(played))
    page.click("#query")

    typed(visit, "tag = ")
    visit.until(f"{LABELS}.length === 1")
    page.click("[role=option]")
    assert page.locator("#query").input_value() == f'tag = "{HOSTILE}" '
    page.keyboard.press("Enter")

    visit.until(f"{ROWS}.join() === '{played.failed.number}'")
    assert visit.troubles == []


def test_a_wrong_query_keeps_rows_and_text_until_it_is_mended(visit: Visit, played: Played) -> None:
    page = visit.open(path(played, "q=state+%3D+pruned"))
    before = page.evaluate(ROWS)

    page.fill("#query", "state = pruned and")
    page.keyboard.press("Enter")
    visit.until("document.querySelector('#query-error').textContent.startsWith('At column 19')")

    assert page.evaluate(ROWS) == before
    assert page.locator("#query").input_value() == "state = pruned and"
    page.fill("#query", "number = 3")
    page.keyboard.press("Enter")
    visit.until(f"{ROWS}.join() === '3'")
    assert page.locator("#query-error").is_hidden()


PIECES = "[...document.querySelectorAll('.query-text [data-kind]')].map(one => `${one.dataset.kind} ${one.innerText}`)"
BEHIND = "document.querySelector('.query-text').textContent"


def test_the_text_of_a_query_stands_in_its_colours(visit: Visit, played: Played) -> None:
    page = visit.open(path(played, "q=state+%3D+pruned"))
    assert page.evaluate(PIECES) == ["field state", "sign =", "word pruned"]

    page.click("#query")
    page.keyboard.press("End")
    page.keyboard.type(" and step > 3")
    visit.until(f"{PIECES}.join() === 'field state,sign =,word pruned,sign and,field step,sign >,number 3'")
    page.keyboard.press("Home")
    page.keyboard.type("(")

    # Before the server has read a change, letter still lies on letter.
    assert page.evaluate(BEHIND) == "(state = pruned and step > 3"
    assert page.evaluate("document.querySelector('#query').selectionStart") == 1
    field, layer = page.locator("#query").bounding_box(), page.locator(".query-text > span").bounding_box()
    assert field is not None
    assert layer is not None
    assert abs(field["x"] - layer["x"]) < 1
    assert abs(field["y"] + field["height"] / 2 - layer["y"] - layer["height"] / 2) < 1
    assert broken_rules(page, within="form.query") == []
    assert visit.troubles == []


def test_a_long_query_scrolls_with_its_colours(visit: Visit, played: Played) -> None:
    page = visit.open(path(played))

    page.click("#query")
    page.keyboard.insert_text("step > 3 or " * 40 + "best < 2")
    page.keyboard.press("End")

    shifted = "-document.querySelector('.query-text').scrollLeft"
    visit.until("document.querySelector('#query').scrollLeft > 100")
    visit.until(f"Math.abs({shifted} + document.querySelector('#query').scrollLeft) < 1")
    assert visit.troubles == []


def test_what_was_taken_from_the_offers_can_be_undone(visit: Visit, played: Played) -> None:
    page = visit.open(path(played))
    page.keyboard.press("/")
    typed(visit, "learn")

    assert page.locator("[data-query-waiting]").inner_text() == "waiting for a field"
    assert page.locator("#query-offers mark").first.inner_text() == "learn"
    page.keyboard.press("Tab")
    assert page.locator("#query").input_value() == "learning_rate "
    page.keyboard.press("Control+z")

    assert page.locator("#query").input_value() == "learn"


def test_the_place_of_an_error_is_underlined(visit: Visit, played: Played) -> None:
    page = visit.open(path(played))

    page.fill("#query", "best 0.5")
    page.keyboard.press("Enter")
    visit.until("document.querySelector('#query-error').textContent.startsWith('At column 6')")

    assert page.evaluate(PIECES) == ["field best", "wrong 0.5"]
    page.keyboard.press("End")
    page.keyboard.type("1")
    assert "wrong" not in ",".join(page.evaluate(PIECES))
    assert visit.open(path(played, "q=best+0.5")).evaluate(PIECES) == ["field best", "wrong 0.5"]
    assert visit.troubles == []


def test_columns_are_chosen_and_stay_with_back_and_forth(visit: Visit, played: Played) -> None:
    page = visit.open(path(played))
    headings = "[...document.querySelectorAll('.trials thead th')].map(head => head.textContent.trim())"

    page.click("[data-columns] summary")
    page.uncheck("[data-columns] input[value=why]")
    page.check("[data-columns] input[value='val_loss@8']")
    page.click("[data-columns] button")

    visit.until(f"{headings}.includes('val_loss@8')")
    assert "Why" not in page.evaluate(headings)
    page.go_back()
    visit.until(f"{headings}.includes('Why')")
    assert visit.troubles == []


def test_a_selection_is_kept_over_pages_and_grows_past_an_address(visit: Visit, played: Played) -> None:
    for _ in range(45):
        factories.train(factories.an_attempt(played.study), 0.9, until=1)
    first = ",".join(str(number) for number in range(50))
    page = visit.open(path(played, f"sel={first}&sort=-number"))

    page.locator("[data-select]").first.check()
    visit.until("location.search.includes('sel=~')")
    visit.until("document.querySelector('[data-tray-count]').textContent === '51'")
    page.get_by_role("link", name="Curves").click()
    page.wait_for_load_state("load")
    page.get_by_role("link", name="Trials", exact=False).first.click()
    visit.until("document.querySelector('[data-tray-count]')?.textContent === '51'")

    assert page.locator("[data-tray-compare]").inner_text().startswith("Compare the first 12")
    assert visit.troubles == []


def test_many_are_stopped_with_the_count_in_the_button(visit: Visit, played: Played) -> None:
    second = factories.an_attempt(played.study).trial
    page = visit.open(path(played, f"sel={played.running.trial.number},{second.number}"))

    page.click(".tray >> text=Stop")
    page.fill("#bulk-note", "the machine is needed")
    page.click("text=Stop 2 trials")
    page.wait_for_selector("text=2 trials are stopped.")

    asked = Trial.objects.filter(study=played.study, halt_code="stopped_by_user")
    assert asked.count() == 2
    assert f"sel={played.running.trial.number},{second.number}" in page.url


def test_a_view_is_saved_and_opened(visit: Visit, played: Played) -> None:
    page = visit.open(path(played, "q=state+%3D+pruned&col=best"))
    page.click(".table-tools summary >> nth=0")
    page.fill("#view-name", HOSTILE)
    page.click("text=Save view")
    page.wait_for_load_state("load")
    view = SavedView.objects.get()

    visit.open(path(played))
    page.click(".table-tools summary >> nth=0")
    page.click(f".sheet a:has-text('{HOSTILE}')")
    page.wait_for_url(f"**view={view.pk}*")

    assert page.locator("#query").input_value() == "state = pruned"
    assert page.locator(".trials thead th").count() == 3
    assert visit.troubles == []


def opened_offers(page: Page) -> None:
    page.click("#query")
    page.keyboard.type("s")
    page.wait_for_selector("#query-offers:not([hidden])")


def opened_columns(page: Page) -> None:
    page.click("[data-columns] summary")


def opened_views(page: Page) -> None:
    page.click(".table-tools summary >> nth=0")


@pytest.mark.parametrize("visit", [("light", 1280), ("dark", 390)], indirect=True, ids=["wide", "narrow, dark"])
def test_what_opens_shuts_nobody_out_and_stays_within_the_page(visit: Visit, played: Played) -> None:
    tags.add(played.study, ["x" * 64, HOSTILE], trials=[played.failed], person="robin", at=NOW)
    bulk = f"/studies/{played.study.pk}/trials/bulk/?action="
    states: dict[str, tuple[str, Callable[[Page], None] | None]] = {
        "offers": (path(played), opened_offers),
        "columns": (path(played, "col=tag&col=worker&col=val_loss%408&sel=1,2"), opened_columns),
        "views": (path(played), opened_views),
        "wrong": (path(played, "q=best+%3C"), None),
        "tag": (f"{bulk}tag&sel=1,2", None),
        "stop": (f"{bulk}stop&sel=1,{played.running.trial.number}", None),
        "trial": (played.failed.get_absolute_url(), None),
    }
    troubles = {}
    for name, (address, act) in states.items():
        page = visit.open(address)
        if act is not None:
            act(page)
        broken = broken_rules(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            broken.append("scrolls sideways")
        if broken:
            troubles[name] = broken

    assert troubles == {}
    assert visit.troubles == []


@pytest.mark.parametrize("visit", [("light", 1280), ("dark", 390)], indirect=True, ids=["wide", "narrow, dark"])
def test_a_letter_covers_the_box_that_chose_it(visit: Visit, played: Played) -> None:
    page = visit.open(path(played, "sel=2,3"))
    rows = page.locator("[data-row]", has=page.locator(".tick .letter"))

    assert rows.count() == 2
    for row in rows.all():
        letter, box, number = (
            row.locator(where).bounding_box() for where in (".tick .letter", ".tick input", "[data-open]")
        )
        assert letter == box
        assert number is not None
        assert letter is not None
        assert abs(letter["y"] + letter["height"] / 2 - number["y"] - number["height"] / 2) < 1
