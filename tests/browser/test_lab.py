"""The lab in a browser: the frontier holds the figures, a trial opens when it is clicked."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from pruning.models import Backtest
from tests.browser.conftest import Visit
from tests.pruning.lab.backtests import a_played, asked, curves, play
from trials.models import Job, Project

pytestmark = pytest.mark.browser

FRONTIER = """() => document.querySelector("[data-chart=frontier] [data-plot]").data
  .filter((trace) => trace.mode === "markers")
  .flatMap((trace) => trace.x.map((x, i) => [trace.customdata[i].name, trace.name, x, trace.y[i],
    trace.error_x.array[i], trace.error_x.arrayminus[i]]))"""
DIAL = """() => document.querySelector("[data-chart=frontier] [data-plot]").data
  .find((trace) => trace.name === "dial").x"""
TRIAL = """() => Object.fromEntries(document.querySelector("[data-chart=lab-trial] [data-plot]").data
  .filter((trace) => trace.name).map((trace) => [trace.name, [[...trace.x], [...trace.y]]]))"""


@pytest.fixture
def project(db: None, tmp_path: Path, settings: Settings) -> Project:
    settings.RECORDED_CURVES = {"toys": curves(tmp_path / "curves")}
    return Project.objects.create(slug="lab", name="Lab", created_at="2026-03-01T12:00:00Z")


@pytest.fixture
def editor(visit: Visit) -> User:
    return User.objects.get(username="editor")


@pytest.fixture
def backtest(editor: User) -> Backtest:
    policies = ["safe", "default", "asha", "hyperband", "median", "full"]
    return a_played(editor, curves={"toys": []}, policies=policies, orders=3)


def test_the_frontier_draws_the_figures_of_the_command(visit: Visit, backtest: Backtest) -> None:
    visit.open(f"/lab/{backtest.pk}/")

    drawn = {name: numbers for name, *numbers in visit.page.evaluate(FRONTIER)}

    assert backtest.job.result is not None
    for name, told in backtest.job.result["total"]["by_policy"].items():
        kind, x, y, above, below = drawn[name]
        compute, regret = told["compute"], told["regret"]
        assert x == pytest.approx(100 * compute["mean"])
        assert y == pytest.approx(math.sqrt(regret["mean"]))
        assert (x + above, x - below) == pytest.approx((100 * compute["high"], 100 * compute["low"]))
        assert kind == {"safe": "ours", "default": "ours", "full": "reference"}.get(name, "peer")
    assert "oracle" in drawn
    assert visit.troubles == []


def test_ours_are_joined_along_the_dial(visit: Visit, backtest: Backtest) -> None:
    visit.open(f"/lab/{backtest.pk}/")

    line = visit.page.evaluate(DIAL)

    assert backtest.job.result is not None
    told = backtest.job.result["total"]["by_policy"]
    assert line == pytest.approx([100 * told[name]["compute"]["mean"] for name in ("safe", "default")])


def test_a_clicked_trial_opens_in_place(visit: Visit, backtest: Backtest) -> None:
    page = visit.open(f"/lab/{backtest.pk}/")
    links = page.locator(".stops-table tbody th a")
    name = links.nth(2).inner_text()

    links.nth(2).click()
    visit.until(f"document.querySelector('#stops a[aria-current]').textContent === {json.dumps(name)}")
    visit.until("document.querySelector('[data-chart=lab-trial] .main-svg') !== null")

    assert f"trial={name}" in page.url
    assert page.locator(".lab-verdicts-title").inner_text() == f"What each policy would have said to trial {name}"
    drawn = page.evaluate(TRIAL)
    told: Any = next(task for task in backtest.tasks.all() if name in task.picture["curves"])
    assert len(drawn["own"][0]) == told.picture["horizon"]
    stopped = page.locator(".stops-table tr.row-selected .stop-speed").count()
    assert bool(drawn["stops"][0]) == bool(stopped)
    assert visit.troubles == []


def test_another_reference_changes_the_table_and_the_lines(visit: Visit, backtest: Backtest) -> None:
    page = visit.open(f"/lab/{backtest.pk}/")

    page.select_option("select[name=against]", "median")
    visit.until("document.querySelector('.row-reference')?.dataset.policy === 'median'")

    assert "against=median" in page.url
    visit.until("document.querySelector('[data-chart=frontier] .main-svg') !== null")
    assert visit.troubles == []


def test_a_replay_that_is_left_open_shows_its_figures_when_it_is_done(visit: Visit, editor: User) -> None:
    waiting = asked(editor, curves={"toys": []})
    Job.objects.filter(pk=waiting.job_id).update(message="Playing toys__a", done=1, total=12)
    page = visit.open(f"/lab/{waiting.pk}/")
    assert page.locator(".lab-numbers").count() == 0

    play(waiting)
    page.wait_for_selector(".lab-numbers")

    assert visit.troubles == []


@pytest.mark.parametrize("path", ["/lab/", "/lab/new/", "/lab/1/"])
def test_nothing_is_wider_than_a_phone(visit: Visit, backtest: Backtest, path: str) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 800})

    page = visit.open(path.replace("1", str(backtest.pk)))

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert visit.troubles == []


def test_replays_are_walked_and_opened_by_key(visit: Visit, backtest: Backtest) -> None:
    page = visit.open("/lab/")

    page.keyboard.press("j")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/lab/{backtest.pk}/")
    assert visit.troubles == []
