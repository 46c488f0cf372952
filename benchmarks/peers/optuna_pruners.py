"""Optuna: a study in memory that asks, reports, and obeys `should_prune`.

Pruned trials are told as PRUNED, so they count where Optuna counts them; trials told no configuration, since their
curves are recorded.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import optuna
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    WilcoxonPruner,
)
from optuna.samplers import RandomSampler
from optuna.trial import Trial, TrialState

from benchmarks.peers.base import Foreign, Maker
from pruning.simulate import Action, Pool

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Pruned(Foreign):
    """A study of Optuna's under one of its pruners."""

    def __init__(self, pool: Pool, pruner: BasePruner, seed: int) -> None:
        super().__init__(pool)
        first = pool.recordings[0].name
        self._study = optuna.create_study(
            study_name=f"{pool.metric} {zlib.crc32(first.encode())} {seed}",  # Hyperband draws brackets from the name
            direction="maximize" if pool.maximize else "minimize",
            sampler=RandomSampler(seed=seed),
            pruner=pruner,
        )
        self._trials: dict[int, Trial] = {}

    def judged(self, trial: int, step: int, value: float) -> Action:
        """Report and ask."""
        asked = self._asked(trial)
        asked.report(value, step)
        if not asked.should_prune():
            return Action.KEEP
        self._study.tell(asked, state=TrialState.PRUNED)
        return Action.STOP

    def completed(self, trial: int, step: int, value: float) -> None:
        """Tell the last value as the trial's."""
        asked = self._asked(trial)
        asked.report(value, step)
        self._study.tell(asked, value)

    def failed(self, trial: int) -> None:
        """Tell a failure."""
        self._study.tell(self._asked(trial), state=TrialState.FAIL)

    def _asked(self, trial: int) -> Trial:
        """Return Optuna's trial: they begin in the pool's order, and so are their numbers."""
        while len(self._trials) <= trial:
            self._trials[len(self._trials)] = self._study.ask()
        return self._trials[trial]


def _of(make: Callable[[Pool], BasePruner]) -> Maker:
    return lambda pool, seed: Pruned(pool, make(pool), seed)


median = _of(lambda pool: MedianPruner())
percentile_25 = _of(lambda pool: PercentilePruner(25.0))
successive_halving = _of(lambda pool: SuccessiveHalvingPruner(min_resource=1))
hyperband = _of(lambda pool: HyperbandPruner(min_resource=1, max_resource=pool.horizon))
wilcoxon = _of(lambda pool: WilcoxonPruner())
