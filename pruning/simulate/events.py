"""The event loop of a simulated study: W asynchronous workers train recorded trials, a decider says who goes on.

Whoever decides - a policy of ours, or another library - meets the same workers, the same costs and the same reports,
one at a time and no sooner than they fall due.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np

from pruning.rules.base import WORST, Verdict
from pruning.simulate.recordings import Pool


class Ended(StrEnum):
    """How a simulated trial ended, in the words of a study's states."""

    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    PAUSED = "PAUSED"
    WAITING = "WAITING"
    CENSORED = "CENSORED"
    """It would have gone on, but its recording breaks off."""


class Action(StrEnum):
    """What becomes of a trial after a report."""

    KEEP = "KEEP"
    STOP = "STOP"
    PAUSE = "PAUSE"
    FINISH = "FINISH"
    """It ends here COMPLETE: its best checkpoint counts."""


HALTED = {Action.STOP: Ended.PRUNED, Action.PAUSE: Ended.PAUSED, Action.FINISH: Ended.COMPLETE}


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What workers pay beside the training, in the unit of the recordings' costs."""

    start: float = 0.0
    """To start a trial."""
    restore: float = 0.0
    """To take up a paused one from its checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Fate:
    """How one trial fared."""

    ended: Ended
    reports: int
    """Reports it had made when it ended."""
    best: float
    """Best key up to there; infinite if it never had a finite value."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One verdict, in the order in which they fell."""

    trial: int
    at: float
    """Simulated time."""
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Run:
    """A simulated study from first to last."""

    fates: tuple[Fate, ...]
    verdicts: tuple[Judged, ...] = ()
    """Every verdict but the KEEPs between decision points; none of a decider that gives no verdicts."""
    spent: float
    """Compute of all workers together."""
    lasted: float
    """Simulated time from the first start to the last report."""


class Decider(Protocol):
    """Who goes on in a simulated study. It may read of a trial's recording only what the trial has reported by then."""

    def next_to_train(self, *, at: float, under_way: Set[int]) -> int | None:
        """Return the trial that a free worker takes: one that has not begun, or a paused one; None for none now."""
        ...

    def report(self, trial: int, index: int, *, at: float) -> Action:
        """Hear a trial's report, counted from 0, and say what becomes of it."""
        ...

    def end(self, trial: int) -> None:
        """Hear that a trial has told all that was recorded of it; it is not asked about again."""
        ...


def train(pool: Pool, decider: Decider, *, workers: int = 4, costs: Costs | None = None) -> Run:
    """Return how a study of this pool went under the decider.

    Of reports due at the same moment the one scheduled first is heard first, so a run is a function of its arguments
    wherever the decider is. ValueError if the decider names a trial that cannot be trained.
    """
    if workers < 1:
        raise ValueError(f"workers: {workers} is below 1; one worker is the least")
    return _Events(pool, decider, costs or Costs()).run(workers)


@dataclass
class _Events:
    pool: Pool
    decider: Decider
    costs: Costs
    now: float = 0.0
    spent: float = 0.0
    under_way: set[int] = field(default_factory=set)
    queue: list[tuple[float, int, int]] = field(default_factory=list)  # time, serial, trial

    def __post_init__(self) -> None:
        self.reports = [0] * len(self.pool.recordings)
        self.ended = [Ended.WAITING] * len(self.pool.recordings)
        self.serial = itertools.count()

    def run(self, workers: int) -> Run:
        """Play all events."""
        idle = self._employ(workers)
        while self.queue:
            self.now, _, trial = heapq.heappop(self.queue)
            if self._report(trial):
                self._schedule(trial)
            else:
                self.under_way.discard(trial)
                idle += 1
            idle = self._employ(idle)
        return Run(fates=tuple(map(self._fate, range(len(self.ended)))), spent=self.spent, lasted=self.now)

    def _employ(self, idle: int) -> int:
        """Give free workers something to train; return how many stay idle."""
        while idle:
            trial = self.decider.next_to_train(at=self.now, under_way=self.under_way)
            if trial is None:
                return idle
            if trial in self.under_way or self.ended[trial] not in {Ended.WAITING, Ended.PAUSED}:
                raise ValueError(f"trial {trial} cannot be trained: it is under way or has ended")
            if self._is_spent(trial):
                self._end(trial)  # it was paused at its last report: nothing is left to train
                continue
            self.under_way.add(trial)
            self._schedule(trial, extra=self.costs.restore if self.reports[trial] else self.costs.start)
            idle -= 1
        return 0

    def _schedule(self, trial: int, *, extra: float = 0.0) -> None:
        """Set a trial training towards its next report."""
        spent, done = self.pool.recordings[trial].spent, self.reports[trial]
        cost = extra + float(spent[done]) - (float(spent[done - 1]) if done else 0.0)
        self.spent += cost
        heapq.heappush(self.queue, (self.now + cost, next(self.serial), trial))

    def _report(self, trial: int) -> bool:
        """Hear a trial's next report; return whether it trains on."""
        index = self.reports[trial]
        self.reports[trial] += 1
        action = self.decider.report(trial, index, at=self.now)
        if action is not Action.KEEP:
            self.ended[trial] = HALTED[action]
            return False
        if self._is_spent(trial):
            self._end(trial)
            return False
        return True

    def _end(self, trial: int) -> None:
        self.ended[trial] = Ended.CENSORED if self.pool.recordings[trial].is_censored else Ended.COMPLETE
        self.decider.end(trial)

    def _is_spent(self, trial: int) -> bool:
        """Say whether it has told all that was recorded of it."""
        return self.reports[trial] == len(self.pool.recordings[trial].curve)

    def _fate(self, trial: int) -> Fate:
        reports = self.reports[trial]
        best = float(np.min(self.pool.keys(trial)[:reports])) if reports else WORST
        return Fate(ended=self.ended[trial], reports=reports, best=best)
