"""Folders of recorded curves: what is read, and what is said of one that cannot be."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from pruning.backtest import Skipped, Task
from pruning.curves.folder import NotInLayout, index, read, tasks
from tests.pruning.curves.folders import a_folder, an_entry, falling, write_task

NAN = float("nan")


def one(folder: Path) -> Task | Skipped:
    (found,) = tasks(folder)
    return found


def reason(folder: Path) -> str:
    found = one(folder)
    assert isinstance(found, Skipped)
    return str(found)


def test_reports_are_counted_and_the_one_before_training_is_dropped(tmp_path: Path) -> None:
    task = one(a_folder(tmp_path, {"toys__a": [[3.0, 1.0], [4.0, NAN], [2.0, 2.5]]}))

    assert isinstance(task, Task)
    assert (task.family, task.name, task.pool.horizon, task.pool.maximize) == ("toys", "toys__a", 2, False)
    assert [recording.curve.steps.tolist() for recording in task.pool.recordings] == [[1, 2]] * 3
    assert np.isnan(task.pool.recordings[1].curve.values).tolist() == [False, True]


def test_runs_that_broke_off_are_left_out_and_counted(tmp_path: Path) -> None:
    task = one(a_folder(tmp_path, {"toys__a": [*falling(4), [1.0, 2.0]]}))

    assert isinstance(task, Task)
    assert (task.complete, task.warnings[0]) == (4, "1 of 5 runs broke off early and are left out.")


def test_rows_may_stand_in_any_order_of_runs(tmp_path: Path) -> None:
    table = {"config_id": [7, 3, 7, 3], "step": [1, 1, 2, 2], "val_loss": [0.7, 0.3, 0.6, 0.2]}
    parquet.write_table(pa.table(table), tmp_path / "toys__a.parquet")

    pool = read(tmp_path, an_entry("toys__a"), by_step=True)

    assert [(one.name, one.curve.values.tolist()) for one in pool.recordings] == [("3", [0.3, 0.2]), ("7", [0.7, 0.6])]


def test_runs_spaced_by_the_clock_are_compared_at_equal_seconds(tmp_path: Path) -> None:
    seconds = [0.0, 10.0, 40.0, 0.0, 20.0, 80.0]
    write_task(tmp_path, "algoperf__a", [[3.0, 1.0], [4.0, 2.0]], elapsed_s=seconds)

    pool = read(tmp_path, an_entry("algoperf__a", benchmark="algoperf"))

    slow, times = pool.recordings[1].curve, np.arange(1, 41) * 44.0 / 40  # a tenth of the runs ended by 44 s
    assert pool.horizon == 40
    assert slow.steps.tolist() == [place + 1 for place, time in enumerate(times) if time >= 20]
    assert set(slow.values.tolist()) == {4.0}


def test_only_tasks_that_were_asked_for_are_read(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, {"toys__a": falling(4), "other__b": falling(4)})

    assert [found.name for found in tasks(folder, wanted=["other"]) if isinstance(found, Task)] == ["other__b"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "index.json cannot be read"),
        ("{", "index.json cannot be read"),
        ("{}", "is no list of tasks"),
        ("[]", "is no list of tasks"),
        ("[3]", "entry 0 is no mapping"),
        ('[{"name": "a"}]', "entry 0 has no benchmark, role, objective, mode"),
        (json.dumps([an_entry("a", mode="lowest")]), "mode 'lowest': write min or max"),
        (json.dumps([an_entry("../a")]), "no file's name"),
        (json.dumps([an_entry("a"), an_entry("a")]), "entry 1 has the name of an earlier one"),
    ],
)
def test_a_folder_not_in_the_layout_is_refused(text: str | None, told: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "index.json").write_text(text)

    with pytest.raises(NotInLayout, match=told):
        index(tmp_path)


@pytest.mark.parametrize(
    ("curves", "told"),
    [
        ([[3.0, 1.0]], "skipped toys__a: it has one complete curve"),
        ([[3.0], [2.0], [1.0]], "skipped toys__a: its curves have one point each"),
        ([[NAN, NAN]] * 4, "skipped toys__a: none of its values of val_loss is a number"),
        ([[2.0, 1.0]] * 4, "skipped toys__a: all its curves are equally good"),
        ([[2.0, 1.0], *[[NAN, NAN]] * 3], "skipped toys__a: only one of its runs told a number for val_loss"),
        ([[], []], "skipped toys__a: it holds no report after any training"),
    ],
)
def test_a_task_that_teaches_nothing_is_skipped(curves: list[list[float]], told: str, tmp_path: Path) -> None:
    assert reason(a_folder(tmp_path, {"toys__a": curves})).startswith(told)


def test_an_index_nested_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("[" * 100_000)

    with pytest.raises(NotInLayout, match="cannot be read"):
        index(tmp_path)


def test_names_that_no_task_begins_with_are_refused_with_those_there_are(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, {"toys__a": falling(4), "toys__b": falling(4)})

    with pytest.raises(NotInLayout, match="no task whose name begins with zoo; it has toys__a, toys__b"):
        list(tasks(folder, wanted=["zoo"]))


def test_replicates_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text(json.dumps([an_entry("toys__a", role="replicates")]))

    assert "replicates of one configuration" in reason(tmp_path)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"config_id": [1], "step": [1]}, "no column 'val_loss'; it has config_id, step"),
        ({"config_id": [1], "val_loss": [1.0]}, "no column 'step'"),
        ({"config_id": [1], "step": [1], "val_loss": ["low"]}, "'val_loss' does not hold numbers"),
        ({"config_id": [1, None], "step": [1, 2], "val_loss": [1.0, 2.0]}, "must be whole numbers in every row"),
    ],
)
def test_a_file_without_what_is_needed_is_skipped(columns: dict[str, list[object]], told: str, tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text(json.dumps([an_entry("toys__a")]))
    parquet.write_table(pa.table(columns), tmp_path / "toys__a.parquet")

    assert told in reason(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"not parquet at all"])
def test_a_file_that_is_missing_or_broken_is_skipped(content: bytes | None, tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text(json.dumps([an_entry("toys__a")]))
    if content is not None:
        (tmp_path / "toys__a.parquet").write_bytes(content)

    assert "toys__a.parquet cannot be read" in reason(tmp_path)


def test_seconds_that_are_missing_are_named(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, {"algoperf__a": falling(4)})
    (folder / "index.json").write_text(json.dumps([an_entry("algoperf__a", benchmark="algoperf")]))

    assert "elapsed_s is missing" in reason(folder)


def test_without_the_library_that_reads_parquet_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = a_folder(tmp_path, {"toys__a": falling(4)})
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    assert "read by pyarrow, which is not installed: pip install pyarrow" in reason(folder)
