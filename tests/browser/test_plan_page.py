"""The plan of a study: the next one launched from it, and its text copied."""

from __future__ import annotations

import pytest
import yaml

from tests.browser.conftest import Visit
from tests.factories import Played
from trials.models import Study

pytestmark = pytest.mark.browser


def test_the_next_study_is_launched_from_a_plan_and_both_lead_to_each_other(visit: Visit, played: Played) -> None:
    page = visit.open(f"/studies/{played.study.pk}/plan/")
    page.click("text=Launch the next study from this plan")
    page.wait_for_url("**/studies/new/?next=*")
    assert "Follows a study" in page.inner_text(".facts-line")
    assert page.input_value("#f-name") == "a study-2"
    assert page.input_value("#f-hypothesis") == ""

    page.fill("#f-trials", "12")
    page.fill("#f-hypothesis", "Dropout no longer matters.")
    page.locator("#f-name").focus()
    visit.until("document.querySelector('[value=launch]').textContent.includes('12 trials')")
    page.click("[value=launch]")
    page.wait_for_url(lambda url: "/new/" not in url)

    later = Study.objects.get(follows=played.study)
    plan = later.plan()
    assert (plan.name, plan.seed, plan.budget.trials) == ("a study-2", played.study.plan().seed + 1, 12)
    assert plan.hypothesis == "Dropout no longer matters."
    assert page.url.endswith(f"/studies/{later.pk}/")
    page.click(".study-head .facts-line a:has-text('a study')")
    page.wait_for_url(f"**/studies/{played.study.pk}/")
    page.click(".tabs a:has-text('Plan')")
    page.click(".plan-next a:has-text('a study-2')")
    page.wait_for_url(f"**/studies/{later.pk}/plan/")
    assert "Follows a study." in page.inner_text(".plan-next")
    # What a page was still asking when it was left is given up, which htmx notes.
    assert [trouble for trouble in visit.troubles if not trouble.startswith("htmx:")] == []


def test_the_plan_is_copied_as_yaml(visit: Visit, played: Played) -> None:
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visit.open(f"/studies/{played.study.pk}/plan/")

    page.click("text=Copy as YAML")
    visit.until("document.querySelector('[data-copy]').textContent === 'Copied'")

    copied = page.evaluate("navigator.clipboard.readText()")
    assert yaml.safe_load(copied) == played.study.newest_revision().plan
    assert visit.troubles == []
