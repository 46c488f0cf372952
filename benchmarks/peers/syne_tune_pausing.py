"""Syne Tune up to 0.13: schedulers that pause trials at rungs and promote the best, dropped from later releases.

The scheduler says whether a free worker promotes a paused trial or begins a new one. Its search space is the pool
itself, in the pool's order. Once that is used up its own tuner would stop asking; here it is asked again whenever a
worker is free, so that trials may still be promoted, which is in its favour.
"""

from __future__ import annotations

import logging
from collections.abc import Set
from datetime import UTC, datetime
from typing import Any

from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import randint
from syne_tune.optimizer.scheduler import SchedulerDecision, TrialScheduler
from syne_tune.optimizer.schedulers.hyperband import HyperbandScheduler

from benchmarks.peers.base import Foreign, Maker
from pruning.simulate import Action, Pool

logging.getLogger("syne_tune").setLevel(logging.ERROR)
STEP = "epoch"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ACTIONS = {
    SchedulerDecision.CONTINUE: Action.KEEP,
    SchedulerDecision.PAUSE: Action.PAUSE,
    SchedulerDecision.STOP: Action.STOP,
}


class Promoted(Foreign):
    """A study under one of Syne Tune's schedulers that pause and promote."""

    def __init__(self, pool: Pool, scheduler: TrialScheduler) -> None:
        super().__init__(pool)
        self._scheduler = scheduler
        self._trials: dict[int, Trial] = {}
        self._newest: dict[int, tuple[int, float]] = {}

    def next_to_train(self, *, at: float, under_way: Set[int]) -> int | None:
        """Return the trial that the scheduler suggests."""
        suggestion = self._scheduler.suggest(trial_id=self._begun)
        if suggestion is None:
            return None
        if not suggestion.spawn_new_trial_id:
            return int(suggestion.checkpoint_trial_id)
        number = self._next_to_begin()
        assert number == suggestion.config["number"], "the search space is the pool, in its order"
        self._trials[number] = Trial(number, suggestion.config, creation_time=LONG_AGO)
        self._scheduler.on_trial_add(self._trials[number])
        return number

    def judged(self, trial: int, step: int, value: float) -> Action:
        """Report and obey; at steps without a report the newest value is told, for the scheduler insists on each."""
        told, newest = self._newest.get(trial, (0, value))
        self._newest[trial] = (step, value)
        for missed in range(told + 1, step):
            decision = self._decided(trial, missed, newest)
            if decision != SchedulerDecision.CONTINUE:
                self._newest[trial] = (missed, value)
                return ACTIONS[decision]
        return ACTIONS[self._decided(trial, step, value)]

    def _decided(self, trial: int, step: int, value: float) -> str:
        return str(self._scheduler.on_trial_result(self._trials[trial], {STEP: step, self.pool.metric: value}))

    def completed(self, trial: int, step: int, value: float) -> None:
        """Report the last result, then the completion, which repeats it."""
        told, result = self._trials[trial], {STEP: step, self.pool.metric: value}
        if self._scheduler.on_trial_result(told, result) == SchedulerDecision.CONTINUE:
            self._scheduler.on_trial_complete(told, result)

    def failed(self, trial: int) -> None:
        """Tell an error."""
        self._scheduler.on_trial_error(self._trials[trial])


def _of(kind: str) -> Maker:
    """Return asynchronous halving of one of its types."""

    def make(pool: Pool, seed: int) -> Foreign:
        size = len(pool.recordings)
        points = [{"number": number} for number in range(size)]
        settings: dict[str, Any] = {
            "searcher": "random",
            "search_options": {"debug_log": False},
            "points_to_evaluate": points,
            "metric": pool.metric,
            "mode": "max" if pool.maximize else "min",
            "resource_attr": STEP,
            "max_t": pool.horizon,
            "type": kind,
            "random_seed": seed,
        }
        return Promoted(pool, HyperbandScheduler({"number": randint(0, size - 1)}, **settings))

    return make


asha_promotion = _of("promotion")
pasha = _of("pasha")
