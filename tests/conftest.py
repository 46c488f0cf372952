"""Fixtures shared by every floor."""

import os
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import override_settings

from pruning import triggers
from trials.pages import paced

DATABASE_FIXTURES = frozenset({"db", "transactional_db", "django_db_serialized_rollback", "live_server"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks the database, and skip what needs a service where none is named."""
    named = os.environ.get("DATABASE_URL") or os.environ.get("CELERY_BROKER_URL")
    for item in items:
        if item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)
        if not named and item.get_closest_marker("services"):
            item.add_marker(pytest.mark.skip(reason="set DATABASE_URL or CELERY_BROKER_URL to run this"))


@pytest.fixture(autouse=True, scope="session")
def _fast_passwords() -> Iterator[None]:
    """Hash passwords cheaply: what guards a real login costs a tenth of a second each time."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def _nothing_gathered() -> None:
    """Forget what pages have gathered of studies: some tests write the same rows again."""
    paced.forget()


@pytest.fixture
def user(db: None) -> User:
    """A person with a password and no role anywhere."""
    return User.objects.create_user(username="robin", password="a good password")


@pytest.fixture(autouse=True)
def _ledger_yields_to_flush(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take the ledger's triggers away before a transactional test's tables are emptied; migrating puts them back.

    Set up after pytest-django's own fixtures and so torn down before them.
    """
    yield
    marker = request.node.get_closest_marker("django_db")
    transactional = {"transactional_db", "live_server"} & set(request.fixturenames)
    if transactional or (marker is not None and marker.kwargs.get("transaction")):
        triggers.remove(connection)
