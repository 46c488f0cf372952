"""Planning, launching, finding and comparing studies, as a person does it."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from tests import factories
from tests.browser.conftest import Visit, broken_rules
from tests.factories import Played
from tests.trials.toy import TRAINABLES
from trials import endings
from trials.models import Project, Study
from trials.reporting import report
from trials.running.claims import claim
from trials.series import Point

pytestmark = pytest.mark.browser

NEW = "/studies/new/"
EVERY_SIZE = pytest.mark.parametrize(
    "visit", [("light", 1280), ("dark", 390)], indirect=True, ids=["wide", "narrow, dark"]
)


@pytest.fixture(autouse=True)
def _toy(settings: Settings) -> None:
    settings.TRAINABLES = TRAINABLES


def filled_in(visit: Visit) -> None:
    """Fill in the form of a study that the toy trains."""
    page = visit.open(NEW)
    page.fill("#f-name", "rates of a toy")
    page.select_option("#f-trainable", "toy")
    visit.until("document.querySelectorAll('[value^=\\'suggest:\\']').length === 5")
    page.click("[value='suggest:learning_rate']")
    visit.until("document.querySelector('#f-name-0')?.value === 'learning_rate'")
    page.click("[value='suggest:optimizer']")
    visit.until("document.querySelector('#f-name-1')?.value === 'optimizer'")
    page.fill("#f-metric", "val_loss")
    page.select_option("#f-direction", "minimize")
    page.fill("#f-trials", "3")
    page.check("#f-with_defaults")


def test_a_study_is_planned_mended_and_launched(visit: Visit, project: Project) -> None:
    filled_in(visit)
    page = visit.page

    page.fill("#f-low-0", "0")
    page.locator("#f-high-0").focus()
    visit.until("document.querySelector('#row-0-problems').textContent.includes('cannot start a log range')")
    visit.until("document.querySelector('#draft-problems').textContent.includes('space.learning_rate.low')")
    page.click("#draft-problems a[href='#f-low-0']")
    assert page.evaluate("document.activeElement.id === 'f-low-0' || location.hash === '#f-low-0'")

    page.click("#view-yaml")
    visit.until("document.querySelector('#f-text') !== null")
    assert "low: 0" in page.input_value("#f-text")
    assert "cannot start a log range" in page.inner_text("#draft-problems")
    page.fill("#f-text", page.input_value("#f-text").replace("low: 0,", "low: 1e-4,"))
    page.click("#view-form")
    visit.until("document.querySelector('#f-low-0')?.value === '0.0001'")
    assert page.inner_text("#draft-problems") == ""
    assert page.locator("#picture-0 svg").get_attribute("aria-label") == "from 1.00e−4 to 0.1, logarithmic"

    visit.until("document.querySelector('[value=launch]').textContent.includes('3 trials')")
    page.dblclick("[value=launch]")
    page.wait_for_url("**/studies/*/")

    study = Study.objects.get()
    assert page.inner_text("h1") == "rates of a toy"
    assert "Launched: 3 trials" in page.inner_text("main")
    assert study.trials.get().params == {"learning_rate": 0.001, "optimizer": "adamw"}
    # What the page was still asking when it was left is given up, which htmx notes.
    assert [trouble for trouble in visit.troubles if not trouble.startswith("htmx:")] == []
    study.jobs.update(state="DONE", ended_at=factories.NOW)
    attempt = claim(None, at=factories.NOW, claimed_by="toy", study=study)
    assert attempt is not None
    for step in (1, 2, 3, 4):
        points = [Point(step=step, metrics={"val_loss": 1 / step})]
        report(attempt_id=attempt.pk, batch=step, points=points, at=factories.NOW)
    endings.complete(attempt, at=factories.NOW)
    visit.until("document.querySelector('#part-narrative').textContent.includes('val_loss 0.2500')")
    assert "1 of 3 configurations has been tried." in page.inner_text("#part-narrative")


def test_the_form_works_without_scripts(visit: Visit, project: Project) -> None:
    visit.page.route("**/*.js", lambda route: route.abort())
    page = visit.page

    def press(button: str) -> None:
        with page.expect_navigation():
            page.click(button)

    page.goto(visit.base + NEW)
    page.select_option("#f-trainable", "toy")
    press("#check-plan")
    assert "give the study a name" in page.inner_text("#f-name-error")

    press("[value='suggest:layers']")
    press("#add-row")
    assert page.locator(".draft-row").count() == 2
    press("[value='remove:1']")
    assert page.locator(".draft-row").count() == 1
    page.fill("#f-name", "by hand")
    page.fill("#f-metric", "val_loss")
    page.select_option("#f-direction", "minimize")
    press("[value=gate]")
    press("[value=launch]")

    assert page.inner_text("h1") == "by hand"
    assert Study.objects.get().plan().space.names == ("layers",)


@EVERY_SIZE
def test_the_pages_of_studies_are_sound(visit: Visit, played: Played) -> None:
    other = factories.a_study(played.study.project, name="another")
    found, overflowing = {}, []
    paths = [
        NEW,
        f"{NEW}?from={played.study.pk}",
        f"/studies/compare/?ids={played.study.pk},{other.pk}",
        "/projects/",
        f"/projects/{played.study.project_id}/",
        "/?q=nothing",
        "/?state=archived",
    ]
    for path in paths:
        page = visit.open(path)
        page.wait_for_load_state("networkidle")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            overflowing.append(path)
        broken = broken_rules(page)
        if broken:
            found[path] = broken

    assert found == {}
    assert overflowing == []
    assert visit.troubles == []


def test_hostile_names_stay_text_in_the_editor_and_the_comparison(visit: Visit, project: Project) -> None:
    study = factories.a_hostile_study(project)
    others = list(Study.objects.exclude(pk=study.pk).order_by("pk").values_list("pk", flat=True))

    visit.open(f"{NEW}?from={study.pk}").click("#view-yaml")
    visit.until("document.querySelector('#f-text') !== null")
    assert "<b>lr</b>" in visit.page.input_value("#f-text")
    visit.open(f"/studies/compare/?ids={study.pk},{','.join(map(str, others))}")

    assert visit.troubles == []


def test_ticked_studies_are_compared_with_the_numbers_of_the_database(visit: Visit, played: Played) -> None:
    factories.a_study(played.study.project, name="another")
    page = visit.open("/")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("[name=ids]:checked").count() == 2

    factories.tell(played.running, 9, (7, 0.5))
    endings.stop_by_person(played.running.trial, person="editor", note="", at=factories.NOW)
    visit.until("document.body.dataset.liveVersion !== ''")
    page.wait_for_timeout(2500)
    assert page.locator("[name=ids]:checked").count() == 2, "what is ticked survives an update"
    page.keyboard.press("c")
    page.wait_for_url("**/studies/compare/?ids=*")
    visit.until("document.querySelector('[data-chart=studies] .main-svg') !== null")

    plot = "document.querySelector('[data-chart=studies] [data-plot]')"
    complete = played.study.trials.filter(state="COMPLETE").order_by("ended_at", "id").values_list("value", flat=True)
    expected: list[float] = []
    for value in complete:
        if value is not None and (not expected or round(value, 5) < expected[-1]):
            expected.append(round(value, 5))
    drawn = page.evaluate(f"{plot}.data.flatMap(trace => [...trace.y])")
    assert [round(value, 5) for value in drawn] == [*expected, expected[-1]]
    page.click("[data-axis=hours]")
    visit.until(f"{plot}.layout.annotations.some(note => note.text === 'slot hours')")
    assert visit.troubles == []


def test_a_study_is_archived_from_its_row_and_found_again(visit: Visit, played: Played) -> None:
    page = visit.open("/")

    def press(button: str) -> None:
        with page.expect_navigation():
            page.click(button)

    page.click(".row-menu summary")
    press(".row-menu button")
    assert "No studies yet" in page.inner_text("main")
    press(".chip:has-text('Archived')")
    assert page.locator("[data-row]").count() == 1

    press("[data-row] [data-open]")
    page.click("text=Add tags")
    page.fill("#study-tags", "baseline, night run")
    press("text=Save tags")

    assert page.locator(".head-tags a.tag").all_inner_texts() == ["baseline", "night run"]


@pytest.mark.parametrize("visit", [("light", 900)], indirect=True, ids=["tablet"])
def test_no_column_of_the_list_loses_its_width_on_a_tablet(visit: Visit, played: Played) -> None:
    page = visit.open("/")

    widths = page.evaluate("[...document.querySelectorAll('.studies tbody td')].map(cell => cell.offsetWidth)")

    assert all(width == 0 or width > 50 for width in widths), widths
    assert widths.count(0) == 1, "the sparkline's column alone gives way"
