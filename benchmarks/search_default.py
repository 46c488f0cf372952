"""The search for a better default: what was tried on recorded sweeps, and what leaving a family out says of it.

    nice -n 19 python benchmarks/search_default.py --curves DIR --work search.jsonl --orders 10 --groups ahead tail
    nice -n 19 python benchmarks/search_default.py --curves DIR --work search.jsonl --orders 10 --leave-one-out
    nice -n 19 python benchmarks/search_default.py --curves DIR --check

Every variant meets the same trials in the same orders (those of `replay.py`). A cell (variant, task, order) that the
work file holds is not played again. Curves compared by seconds are never read here: they are kept for validation.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import recorded  # noqa: E402  # the repository is not installed
from replay import calibrated  # noqa: E402

from benchmarks.searching.past import Finished, Past, finished_without  # noqa: E402
from benchmarks.searching.rules import Halving  # noqa: E402
from benchmarks.searching.scores import Floats  # noqa: E402
from benchmarks.searching.study import Result, Study  # noqa: E402
from benchmarks.searching.tables import ByFamily, left_out, table  # noqa: E402
from benchmarks.searching.variants import BEFORE, FRONTIERS, GROUPS, LEFT_OUT, Maker  # noqa: E402
from pruning.backtest import Task  # noqa: E402
from pruning.simulate import draw_pool, outcome_of, simulate  # noqa: E402

POOLS = 6
"""A finished study is met as so many draws of its trials."""


def key_of(rule: Halving) -> str:
    """Return what a variant's cells are known by: its class, and its settings where they are not the default."""
    chosen = {one.name: (getattr(rule, one.name), one.default) for one in fields(rule) if one.init}
    settings = {name: value for name, (value, default) in chosen.items() if value != default}
    return f"{type(rule).__name__} {json.dumps(settings, sort_keys=True)}"


class Cells:
    """Finished cells, in a file of JSON lines."""

    def __init__(self, path: Path, tasks: Sequence[Task] = (), *, trials: int | None = None) -> None:
        """Read what is finished.

        tasks: what a rule may know of, without its own family. trials: so many of an order are played, the first.
        """
        self._path = path
        self._tasks = tasks
        self._trials = trials
        self._pasts: dict[str, Past] = {}
        self._known: dict[tuple[str, str, int], Result] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                cell = json.loads(line)
                self._known[cell["variant"], cell["task"], cell["order"]] = tuple(cell["result"])

    def result(self, make: Maker, task: Task, order: int) -> Result:
        """Return a cell, played if it has to be."""
        key = key_of(make()), task.name, order
        if key not in self._known:
            values = values_of(task, order)[: self._trials]
            self._known[key] = Study(values, make(), past=self._past(task.family)).play()
            cell = {"variant": key[0], "task": key[1], "order": order, "result": list(self._known[key])}
            with self._path.open("a") as file:
                file.write(json.dumps(cell) + "\n")
        return self._known[key]

    def _past(self, family: str) -> Past:
        """Return what the other families' studies say, as their orders are drawn here; nothing without any tasks."""
        if not self._pasts and self._tasks:
            told: dict[str, list[Finished]] = {}
            for task in self._tasks:
                pools = [Finished(task.family, values_of(task, order)) for order in range(POOLS)]
                told.setdefault(task.family, []).extend(pools)
            self._pasts = {one: finished_without(told, one) for one in told}
        return self._pasts.get(family, Past())


def _places(task: Task, order: int) -> tuple[int, ...]:
    return draw_pool(name=task.name, size=len(task.pool.recordings), order=order)


def values_of(task: Task, order: int) -> Floats:
    """Return the keys of one order's trials, trials × reports."""
    return np.stack([task.pool.keys(place) for place in _places(task, order)])


def by_family(make: Maker, tasks: list[Task], cells: Cells, orders: int) -> ByFamily:
    """Return a variant's figures, per study, by family."""
    found: dict[str, list[Floats]] = {}
    for task in tasks:
        results = [cells.result(make, task, order) for order in range(orders)]
        found.setdefault(task.family, []).append(np.mean(results, axis=0))
    return {family: np.array(studies) for family, studies in sorted(found.items())}


def check(tasks: list[Task]) -> Iterator[str]:
    """Yield how far the screening simulation is from the product's, two orders of every task."""
    pairs = (({"risk": 0.2}, "best"), ({"risk": 0.35, "by": "ahead"}, "ahead 0.75"))
    for settings, score in pairs:
        apart = []
        for task in tasks:
            for order in range(2):
                pool = task.pool.subset(_places(task, order))
                product = outcome_of(pool, simulate(pool, calibrated(action="pause", **settings)(pool)))
                quick = Study(values_of(task, order), Halving(score=score, risk=float(str(settings["risk"])))).play()
                apart.append([abs(quick[0] - product.compute), abs(quick[1] - product.regret)])
        compute, regret = np.mean(apart, axis=0)
        yield f"{score}: {len(apart)} runs, compute {100 * compute:.2f} points apart on average, regret {regret:.4f}"


def main() -> None:
    """Read the arguments, play what is missing, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, required=True, help="folder with index.json and one Parquet file a task")
    parser.add_argument("--work", type=Path, default=Path("search.jsonl"), help="finished cells; continued if there")
    parser.add_argument("--orders", type=int, default=10)
    parser.add_argument("--groups", nargs="*", choices=list(GROUPS), default=(), help="what to show")
    parser.add_argument("--leave-one-out", action="store_true", help="choose a setting for every family by the others")
    parser.add_argument("--check", action="store_true", help="hold the screening simulation against the product's")
    options = parser.parse_args()
    tasks = list(recorded.tasks(options.curves))
    cells = Cells(options.work, tasks)
    frontiers = {
        name: [by_family(make, tasks, cells, options.orders) for make in FRONTIERS[name].values()]
        for name in FRONTIERS
        if options.groups
    }
    for group in options.groups:
        variants = GROUPS[group]
        figures = {name: by_family(make, tasks, cells, options.orders) for name, make in variants.items()}
        print(
            "\n".join(
                ["", f"**{group}**, {options.orders} orders", "", *table(figures, next(iter(variants)), frontiers)]
            )
        )
    if options.leave_one_out:
        figures = {name: by_family(make, tasks, cells, options.orders) for name, make in LEFT_OUT.items()}
        for budget in (BEFORE, "best 35 %", "best payoff"):
            print("\n".join(["", f"Left out, at the compute of {budget}:", "", *left_out(figures, budget)]))
    if options.check:
        print("\n".join(check(tasks)))


if __name__ == "__main__":
    main()
