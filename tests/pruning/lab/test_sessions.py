"""A backtest is played by its job: in slices, with progress, and never the same cell twice."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from pruning.backtest import Cell
from pruning.lab import sessions
from pruning.lab.store import CellStore
from pruning.models import Backtest, BacktestCell, BacktestTask
from tests.pruning.lab.backtests import NOW, a_finished_study, a_played, a_worker, an_editor, asked, curves, play
from trials.models import Job
from trials.running import jobs
from trials.running.sweep import Sweep

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]
S = Job.State


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.RECORDED_CURVES = {"toys": curves(tmp_path / "curves")}
    return tmp_path / "curves"


def command(folder: Path, tmp_path: Path, *more: str) -> Any:
    out = tmp_path / "out.json"
    names = "payoff,asha,full"
    arguments = ["--curves", str(folder), "--policies", names, "--orders", "2", "--workers", "2", "--json", str(out)]
    call_command("backtest", *arguments, *more, stdout=StringIO(), stderr=StringIO())
    return json.loads(out.read_text())


def stopped_after(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the process die, as a kill would, when it plays the next cell."""
    played: list[Cell] = []
    before = CellStore.add

    def add(store: CellStore, cell: Cell) -> None:
        if len(played) == cells:
            raise SystemExit("killed")
        played.append(cell)
        before(store, cell)

    monkeypatch.setattr(CellStore, "add", add)


def test_its_result_is_what_the_command_writes(folder: Path, tmp_path: Path) -> None:
    backtest = a_played(an_editor(), curves={"toys": []})

    assert backtest.job.result == command(folder, tmp_path)


def test_the_same_for_a_study_that_ended_here(tmp_path: Path) -> None:
    study = a_finished_study()
    backtest = a_played(an_editor(), studies=[study.pk], against="full")
    out = tmp_path / "out.json"
    arguments = ["--study", str(study.pk), "--policies", "payoff,asha,full", "--orders", "2", "--workers", "2"]
    call_command("backtest", *arguments, "--against", "full", "--json", str(out), stdout=StringIO(), stderr=StringIO())

    assert backtest.job.result == json.loads(out.read_text())


def test_it_tells_how_far_it_has_come(folder: Path) -> None:
    job = play(asked(an_editor(), curves={"toys": ["toys"]}))

    assert (job.state, job.done, job.total) == (S.DONE, 12.0, 12.0)
    assert job.message == "Playing toys__b, order 2 of 2"


def test_a_slice_gives_way_and_the_next_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "SLICE_SECONDS", 0.0)
    backtest, worker = asked(an_editor(), curves={"toys": []}), a_worker()

    assert jobs.run(backtest.job_id, worker=worker)

    job = Job.objects.get(pk=backtest.job_id)
    assert (job.state, job.n_attempts, job.message) == (S.WAITING, 0, "Playing toys__a, order 1 of 2")
    assert BacktestCell.objects.count() == 1
    assert play(backtest).state == S.DONE
    assert BacktestCell.objects.count() == 12


def test_killed_in_the_middle_it_goes_on_where_it_was(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backtest, worker = asked(an_editor(), curves={"toys": []}), a_worker()
    with monkeypatch.context() as patch:
        stopped_after(7, patch)
        with pytest.raises(SystemExit):
            jobs.run(backtest.job_id, worker=worker)
    assert Job.objects.get(pk=backtest.job_id).state == S.RUNNING
    assert BacktestCell.objects.count() == 7
    worker.stopped_at = NOW
    worker.save()

    Sweep().once(at=NOW)
    assert Job.objects.get(pk=backtest.job_id).state == S.WAITING
    played: list[Cell] = []
    add = CellStore.add

    def counted(store: CellStore, cell: Cell) -> None:
        played.append(cell)
        add(store, cell)

    monkeypatch.setattr(CellStore, "add", counted)
    job = play(backtest)

    assert len(played) == 5
    assert job.result == command(folder, tmp_path)


def test_cells_of_the_same_curves_are_not_played_again_for_another_backtest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = an_editor()
    a_played(user, curves={"toys": []})
    monkeypatch.setattr(CellStore, "add", None)  # playing would fail

    again = a_played(user, curves={"toys": []}, policies=["full", "asha"])

    assert again.job.result is not None
    assert set(again.job.result["total"]["by_policy"]) == {"full", "asha"}  # PostgreSQL keeps no order of keys
    assert BacktestCell.objects.filter(task__backtest=again).count() == 8


def test_changed_curves_are_played_anew(folder: Path) -> None:
    backtest = asked(an_editor(), curves={"toys": []})
    play(backtest)
    before = {task.name: task.curves for task in backtest.tasks.all()}
    Job.objects.filter(pk=backtest.job_id).update(state=S.FAILED)
    backtest.refresh_from_db()
    curves(folder, "toys__b", "toys__a")  # each gets the other's curves

    assert sessions.go_on(backtest)
    assert play(backtest).state == S.DONE

    assert all(task.curves != before[task.name] for task in BacktestTask.objects.all())
    assert BacktestCell.objects.count() == 12


def test_what_cannot_be_played_fails_with_every_reason(tmp_path: Path, settings: Settings) -> None:
    settings.RECORDED_CURVES = {"toys": curves(tmp_path / "curves")}
    study = a_finished_study([1.0, 1.0, 1.0])
    job = play(asked(an_editor(), studies=[study.pk]))

    assert job.state == S.FAILED
    assert job.message.startswith(
        "There is nothing to play on.\n  skipped a study (lab): all its curves are equally good"
    )


def test_a_study_that_cannot_be_played_is_skipped_by_name(folder: Path) -> None:
    study = a_finished_study([1.0, 1.0, 1.0])
    backtest = a_played(an_editor(), studies=[study.pk], curves={"toys": []})

    assert backtest.job.result is not None
    (skipped,) = backtest.job.result["skipped"]
    assert skipped["study"] == "a study (lab)"
    assert skipped["reason"].startswith("all its curves are equally good")


def test_a_folder_that_is_gone_is_named(folder: Path, settings: Settings) -> None:
    backtest = asked(an_editor(), curves={"toys": []})
    settings.RECORDED_CURVES = {}

    assert "skipped toys: this folder of curves is no longer registered" in play(backtest).message


def test_a_job_whose_backtest_is_gone_ends(folder: Path) -> None:
    backtest = asked(an_editor(), curves={"toys": []})
    job = backtest.job
    backtest.delete()

    assert jobs.run(job.pk, worker=a_worker())
    assert Job.objects.get(pk=job.pk).state == S.DONE


def test_a_deleted_study_takes_its_backtests_with_it(folder: Path) -> None:
    study = a_finished_study()
    backtest = a_played(an_editor(), studies=[study.pk])

    study.delete()

    assert not Backtest.objects.exists()
    assert not Job.objects.filter(pk=backtest.job_id).exists()
