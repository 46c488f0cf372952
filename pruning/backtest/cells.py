"""Cells: one policy on one order of one study; what has been played is kept in a file and not played again."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from io import FileIO
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from pruning.backtest.continued import continued
from pruning.backtest.tasks import Task, obstacle
from pruning.backtest.traces import Trace, trace_of
from pruning.policy import Policy
from pruning.simulate import Ended, Outcome, Pool, bounds_of, draw_pool, outcome_of, simulate

FIGURES = ("compute", "regret", "lost", "material")
"""Shares and regret of one run; of several, their means."""
Figures = tuple[float, ...]

Key = tuple[str, int, int, str, str]
"""Task, order, workers, the policy's fingerprint, the curves' digest: whatever was changed is played again."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one policy made of one order of one study."""

    family: str
    task: str
    order: int
    policy: str
    """The name under which it was asked for."""
    workers: int
    fingerprint: str
    """Of the policy."""
    curves: str = ""
    """Digest of the recorded curves; empty where they are known never to change."""
    figures: Figures
    """By `FIGURES`; where recordings break off, in the best case."""
    worst: Figures
    """The same in the worst case; equal where nothing is left open."""
    expected: Figures | None = None
    """Where they are not: as if what breaks off had gone on like those no rule chose; None if nothing tells how."""
    control: int = 0
    """Complete curves of the study that no rule chose, on which `expected` rests."""
    broken_off: int = 0
    """Curves of the study that break off, for which those speak."""
    gone_on: int = 0
    """Trials with which it would have gone on beyond their recordings."""
    cpu_s: float = 0.0
    trace: Trace | None = field(default=None, compare=False)
    """What became of every trial, where somebody asked for it; a work file leaves it out."""

    @property
    def likely(self) -> Figures | None:
        """Return the figures where they are known, else their estimate; None where there is neither."""
        return self.figures if self.worst == self.figures else self.expected

    @property
    def known_share(self) -> float:
        """Return for how much of an order the cell counts where it is estimated: the share of curves that tell how."""
        return self.control / (self.control + self.broken_off) if self.control else 1.0

    @property
    def key(self) -> Key:
        """Return what the cell is known by."""
        return self.task, self.order, self.workers, self.fingerprint, self.curves

    def to_mapping(self) -> dict[str, object]:
        """Return the cell as one line of a work file."""
        line: dict[str, object] = {
            name: getattr(self, name)
            for name in ("family", "task", "order", "policy", "workers", "fingerprint", "curves")
        }
        line |= dict(zip(FIGURES, self.figures, strict=True))
        if self.worst != self.figures:
            line["worst"] = list(self.worst)
        if self.expected is not None:
            line |= {"expected": list(self.expected), "control": self.control, "broken_off": self.broken_off}
        return line | {"gone_on": self.gone_on, "cpu_s": self.cpu_s}

    @classmethod
    def from_mapping(cls, line: Mapping[str, Any]) -> Cell:
        """Read one line of a work file; KeyError, TypeError or ValueError if it is none."""
        figures = tuple(float(line[name]) for name in FIGURES)
        worst = tuple(map(float, line.get("worst", figures)))
        expected = tuple(map(float, line["expected"])) if "expected" in line else None
        if any(len(told) != len(FIGURES) for told in (worst, expected or figures)):
            raise ValueError(f"not {len(FIGURES)} figures a case")
        return cls(
            family=str(line["family"]),
            task=str(line["task"]),
            order=int(line["order"]),
            policy=str(line["policy"]),
            workers=int(line["workers"]),
            fingerprint=str(line["fingerprint"]),
            curves=str(line.get("curves", "")),
            figures=figures,
            worst=worst,
            expected=expected,
            control=int(line.get("control", 0)),
            broken_off=int(line.get("broken_off", 0)),
            gone_on=int(line.get("gone_on", 0)),
            cpu_s=float(line.get("cpu_s", 0.0)),
        )


class Work(Protocol):
    """Where finished cells are kept."""

    def find(self, key: Key) -> Cell | None:
        """Return a finished cell; None if it has to be played."""

    def add(self, cell: Cell) -> None:
        """Keep a cell."""


