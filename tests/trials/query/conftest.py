"""A played study to ask questions about."""

import pytest

from tests import factories
from tests.factories import Played
from trials.query import Catalogue

SNAPSHOT = factories.Snapshot()


@pytest.fixture
def played(db: None) -> Played:
    return SNAPSHOT.restore(factories.a_project())


@pytest.fixture
def catalogue(played: Played) -> Catalogue:
    revision = played.study.newest_revision()
    return Catalogue(played.study, revision.parsed(), tuple(revision.looks))
