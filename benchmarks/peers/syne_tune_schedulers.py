"""Syne Tune: its schedulers, told results as its tuner tells them.

Releases from 0.14 on stop trials and pause none; `syne_tune_pausing` has those that older releases bring.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import randint
from syne_tune.optimizer.baselines import RandomSearch
from syne_tune.optimizer.scheduler import SchedulerDecision, TrialScheduler
from syne_tune.optimizer.schedulers.asha import AsynchronousSuccessiveHalving
from syne_tune.optimizer.schedulers.median_stopping_rule import MedianStoppingRule

from benchmarks.peers.base import Foreign, Maker
from pruning.simulate import Action, Pool

logging.getLogger("syne_tune").setLevel(logging.ERROR)
STEP = "epoch"
SPACE = {"number": randint(0, 10**6)}
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ACTIONS = {
    SchedulerDecision.CONTINUE: Action.KEEP,
    SchedulerDecision.PAUSE: Action.PAUSE,
    SchedulerDecision.STOP: Action.STOP,
}


def trial_of(number: int) -> Trial:
    """Return a trial whose configuration is its number: its curve is recorded."""
    return Trial(trial_id=number, config={"number": number}, creation_time=LONG_AGO)


class Scheduled(Foreign):
    """A study under one of Syne Tune's schedulers that stop."""

    def __init__(self, pool: Pool, scheduler: TrialScheduler, seed: int) -> None:
        super().__init__(pool)
        np.random.seed(seed)  # brackets are drawn from numpy's global generator
        self._scheduler = scheduler
        self._trials: dict[int, Trial] = {}

    def judged(self, trial: int, step: int, value: float) -> Action:
        """Report and obey."""
        return ACTIONS[self._scheduler.on_trial_result(self._told(trial), {STEP: step, self.pool.metric: value})]

    def completed(self, trial: int, step: int, value: float) -> None:
        """Report the last result, then the completion, which repeats it."""
        told, result = self._told(trial), {STEP: step, self.pool.metric: value}
        if self._scheduler.on_trial_result(told, result) == SchedulerDecision.CONTINUE:
            self._scheduler.on_trial_complete(told, result)

    def failed(self, trial: int) -> None:
        """Tell an error."""
        self._scheduler.on_trial_error(self._told(trial))

    def _told(self, trial: int) -> Trial:
        if trial not in self._trials:
            self._trials[trial] = trial_of(trial)
            self._scheduler.on_trial_add(self._trials[trial])
        return self._trials[trial]


def _of(make: Callable[[Pool, int], TrialScheduler]) -> Maker:
    return lambda pool, seed: Scheduled(pool, make(pool, seed), seed)


def _halving(pool: Pool, seed: int, **settings: Any) -> TrialScheduler:
    return AsynchronousSuccessiveHalving(
        SPACE,
        metric=pool.metric,
        do_minimize=not pool.maximize,
        time_attr=STEP,
        max_t=pool.horizon,
        random_seed=seed,
        **settings,
    )


def _median(pool: Pool, seed: int, **settings: Any) -> TrialScheduler:
    first_come = RandomSearch(SPACE, metrics=[pool.metric], do_minimize=not pool.maximize, random_seed=seed)
    return MedianStoppingRule(
        first_come,
        time_attr=STEP,
        metric=pool.metric,
        do_minimize=not pool.maximize,
        random_seed=seed,
        **settings,
    )


asha = _of(_halving)
asha_brackets = _of(lambda pool, seed: _halving(pool, seed, brackets=3))
median = _of(_median)
