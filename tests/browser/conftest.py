"""A person with Chromium in front of a served site."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests import factories
from tests.factories import Played
from trials.models import Project

# Playwright's loop runs in this thread, which Django would take for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# A chart is there once it has its drawing, or has said why there is none.
DRAWN = "figure => figure.querySelector('.main-svg') || figure.querySelector('[data-note]').textContent"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("no Chromium found; install it, such as with `apt-get install chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def broken_rules(page: Page, within: str | None = None) -> list[str]:
    """Return the rules of accessibility that a page breaks, or a part of it, as axe finds them.

    It is kept from fetching styles: it would look for those that a stylesheet imports beside the page.
    """
    found = Axe().run(page, context=within, options={"resultTypes": ["violations"], "preload": False})
    return [rule["id"] for rule in found.response["violations"]]


@dataclass
class Visit:
    """A page and everything that went wrong on it."""

    page: Page
    base: str
    troubles: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to a path and wait until nothing more is fetched."""
        self.page.goto(self.base + path)
        self.page.wait_for_load_state("load")
        self.until(f"[...document.querySelectorAll('[data-chart]')].every({DRAWN})", within_s=60.0)
        return self.page

    def until(self, claim: str, *, within_s: float = 10.0) -> float:
        """Wait until a claim about the page holds; return the seconds it took.

        Asked from here: Playwright's own waiting evaluates text in the page, which the policy refuses.
        """
        began = time.monotonic()
        while not self.page.evaluate(claim):
            if time.monotonic() - began > within_s:
                pytest.fail(f"not true within {within_s} s: {claim}")
            self.page.wait_for_timeout(50)
        return time.monotonic() - began

    def _say(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(message.text)

    def _refuse(self, dialog: Dialog) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def listen(self) -> None:
        self.page.on("console", self._say)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("dialog", self._refuse)


@pytest.fixture
def project(transactional_db: None) -> Project:
    return factories.a_project()


@pytest.fixture
def played(project: Project) -> Played:
    return factories.a_played_study(project)


@pytest.fixture
def visit(
    request: pytest.FixtureRequest, chromium: Browser, live_server: LiveServer, project: Project
) -> Iterator[Visit]:
    """A signed-in editor; parametrise indirectly with (colour scheme, width)."""
    asked: tuple[Literal["light", "dark"], int] = getattr(request, "param", ("light", 1280))
    scheme, width = asked
    client = Client()
    client.force_login(factories.a_person("editor", project))
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    visit = Visit(context.new_page(), live_server.url)
    visit.listen()
    yield visit
    context.close()
