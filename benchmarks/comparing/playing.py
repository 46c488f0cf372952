"""The run: cells (task, order, contestant) played by several processes, kept in a file, and never played twice."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from benchmarks import recorded
from benchmarks.comparing.contestants import CONTESTANTS, Contestant
from pruning.backtest import Cell, Task, WorkFile, obstacle
from pruning.backtest.cells import Figures
from pruning.simulate import Ended, Outcome, Pool, Run, draw_pool, outcome_of

PUBLISHED = ""
"""Stands for the digest of curves that never change."""
SEEN = "best seen | "
"""Begins the fingerprint of a second cell, in which the best value that any trial ever reported counts as in hand."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """The cells of one set of tasks."""

    tasks: tuple[Task, ...]
    names: tuple[str, ...]
    """Contestants that have a cell for every task and order."""
    complete: tuple[Cell, ...]
    """In hand is the best checkpoint of the trials that ended COMPLETE."""
    seen: tuple[Cell, ...]
    """In hand is the best value that any trial reported, stopped ones too."""
    absent: tuple[str, ...]
    """Contestants whose library is not installed and whose cells are not in the work file."""


def play(
    folder: Path,
    names: Sequence[str],
    *,
    wanted: Sequence[str],
    orders: int,
    workers: int,
    processes: int,
    work: WorkFile,
) -> Played:
    """Play what the work file does not hold, and return everything.

    wanted: beginnings of task names; empty for all sweeps. Who cannot be played here is taken from the work file.
    processes: 0 plays nothing.
    """
    tasks = tuple(recorded.tasks(folder, wanted=wanted))
    jobs = [
        (str(folder), task.name, order, missing, workers)
        for order in range(orders)  # first, so that a run that is broken off has all tasks
        for task in tasks
        if processes and (missing := _missing(task, order, names, workers, work))
    ]
    for count, found in enumerate(_results(jobs, processes), start=1):
        for cell in found:
            work.add(cell)
        print(f"{count} of {len(jobs)} orders played", file=sys.stderr, flush=True)
    by_print: dict[str, list[Cell]] = {}
    for cell in work.cells():
        by_print.setdefault(cell.fingerprint.removeprefix(SEEN), []).append(cell)
    gathered = {name: _gather(CONTESTANTS[name], tasks, orders, workers, by_print) for name in names}
    there = tuple(name for name in names if len(gathered[name][0]) == len(tasks) * orders)
    return Played(
        tasks=tasks,
        names=there,
        complete=tuple(cell for name in there for cell in gathered[name][0]),
        seen=tuple(cell for name in there for cell in gathered[name][1]),
        absent=tuple(name for name in names if name not in there),
    )


def _missing(task: Task, order: int, names: Sequence[str], workers: int, work: WorkFile) -> list[str]:
    """Return whom to play: both cells are written together, so the second stands for both."""
    playable = [CONTESTANTS[name] for name in names if CONTESTANTS[name].is_playable]
    return [
        one.name
        for one in playable
        if work.find((task.name, order, workers, SEEN + one.fingerprint(task.pool), PUBLISHED)) is None
    ]


Job = tuple[str, str, int, list[str], int]


def _results(jobs: Sequence[Job], processes: int) -> Iterator[list[Cell]]:
    if processes <= 1:
        yield from map(_play_order, jobs)
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_play_order, job) for job in jobs]):
            yield done.result()


def _play_order(job: Job) -> list[Cell]:
    """Play some contestants on one order: the same trials in the same order for each."""
    folder, name, order, names, workers = job
    task = _task(Path(folder), name)
    pool = pool_of(task, order)
    if reason := obstacle(pool):
        raise ValueError(f"{name}, order {order}: {reason}")
    return [cell for one in names for cell in _cells(task, pool, CONTESTANTS[one], order, workers)]


def pool_of(task: Task, order: int) -> Pool:
    """Return the trials of one order, in the order in which everyone meets them."""
    return task.pool.subset(draw_pool(name=task.name, size=len(task.pool.recordings), order=order))


def _cells(task: Task, pool: Pool, contestant: Contestant, order: int, workers: int) -> list[Cell]:
    began = time.process_time()
    run = contestant.run(pool, order, workers)
    spent = time.process_time() - began
    cell = Cell(
        family=task.family,
        task=task.name,
        order=order,
        policy=contestant.name,
        workers=workers,
        fingerprint=contestant.fingerprint(task.pool),
        curves=PUBLISHED,
        figures=(figures := _figures(outcome_of(pool, run))),
        worst=figures,
        cpu_s=round(spent, 3),
    )
    seen = _figures(outcome_of(pool, _all_counted(run)))
    return [cell, replace(cell, fingerprint=SEEN + cell.fingerprint, figures=seen, worst=seen, cpu_s=0.0)]


def _all_counted(run: Run) -> Run:
    return replace(run, fates=tuple(replace(fate, ended=Ended.COMPLETE) for fate in run.fates))


def _figures(outcome: Outcome) -> Figures:
    return (outcome.compute, outcome.regret, float(outcome.lost), float(outcome.is_material))


def _gather(
    contestant: Contestant, tasks: Sequence[Task], orders: int, workers: int, by_print: Mapping[str, Sequence[Cell]]
) -> tuple[list[Cell], list[Cell]]:
    """Return a contestant's cells of these tasks and orders, both kinds; of any version if it cannot be played here."""
    shown = [print_ for print_ in by_print if contestant.is_shown_by(print_)]
    found: dict[tuple[str, int, bool], Cell] = {}
    for task in tasks:
        prints = [contestant.fingerprint(task.pool)] if contestant.is_playable else shown
        for cell in (cell for print_ in prints for cell in by_print.get(print_, ())):
            if cell.task == task.name and cell.order < orders and cell.workers == workers:
                key = (cell.task, cell.order, cell.fingerprint.startswith(SEEN))
                found[key] = replace(cell, policy=contestant.name)
    return ([cell for key, cell in found.items() if not key[2]], [cell for key, cell in found.items() if key[2]])


@cache
def _task(folder: Path, name: str) -> Task:
    with contextlib.redirect_stdout(None):  # what is skipped was said once
        return next(task for task in recorded.tasks(folder, wanted=[name]) if task.name == name)
