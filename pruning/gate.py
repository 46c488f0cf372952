"""The safety gate on this server's studies: replays a plan's policy on the most similar ones, within bounded time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from pruning.backtest import Cell, Task, WorkFile, fitting, play
from pruning.backtest.named import as_given
from pruning.cards import Kept
from pruning.curves.studies import task_of
from pruning.library.carrying import carried
from pruning.library.gate import Past, of_library, replayed
from pruning.library.neighbours import Neighbour
from pruning.library.winners import Winner, winner_of
from pruning.policy import Policy
from pruning.rules.settings import PolicyError
from trials.models import Study
from trials.plan import Plan

SECONDS = 5.0
"""CPU time that one forecast may take; what is under way then is finished, and nothing new is begun."""
MOST_STUDIES = 5
MOST_CURVES = 150
"""Of a larger study a sample is replayed: every order draws at most a hundred."""
ORDERS, WORKERS = 10, 4
MOST_CELLS = 500
"""Remembered from one forecast to the next in this process, with what became of every trial, for who asks again."""


@dataclass
class Replay:
    """What was replayed and what was not, while it goes on."""

    plan: Plan
    policy: Policy
    began: float = field(default_factory=lambda: time.thread_time())
    left_out: set[str] = field(default_factory=set)
    skipped: list[str] = field(default_factory=list)
    n_wanted: int = 0
    n_played: int = 0

    @property
    def is_over(self) -> bool:
        """Say whether the time is spent."""
        return time.thread_time() - self.began > SECONDS

    def past(self, near: Sequence[tuple[Neighbour, Kept]]) -> list[Past]:
        """Return what the nearest studies say: by their curves where they are kept here, else by their cards."""
        chosen = near[:MOST_STUDIES]
        cells = self._cells([kept.study for _, kept in chosen if kept.study is not None])
        found = []
        for neighbour, kept in chosen:
            played = cells.get(kept.study.pk) if kept.study is not None else None
            if played:
                winner = self._winner(kept.study, played)
                found.append(
                    replayed(played, name=neighbour.card.name, distance=neighbour.distance, url=kept.url, winner=winner)
                )
            elif (known := neighbour.card.of(self.policy.fingerprint)) is not None:
                found.append(of_library(known, name=neighbour.card.name, distance=neighbour.distance, url=kept.url))
        return found

    def doubts(self) -> list[str]:
        """Return what a reader should know about how it was played, in sentences."""
        told = []
        if self.left_out:
            told.append(f"Left out, as recorded curves do not tell them: {', '.join(sorted(self.left_out))}.")
        if self.n_played < self.n_wanted:
            said = f"{self.n_played} of {self.n_wanted} replays were played"
            told.append(f"The replay was capped at {SECONDS:g} s of computing: {said}.")
        return [*told, *self.skipped[:3]]

    def _winner(self, study: Study | None, cells: Sequence[Cell]) -> Winner | None:
        task = _task(study.pk, study.version) if study is not None else None
        return winner_of(task, cells) if task is not None else None

    def _cells(self, studies: Sequence[Study]) -> dict[int, list[Cell]]:
        """Return the played orders by study; every study gets its first before any gets its second."""
        turns: dict[int, Iterator[Cell]] = {}
        for study in studies:
            self.n_wanted += ORDERS
            if not self.is_over and (orders := self._orders(study)) is not None:
                turns[study.pk] = orders
        cells: dict[int, list[Cell]] = {study_id: [] for study_id in turns}
        while turns:
            for study_id in list(turns):
                if self.is_over:
                    return cells
                cell = next(turns[study_id], None)
                if cell is None:
                    del turns[study_id]
                else:
                    cells[study_id].append(cell)
                    self.n_played += 1
        self.n_wanted = self.n_played  # whoever had fewer orders could not be drawn more
        return cells

    def _orders(self, study: Study) -> Iterator[Cell] | None:
        """Return the orders of one study, to be played as they are asked for; None if the policy does not fit it."""
        task = _task(study.pk, study.version)
        if task is None:
            return None
        found = carried(self.policy, metric=self.plan.objective.metric, horizon=self.plan.horizon, pool=task.pool)
        try:
            policy = fitting(as_given(found.policy), task.pool)
        except PolicyError as error:
            self.skipped.append(f"Not replayed on {task.name}: {error.problems[0]}.")
            return None
        self.left_out.update(found.left_out)
        return play(task, {"plan": policy}, orders=ORDERS, workers=WORKERS, work=_work(), traces=True)


@lru_cache(maxsize=16)
def _task(study_id: int, version: int) -> Task | None:
    """Return an ended study's curves; None if they cannot be played (its card says why)."""
    task = task_of(Study.objects.select_related("project").get(pk=study_id), most=MOST_CURVES)
    return task if isinstance(task, Task) else None


_kept: list[WorkFile] = []


def _work() -> WorkFile:
    """Return where this process remembers what it has played."""
    if not _kept or len(_kept[0]) > MOST_CELLS:
        _kept[:] = [WorkFile(None)]
    return _kept[0]
