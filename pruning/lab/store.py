"""Finished cells in the database: kept as they come, and not played again by whoever goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping

from pruning.backtest import Cell
from pruning.backtest.cells import Key
from pruning.models import BacktestCell, BacktestTask

FLUSH_SECONDS = 1.0


class CellStore:
    """The cells of one backtest's tasks; those that other backtests played on the same curves are taken over."""

    def __init__(self, tasks: Mapping[str, BacktestTask], *, orders: int, workers: int) -> None:
        self._tasks = tasks
        self._cells: dict[Key, Cell] = {}
        self._new: list[BacktestCell] = []
        self._flush_at = time.monotonic() + FLUSH_SECONDS
        for row in BacktestCell.objects.filter(task__in=tasks.values()).only("line"):
            self._remember(row.to_cell())
        for task in tasks.values():
            self._take_over(task, orders, workers)

    def find(self, key: Key) -> Cell | None:
        """Return a finished cell; None if it has to be played."""
        return self._cells.get(key)

    def add(self, cell: Cell) -> None:
        """Keep a cell; it is in the database within a second of playing."""
        self._remember(cell)
        self._new.append(
            BacktestCell(
                task=self._tasks[cell.task],
                order=cell.order,
                fingerprint=cell.fingerprint,
                curves=cell.curves,
                line=cell.to_mapping(),
                trace=cell.trace.to_mapping() if cell.trace else {},
            )
        )
        if time.monotonic() >= self._flush_at:
            self.flush()

    def flush(self) -> None:
        """Write what is not in the database yet; another process may have been faster with the same cell."""
        if self._new:
            BacktestCell.objects.bulk_create(self._new, ignore_conflicts=True)
        self._new = []
        self._flush_at = time.monotonic() + FLUSH_SECONDS

    def _remember(self, cell: Cell) -> None:
        self._cells[cell.key] = cell

    def _take_over(self, task: BacktestTask, orders: int, workers: int) -> None:
        """Copy the cells of the same policies on the same curves, by whomever they were played."""
        same = BacktestCell.objects.filter(
            curves=task.curves, fingerprint__in=set(task.policies.values()), order__lt=orders, task__name=task.name
        )
        copies: dict[Key, BacktestCell] = {}
        for row in same.exclude(task=task).order_by("pk"):
            cell = row.to_cell()
            if cell.workers == workers and cell.key not in self._cells:
                self._remember(cell)
                row.pk, row.task = None, task
                copies[cell.key] = row
        BacktestCell.objects.bulk_create(copies.values(), ignore_conflicts=True)
