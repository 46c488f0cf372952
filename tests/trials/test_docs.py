"""What the pages about plans and the API say is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pytest_django import Settings

from trials.api.urls import urlpatterns
from trials.plan import read_plan
from trials.plan.reading import KEYS
from trials.search import registry

DOCS = Path(__file__).parents[2] / "docs"
PLAN, API = (DOCS / "plan.md").read_text(), (DOCS / "api.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_complete_plan_can_be_launched_and_uses_every_field_but_the_trainable(settings: Settings) -> None:
    settings.TRIAL_REVIEWER = "trials.seam.KeepEverything"
    (text,) = blocks(PLAN, "yaml")

    plan = read_plan(text)

    shown = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    assert plan.name == "digits"
    assert set(KEYS) - shown == {"trainable", "objective", "hypotheses"}


def test_the_policy_of_the_complete_plan_is_one_the_engine_knows() -> None:
    (text,) = blocks(PLAN, "yaml")

    assert read_plan(text).policy == {
        "looks": [10, 20],
        "gates": [{"rule": "divergence"}],
        "strategy": {"rule": "asha", "eta": 3},
    }


@pytest.mark.parametrize("key", KEYS)
def test_every_field_of_a_plan_is_explained(key: str) -> None:
    assert f"`{key}" in PLAN


@pytest.mark.parametrize("name", registry.names())
def test_every_sampler_is_explained(name: str) -> None:
    assert f"`{name}`" in PLAN


@pytest.mark.parametrize("route", urlpatterns, ids=lambda route: route.name)
def test_every_address_is_listed(route: object) -> None:
    pattern = str(getattr(route, "pattern", ""))
    address = re.sub(r"<key:(\w+)>", lambda found: "{number}" if found[1] == "number" else "{id}", pattern)

    assert f" {address}`" in API


def test_the_loop_of_the_page_is_python() -> None:
    for text in blocks(API, "python"):
        assert compile(text, "docs/api.md", "exec").co_name == "<module>"
