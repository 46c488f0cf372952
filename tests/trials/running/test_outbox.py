"""What a child told is sent in order, and kept while the database is away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import OperationalError

from tests.trials.builders import NOW, PAUSE_AT_4, ScriptedReviewer, a_study, an_attempt
from trials import endings, reporting, series
from trials.models import Artifact, Attempt
from trials.plan import Budget
from trials.running import checkpoints, outbox
from trials.running.advancing import advance
from trials.running.outbox import Outbox, Saved
from trials.seam import KEEP, Action, Decision
from trials.series import Point


@pytest.fixture
def attempt(db: None, reviewer: type[ScriptedReviewer]) -> Attempt:
    """A running attempt of a study with looks at 4 and 8."""
    return an_attempt(a_study())


def point(step: int) -> Point:
    """Return the report of one step."""
    return Point(step=step, metrics={"loss": 1.0 / step})


def steps_of(attempt: Attempt) -> list[int]:
    """Return the steps that the database holds."""
    steps, _ = series.read(attempt.trial, "loss")
    return [int(step) for step in steps]


Report = Callable[..., Decision]


class Outage:
    """A door that is shut for a while, and may shut only after it has let a batch in."""

    def __init__(self, door: Report, *, after_storing: bool = False) -> None:
        self.door, self.after_storing, self.is_on = door, after_storing, True

    def report(self, *, attempt_id: int, batch: int, points: Sequence[Point], at: datetime) -> Decision:
        if self.is_on and not self.after_storing:
            raise OperationalError("the database is away")
        decision = self.door(attempt_id=attempt_id, batch=batch, points=points, at=at)
        if self.is_on:
            raise OperationalError("the connection was lost before the answer")
        return decision


@pytest.mark.parametrize("after_storing", [False, True], ids=["before it stored", "after it stored"])
def test_points_told_during_an_outage_arrive_once_afterwards(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch, after_storing: bool
) -> None:
    outage = Outage(reporting.report, after_storing=after_storing)
    monkeypatch.setattr(reporting, "report", outage.report)
    box = Outbox(attempt, now=lambda: NOW)
    for step in (1, 2):
        box.add(point(step))
        assert box.send() == KEEP
    assert box.is_stuck

    outage.is_on = False
    box.add(point(3))
    box.send()

    assert steps_of(attempt) == [1, 2, 3]
    assert not box


def test_a_pause_decided_late_still_reaches_the_child(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch, reviewer: type[ScriptedReviewer]
) -> None:
    reviewer.script = {(0, 4): PAUSE_AT_4}
    outage = Outage(reporting.report)
    monkeypatch.setattr(reporting, "report", outage.report)
    box = Outbox(attempt, now=lambda: NOW)
    box.add(point(4))
    assert box.send() == KEEP

    outage.is_on = False
    box.add(point(5))

    assert box.send().action == Action.PAUSE
    # What was told after the trial had its answer belongs to nobody.
    assert steps_of(attempt) == [4]


def test_a_checkpoint_is_named_before_the_report_that_may_pause_there(
    attempt: Attempt, settings: LazySettings, tmp_path: Path, reviewer: type[ScriptedReviewer]
) -> None:
    settings.DATA_DIR = tmp_path
    reviewer.script = {(0, 4): PAUSE_AT_4}
    box = Outbox(attempt, now=lambda: NOW)
    for step in (3, 4):
        box.add_checkpoint(Saved(kind="last", step=step, path=checkpoint(tmp_path, step), size=1))
        box.add(point(step))

    assert box.send().action == Action.PAUSE

    last = Artifact.objects.get(trial=attempt.trial, kind="last")
    assert (last.step, checkpoints.is_here(last)) == (4, True)
    # The one it replaced is gone from the disk.
    assert [path.name for path in tmp_path.iterdir()] == ["last-4"]


def test_a_fenced_attempt_names_no_checkpoint(attempt: Attempt, settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    Attempt.objects.filter(pk=attempt.pk).update(ended_at=NOW, outcome="worker_lost")

    checkpoints.record(attempt, kind="last", step=3, path=checkpoint(tmp_path, 3), size=1, at=NOW)

    assert not Artifact.objects.exists()
    assert list(tmp_path.iterdir()) == []


def checkpoint(folder: Path, step: int) -> Path:
    """Write a checkpoint of one byte."""
    path = folder / f"last-{step}"
    path.write_text("x")
    return path


def test_a_hundred_points_are_sent_without_waiting(attempt: Attempt) -> None:
    box = Outbox(attempt, now=lambda: NOW)
    for step in range(1, outbox.BATCH_POINTS):
        box.add(point(step))
    waits = box.wait_seconds()
    box.add(point(outbox.BATCH_POINTS))

    assert waits is not None
    assert 0 < waits <= outbox.BATCH_SECONDS
    assert box.wait_seconds() == 0.0


def test_an_ended_study_keeps_the_best_checkpoints_and_none_to_resume_from(
    db: None, settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(checkpoints, "KEPT_BEST", 1)
    study = a_study(budget=Budget(trials=2))
    for value in (0.5, 0.4):
        attempt = an_attempt(study)
        reporting.report(attempt_id=attempt.pk, batch=1, points=[Point(step=3, metrics={"loss": value})], at=NOW)
        for kind in ("last", "best"):
            path = tmp_path / f"{attempt.trial.number}-{kind}"
            path.write_text("x")
            checkpoints.record(attempt, kind=kind, step=3, path=path, size=1, at=NOW)
        endings.complete(attempt, at=NOW)

    advance(study, at=NOW)

    assert [path.name for path in tmp_path.iterdir()] == ["1-best"]
    assert [(row.trial.number, row.kind) for row in Artifact.objects.all()] == [(1, "best")]
