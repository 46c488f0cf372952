"""Ray Tune: its schedulers under a stand-in for its controller, which holds trials and their states.

What the controller does around a scheduler is done as `TuneController` does it: all trials of the pool are added
before the first is run (it keeps up to 200 pending), a stopped trial is told to the scheduler as complete, a paused
one waits until the scheduler chooses it, and a scheduler may stop paused trials itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Set
from typing import Any

import numpy as np
from ray.tune.experiment import Trial as RayTrial
from ray.tune.schedulers import AsyncHyperBandScheduler, HyperBandScheduler, MedianStoppingRule, TrialScheduler

from benchmarks.peers.base import Foreign, Maker
from pruning.simulate import Action, Pool

logging.getLogger("ray.tune").setLevel(logging.WARNING)
STEP = "training_iteration"
ACTIONS = {TrialScheduler.CONTINUE: Action.KEEP, TrialScheduler.PAUSE: Action.PAUSE, TrialScheduler.STOP: Action.STOP}
ENDED = {RayTrial.TERMINATED, RayTrial.ERROR}


class Trial:
    """What a scheduler reads of a trial."""

    is_saving = False

    def __init__(self, number: int) -> None:
        self.number = number
        self.trial_id = f"{number:05d}"
        self.status = RayTrial.PENDING
        self.last_result: dict[str, Any] = {}


class Controller:
    """What a scheduler asks of the controller."""

    def __init__(self, scheduler: TrialScheduler, size: int) -> None:
        self._scheduler = scheduler
        self.trials = [Trial(number) for number in range(size)]
        for trial in self.trials:
            scheduler.on_trial_add(self, trial)

    def get_trials(self) -> list[Trial]:
        """Return all trials."""
        return self.trials

    def get_live_trials(self) -> set[Trial]:
        """Return those that have not ended."""
        return {trial for trial in self.trials if trial.status not in ENDED}

    def stop_trial(self, trial: Trial) -> None:
        """Stop a trial and tell the scheduler."""
        if trial.status in ENDED:
            return
        if trial.status == RayTrial.RUNNING:
            self._scheduler.on_trial_complete(self, trial, trial.last_result)
        else:
            self._scheduler.on_trial_remove(self, trial)
        trial.status = RayTrial.TERMINATED


class Scheduled(Foreign):
    """A study under one of Ray Tune's schedulers."""

    def __init__(self, pool: Pool, scheduler: TrialScheduler, seed: int) -> None:
        super().__init__(pool)
        np.random.seed(seed)  # brackets are drawn from numpy's global generator
        self._scheduler = scheduler
        self._controller = Controller(scheduler, len(pool.recordings))
        self._done: set[int] = set()

    def next_to_train(self, *, at: float, under_way: Set[int]) -> int | None:
        """Return the trial that the scheduler chooses; one that it takes up beyond its recording stays complete."""
        while (chosen := self._scheduler.choose_trial_to_run(self._controller)) is not None:
            chosen.status = RayTrial.RUNNING
            if chosen.number not in self._done:
                return int(chosen.number)
            self._controller.stop_trial(chosen)
        return None

    def judged(self, trial: int, step: int, value: float) -> Action:
        """Report, and do as the controller does with the scheduler's decision."""
        return ACTIONS[self._decided(trial, step, value)]

    def completed(self, trial: int, step: int, value: float) -> None:
        """Report the last result; a trial that is not paused there ends with it."""
        self._done.add(trial)
        if self._decided(trial, step, value) == TrialScheduler.CONTINUE:
            self._controller.stop_trial(self._controller.trials[trial])

    def failed(self, trial: int) -> None:
        """Tell an error."""
        failed = self._controller.trials[trial]
        self._scheduler.on_trial_error(self._controller, failed)
        failed.status = RayTrial.ERROR

    def _decided(self, trial: int, step: int, value: float) -> str:
        told = self._controller.trials[trial]
        result = {STEP: step, self.pool.metric: value}
        decision = str(self._scheduler.on_trial_result(self._controller, told, result))
        told.last_result = result
        if decision == TrialScheduler.STOP:
            self._controller.stop_trial(told)
        elif decision == TrialScheduler.PAUSE:
            told.status = RayTrial.PAUSED
        return decision


def _of(
    kind: Callable[..., TrialScheduler], length: str = "", study: type[Scheduled] = Scheduled, **settings: Any
) -> Maker:
    """Return a maker; length: the setting that takes the planned length."""

    def make(pool: Pool, seed: int) -> Foreign:
        known: dict[str, Any] = {"time_attr": STEP, "metric": pool.metric, "mode": "max" if pool.maximize else "min"}
        if length:
            known[length] = pool.horizon
        return study(pool, kind(**known, **settings), seed)

    return make


class Banded(Scheduled):
    """A study under Hyperband, which stops its brackets' finalists at the last milestone, often just before the end.

    They won their bracket, so they count as complete, wherever the rounding of milestones let them end.
    """

    def judged(self, trial: int, step: int, value: float) -> Action:
        """Report, and say of a finalist that it is finished."""
        bracket, _ = self._scheduler._trial_info[self._controller.trials[trial]]
        is_final = bracket._halves == 0
        action = super().judged(trial, step, value)
        return Action.FINISH if is_final and action is not Action.KEEP else action


asha = _of(AsyncHyperBandScheduler, "max_t", grace_period=1)
median = _of(MedianStoppingRule, grace_period=1)
hyperband = _of(HyperBandScheduler, "max_t", study=Banded)
