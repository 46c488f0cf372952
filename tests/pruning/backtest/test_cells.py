"""Playing cells, and not playing them twice."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pruning.backtest import NAMED, Cell, Task, WorkFile, play
from pruning.simulate import draw_pool
from tests.pruning.negative_controls import ordered, pool

TASK = Task(family="toys", name="falling", pool=ordered(0, 12))
POLICIES = {name: NAMED[name](TASK.pool) for name in ("full", "asha")}


def cells(work: WorkFile, *, task: Task = TASK, orders: int = 2, workers: int = 2) -> list[Cell]:
    return list(play(task, POLICIES, orders=orders, workers=workers, work=work))


def test_every_policy_plays_every_order() -> None:
    found = cells(WorkFile(None))

    assert [(cell.order, cell.policy) for cell in found] == [(0, "full"), (0, "asha"), (1, "full"), (1, "asha")]
    assert [cell.figures for cell in found if cell.policy == "full"] == [(1.0, 0.0, 0.0, 0.0)] * 2
    assert all(0 < cell.figures[0] < 1 for cell in found if cell.policy == "asha")


def test_a_finished_cell_is_not_played_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "work.jsonl"
    with WorkFile(path) as work:
        first = cells(work)
    monkeypatch.setattr("pruning.backtest.cells.simulate", None)  # playing would fail

    with WorkFile(path) as work:
        assert cells(work) == first
    assert len(path.read_text().splitlines()) == 4


def test_a_line_cut_short_is_played_again_and_stands_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "work.jsonl"
    with WorkFile(path) as work:
        first = cells(work)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-1][:30]]))

    with WorkFile(path) as work:
        again = cells(work)

    assert [cell.figures for cell in again] == [cell.figures for cell in first]
    *kept, cut, anew = path.read_text().splitlines()
    assert (kept, cut) == (lines[:3], lines[-1][:30])
    assert json.loads(anew)["order"] == 1


@pytest.mark.parametrize("line", ["", "[]", "null", "{}", '{"task": 3', '{"compute": "much"}', "\x00\xff"])
def test_a_line_that_is_no_cell_is_left_out(line: str, tmp_path: Path) -> None:
    path = tmp_path / "work.jsonl"
    path.write_text(line + "\n")

    with WorkFile(path) as work:
        assert len(cells(work)) == 4


def test_other_curves_workers_and_policies_are_played_anew(tmp_path: Path) -> None:
    path = tmp_path / "work.jsonl"
    other = replace(TASK, pool=ordered(1, 12))
    with WorkFile(path) as work:
        cells(work)
        cells(work, task=other)
        cells(work, workers=3)
        list(play(TASK, {"asha": NAMED["fast"](TASK.pool)}, orders=2, workers=2, work=work))

    assert len(path.read_text().splitlines()) == 4 + 4 + 4 + 2


def test_a_policy_under_another_name_is_the_same_cell() -> None:
    with WorkFile(None) as work:
        cells(work)
        found = list(play(TASK, {"mine": POLICIES["asha"]}, orders=2, workers=2, work=work))

    assert [cell.policy for cell in found] == ["mine", "mine"]


def test_a_cell_reads_back_as_it_was_written() -> None:
    cell = replace(cells(WorkFile(None))[0], worst=(1.0, 0.5, 1.0, 1.0), gone_on=3)

    assert Cell.from_mapping(json.loads(json.dumps(cell.to_mapping()))) == cell


def test_an_order_with_less_than_two_numbers_to_choose_from_is_left_out() -> None:
    """Of six trials two are numbers at all; an order draws four."""
    values = np.full((6, 4), math.nan)
    values[0], values[1] = [4.0, 3.0, 2.0, 1.0], [5.0, 4.0, 3.0, 2.0]
    task = Task(family="toys", name="nearly all nan", pool=pool(values))
    drawn = [order for order in range(40) if {0, 1} <= {*draw_pool(name=task.name, size=6, order=order)}]

    found = cells(WorkFile(None), task=task, orders=40)

    assert 0 < len(drawn) < 40
    assert [cell.order for cell in found if cell.policy == "full"] == drawn