class WorkFile:
    """Finished cells in a file of JSON lines; written as they come, so that a run may be killed at any time."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, which need not exist; None keeps the cells for this run alone. OSError if it cannot be."""
        self._cells = {cell.key: cell for cell in _read(path)} if path else {}
        self._file = _open(path) if path else None

    def __enter__(self) -> WorkFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def __len__(self) -> int:
        return len(self._cells)

    def find(self, key: Key) -> Cell | None:
        """Return a finished cell; None if it has to be played."""
        return self._cells.get(key)

    def cells(self) -> tuple[Cell, ...]:
        """Return all finished cells, whoever asked for them."""
        return tuple(self._cells.values())

    def add(self, cell: Cell) -> None:
        """Keep a cell."""
        self._cells[cell.key] = cell
        if self._file is not None:
            self._file.write(json.dumps(cell.to_mapping()).encode() + b"\n")


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """One order of one study, with the policies that have to be played on it."""

    family: str
    task: str
    order: int
    workers: int
    curves: str
    pool: Pool
    continued: Pool | None
    """The same trials with what breaks off continued; None where nothing does, or nothing tells how."""
    control: int
    broken_off: int
    policies: Mapping[str, Policy]
    traces: bool

    def play(self) -> Iterator[Cell]:
        for name, policy in self.policies.items():
            yield self._played(name, policy)

    def _played(self, name: str, policy: Policy) -> Cell:
        began = time.process_time()
        run = simulate(self.pool, policy, workers=self.workers, seed=self.order)
        best, worst = bounds_of(self.pool, run)
        expected = self._expected(policy) if self.continued is not None and best != worst else None
        return Cell(
            family=self.family,
            task=self.task,
            order=self.order,
            policy=name,
            workers=self.workers,
            fingerprint=policy.fingerprint,
            curves=self.curves,
            figures=_figures(best),
            worst=_figures(worst),
            expected=expected,
            control=self.control if expected is not None else 0,
            broken_off=self.broken_off if expected is not None else 0,
            gone_on=sum(fate.ended is Ended.CENSORED for fate in run.fates),
            trace=trace_of(self.pool, run) if self.traces else None,
            cpu_s=round(time.process_time() - began, 3),
        )

    def _expected(self, policy: Policy) -> Figures:
        assert self.continued is not None  # noqa: S101 - whoever asks has looked
        run = simulate(self.continued, policy, workers=self.workers, seed=self.order)
        return _figures(outcome_of(self.continued, run))


def play(
    task: Task,
    policies: Mapping[str, Policy],
    *,
    orders: int,
    workers: int,
    work: Work,
    curves: str | None = None,
    traces: bool = False,
    processes: Executor | None = None,
    ahead: int = 8,
) -> Iterator[Cell]:
    """Yield the cells of one study, order by order; those that the work file holds are not played again.

    Every policy meets the same trials in the same order, with the same draw of the control arm. An order whose trials
    alone could not be played (all not numbers, too few complete) is left out for all policies. curves: stands for the
    digest of the curves, where those never change. traces: keep what became of every trial. processes: play several
    orders at a time there, `ahead` of them handed out; what comes out, and its order, is the same.
    """
    digest = task.digest if curves is None else curves
    units = _units(task, policies, orders=orders, workers=workers, work=work, digest=digest, traces=traces)
    for unit, fresh in _begun(units, processes, ahead):
        for name, policy in policies.items():
            cell = work.find((task.name, unit.order, workers, policy.fingerprint, digest))
            if cell is None:
                cell = next(fresh)
                work.add(cell)
            yield replace(cell, family=task.family, policy=name)


def _units(
    task: Task, policies: Mapping[str, Policy], *, orders: int, workers: int, work: Work, digest: str, traces: bool
) -> Iterator[_Unit]:
    """Yield the orders that can be played; of policies that judge alike one is played."""
    size = len(task.pool.recordings)
    for order in range(orders):
        places = draw_pool(name=task.name, size=size, order=order)
        drawn = task.pool.subset(places)
        if obstacle(drawn):
            continue
        alike: dict[str, str] = {}
        for name, policy in policies.items():
            if work.find((task.name, order, workers, policy.fingerprint, digest)) is None:
                alike.setdefault(policy.fingerprint, name)
        whole = continued(task.pool, order=order) if alike and task.censored else None
        yield _Unit(
            family=task.family,
            task=task.name,
            order=order,
            workers=workers,
            curves=digest,
            pool=drawn,
            continued=whole.subset(places) if whole is not None else None,
            control=task.control,
            broken_off=task.censored,
            policies={name: policies[name] for name in alike.values()},
            traces=traces,
        )


def _begun(units: Iterator[_Unit], processes: Executor | None, ahead: int) -> Iterator[tuple[_Unit, Iterator[Cell]]]:
    """Yield the units with their new cells: played here one by one as they are asked for, or in other processes."""
    if processes is None:
        for unit in units:
            yield unit, unit.play()
        return
    under_way = deque((unit, processes.submit(_whole, unit)) for unit in islice(units, ahead))
    while under_way:
        unit, future = under_way.popleft()
        cells = iter(future.result())
        under_way.extend((other, processes.submit(_whole, other)) for other in islice(units, 1))
        yield unit, cells


def _whole(unit: _Unit) -> list[Cell]:
    return list(unit.play())


def _figures(outcome: Outcome) -> Figures:
    return (outcome.compute, outcome.regret, float(outcome.lost), float(outcome.is_material))


def _read(path: Path) -> Iterator[Cell]:
    """Yield the finished cells; a line that was cut off, or is no cell, is left out."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                cell = Cell.from_mapping(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
            yield cell


def _open(path: Path) -> FileIO:
    """Open for appending, and close a line that was cut off, so that what follows stands on its own."""
    file = FileIO(path, "a+")
    if file.seek(0, 2) and (file.seek(-1, 2), file.read(1))[1] != b"\n":
        file.write(b"\n")
    return file
