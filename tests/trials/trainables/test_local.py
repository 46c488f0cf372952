"""A run without any service."""

import math
from pathlib import Path

import pytest

from trials.trainables.local import LocalRun, stop_at


@pytest.fixture
def run(tmp_path: Path) -> LocalRun:
    return LocalRun(tmp_path / "run")


def test_what_was_reported_can_be_read_back(run: LocalRun) -> None:
    run.report(1, {"loss": 2.0})
    run.report(2, {"loss": math.nan, "extra": 1})

    assert list(run.values("loss")) == [1, 2]
    assert run.best_value("loss") == 2.0
    assert run.values("extra") == {2: 1.0}


def test_steps_must_rise(run: LocalRun) -> None:
    run.report(2, {"loss": 2.0})

    with pytest.raises(ValueError, match="step: 2 does not rise above 2"):
        run.report(2, {"loss": 1.0})


def test_every_set_of_labels_has_steps_of_its_own(run: LocalRun) -> None:
    for fold in ("0", "1"):
        run.report(1, {"loss": 2.0}, {"fold": fold})

    assert run.values("loss") == {}
    assert [point.labels for point in run.points] == [{"fold": "0"}, {"fold": "1"}]


def test_a_judge_may_stop_it(tmp_path: Path) -> None:
    run = LocalRun(tmp_path, judge=stop_at(3))

    assert [run.report(step, {}).halts for step in (1, 3)] == [False, True]
    assert run.halted_at == 3


def test_the_best_checkpoint_is_kept_apart_from_the_last(run: LocalRun) -> None:
    run.save(1, lambda path: _write(path, "good"), best=True)
    run.save(2, lambda path: _write(path, "worse"))

    assert (run.best_checkpoint.read_text(), run.last_checkpoint.read_text()) == ("good", "worse")


def test_a_checkpoint_that_fails_leaves_the_earlier_one(run: LocalRun) -> None:
    run.save(1, lambda path: _write(path, "whole"))

    with pytest.raises(OSError, match="no space"):
        run.save(2, _full)

    assert run.last_checkpoint.read_text() == "whole"
    assert run.saved == [1]


def test_only_named_resources_can_be_opened(run: LocalRun) -> None:
    with pytest.raises(KeyError, match="cache"):
        run.resource("cache")


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def _full(path: Path) -> None:
    path.write_text("half")
    raise OSError("no space left")
