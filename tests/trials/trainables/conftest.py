"""What the tests of trainables share: a cache with the tiny base, and runs in a folder of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trials.trainables.local import LocalRun

MakeRun = Callable[..., LocalRun]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder for the whole session: the tiny base is made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def make_run(tmp_path: Path, cache: Path) -> MakeRun:
    """Return a function that makes runs, each in a directory of its own."""
    made: list[LocalRun] = []

    def make(**given: Any) -> LocalRun:
        run = LocalRun(tmp_path / f"run-{len(made)}", **{"resources": {"cache": cache}, **given})
        made.append(run)
        return run

    return make
