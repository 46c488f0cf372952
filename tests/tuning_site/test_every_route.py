"""Every route × method × role answers as the table says; a route that the table does not know fails.

New routes get their rows in `route_table.py`; CONTRIBUTING.md says how.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.pruning.lab.backtests import curves
from tests.tuning_site.route_table import ROWS, Row
from tests.tuning_site.route_world import ROLES, World, every_route

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
API = "/api/"
LOGIN = "/accounts/login/"
REFUSALS = frozenset({401, 403, 404, 405})

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(tmp_path: Path, settings: Settings) -> World:
    settings.RECORDED_CURVES = {"toys": curves(tmp_path / "curves")}
    return World()


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever a request changed, so that the next role finds the world as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def address(row: Row, world: World) -> str:
    args = {name: reduce(getattr, path.split("."), world) for name, path in row.args.items()}
    return reverse(row.name, kwargs=args)


def send(client: Client, method: str, url: str, body: dict[str, Any]) -> HttpResponseBase:
    if method == "GET":
        return client.get(url, body)
    if url.startswith(API):
        return client.generic(method, url, _json(body), content_type="application/json")
    return client.generic(method, url) if method != "POST" else client.post(url, body)


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body)


def test_the_table_knows_every_route_and_no_other() -> None:
    unnamed = [route.pattern for route in every_route() if not route.name or route.name.endswith(":")]
    known = {row.name for row in ROWS}
    existing = {route.name for route in every_route()}

    assert not unnamed, "give these routes names"
    assert existing - known == set(), "add rows for these to tests/tuning_site/route_table.py"
    assert known - existing == set(), "these rows speak of routes that are gone"


def test_no_row_is_there_twice() -> None:
    keys = [(row.name, row.method) for row in ROWS]

    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.name}")
def test_each_role_is_answered_as_the_table_says(row: Row, world: World) -> None:
    expected = dict(zip(ROLES, map(int, row.statuses.split()), strict=True))
    url = address(row, world)
    answers = {}
    for role in ROLES:
        client = world.client(role)
        with undone():
            response = send(client, row.method, url, row.body)
        answers[role] = response.status_code

    assert answers == expected


def test_a_method_that_the_table_does_not_list_works_for_nobody(world: World) -> None:
    wrong = {}
    for row in {row.name: row for row in ROWS}.values():
        url = address(row, world)
        listed = {other.method for other in ROWS if other.name == row.name}
        for method, role in product(set(METHODS) - listed, ROLES):
            with undone():
                response = send(world.client(role), method, url, {})
            if not is_refusal(response):
                wrong[row.name, method, role] = response.status_code

    assert wrong == {}


def is_refusal(response: HttpResponseBase) -> bool:
    to_login = response.status_code == 302 and response.headers["Location"].startswith(LOGIN)
    return to_login or response.status_code in REFUSALS


def test_an_answer_to_nobody_never_tells_whether_an_object_exists(world: World) -> None:
    there = address(next(row for row in ROWS if row.name == "accounts:token-revoke"), world)
    not_there = reverse("accounts:token-revoke", kwargs={"pk": 999_999})
    stranger = world.client("outsider")

    assert stranger.post(there).status_code == stranger.post(not_there).status_code == 404
    assert world.client("anonymous").post(there).status_code == 302
    assert world.client("anonymous").post(not_there).status_code == 302
