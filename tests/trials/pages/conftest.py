"""A person in front of a study."""

import pytest
from django.test import Client

from pruning import judging
from pruning.pages import rungs
from tests import factories
from tests.factories import Played
from trials.charts import stock
from trials.models import Project
from trials.pages import live

SNAPSHOT = factories.Snapshot()


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Forget what this process keeps of studies: the same rows are written again for each test."""
    live.forget()
    stock.forget()
    judging.forget()
    rungs.forget()


@pytest.fixture
def project(db: None) -> Project:
    return factories.a_project()


@pytest.fixture
def played(project: Project) -> Played:
    return SNAPSHOT.restore(project)


@pytest.fixture
def editor(project: Project) -> Client:
    client = Client()
    client.force_login(factories.a_person("editor", project))
    return client


@pytest.fixture
def viewer(project: Project) -> Client:
    client = Client()
    client.force_login(factories.a_person("viewer", project, "viewer"))
    return client


@pytest.fixture
def outsider(db: None) -> Client:
    client = Client()
    client.force_login(factories.a_person("outsider"))
    return client
