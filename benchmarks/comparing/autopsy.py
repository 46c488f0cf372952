"""Why a task is lost: where the winner was left, and how it stood there against all the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from benchmarks.comparing.contestants import CONTESTANTS
from benchmarks.comparing.playing import pool_of
from pruning.backtest import Task
from pruning.simulate import Ended, Pool


@dataclass(frozen=True, kw_only=True)
class Autopsy:
    """What became of a task's winners under one policy."""

    lost: int
    """Orders whose winner did not come to its end."""
    orders: int
    left_at: float
    """Share of its training after which the winner was left; the median of those orders, as the next."""
    rank: float
    """The winner's place there among all trials of the pool, whoever had come so far."""
    size: int
    regret: float
    """Mean of those orders: near-ties lose the best and next to nothing."""

    @property
    def sentence(self) -> str:
        """Say it."""
        if not self.lost:
            return "the winner was never left"
        place = f"where it ranked {self.rank:.0f} of {self.size}"
        return (
            f"left in {self.lost} of {self.orders} orders, at {100 * self.left_at:.0f} % of its training, "
            f"{place}; regret there {self.regret:.3f}"
        )


def autopsy(task: Task, policy: str, *, orders: Sequence[int], workers: int) -> Autopsy:
    """Play a policy again on a task and return what became of the winners."""
    lefts: list[tuple[float, int, float]] = []
    size = 0
    for order in orders:
        pool = pool_of(task, order)
        size = len(pool.recordings)
        run = CONTESTANTS[policy].run(pool, order, workers)
        winner = pool.outcomes.index(min(pool.outcomes))
        fate = run.fates[winner]
        if fate.ended is not Ended.COMPLETE:
            in_hand = min((one.best for one in run.fates if one.ended is Ended.COMPLETE), default=np.inf)
            lefts.append((fate.reports / pool.horizon, _rank(pool, winner, fate.reports), _regret(pool, in_hand)))
    return Autopsy(
        lost=len(lefts),
        orders=len(orders),
        left_at=median(left for left, _, _ in lefts) if lefts else 1.0,
        rank=median(rank for _, rank, _ in lefts) if lefts else 1.0,
        size=size,
        regret=float(np.mean([regret for _, _, regret in lefts])) if lefts else 0.0,
    )


def _rank(pool: Pool, trial: int, reports: int) -> int:
    """Return a trial's place by the best value up to a report, among all of the pool."""
    best = [float(pool.keys(one)[: max(reports, 1)].min()) for one in range(len(pool.recordings))]
    return 1 + sum(other < best[trial] for other in best)


def _regret(pool: Pool, in_hand: float) -> float:
    finite = [outcome for outcome in pool.outcomes if np.isfinite(outcome)]
    scale = median(finite) - min(finite)
    return min(1.0, (in_hand - min(finite)) / scale) if scale and np.isfinite(in_hand) else 1.0
