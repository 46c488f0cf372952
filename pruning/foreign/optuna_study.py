"""An Optuna study rebuilt in memory from the facts of one decision point: what a pruner of theirs is shown.

Every trial appears as if it had reported at the decision points alone, since that is where the peers' values are
known. A value that is not finite appears as the worst there is, in place of Optuna's leaving it out. Peers that passed
a rung before an automatic first rung was known count there; Optuna forgets them. Trial numbers are ours and the
study's name is fixed, so nothing that Optuna draws from them depends on what a study is called.
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from typing import Any

from optuna.pruners import BasePruner
from optuna.samplers import RandomSampler
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from pruning.rules.base import Facts, Peers

NAME = "espalier"
RUNG = "completed_rung_"
"""The attribute under which Optuna's halving keeps the value at the n-th rung, from 0."""


class Snapshot(InMemoryStorage):
    """A storage that shows the given trials and notes what a pruner writes about the one it judges."""

    def __init__(self, trials: Sequence[FrozenTrial], direction: StudyDirection) -> None:
        super().__init__()
        self._shown = list(trials)
        self._direction = direction
        self.written: dict[str, Any] = {}  # Optuna's attributes are JSON of any shape

    def get_study_id_from_name(self, study_name: str) -> int:
        return 0

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return [self._direction]

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        return self._shown if states is None else [trial for trial in self._shown if trial.state in states]

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        return BaseStorage.get_best_trial(self, study_id)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        self.written[key] = value


class Rebuilt:
    """The judged trial and its peers as frozen trials, and the study that shows them."""

    def __init__(self, facts: Facts, pruner: BasePruner, *, rungs: Sequence[int] = (), to_the_end: bool = True) -> None:
        """Rebuild.

        rungs: the steps at which the pruner's halving has its rungs, lowest first. to_the_end: show a complete
        trial's value at its last step too, so that Optuna learns how long trials are.
        """
        if facts.peers is None:
            raise ValueError(f"step {facts.step} is no decision point: a pruner of Optuna's needs the peers")
        self.direction = StudyDirection.MAXIMIZE if facts.maximize else StudyDirection.MINIMIZE
        self.own = _frozen(facts.trial, own_values(facts), rungs=rungs, before=facts.step)
        self.peers = _peers(facts, facts.peers, rungs=rungs, to_the_end=to_the_end)
        self.storage = Snapshot([*self.peers, self.own], self.direction)
        self.study = Study(study_name=NAME, storage=self.storage, sampler=RandomSampler(seed=0), pruner=pruner)

    @property
    def complete(self) -> list[FrozenTrial]:
        """Return the peers that have completed, by number."""
        return [trial for trial in self.peers if trial.state == TrialState.COMPLETE]


def own_values(facts: Facts) -> dict[int, float]:
    """Return the judged trial's value at each decision point so far: the newest one told by then."""
    values: dict[int, float] = {}
    for look in (*(look for look in facts.looks if look < facts.step), facts.step):
        told = facts.curve.until(look).values
        if len(told):
            values[look] = facts.told(facts.key(float(told[-1])))
    return values


def _peers(facts: Facts, peers: Peers, *, rungs: Sequence[int], to_the_end: bool) -> list[FrozenTrial]:
    """Return the other trials by number, with their values at the decision points up to this one.

    A complete trial is shown with all of its decision points; every other one, stopped or paused ones too, as running.
    """
    ends = {trial: facts.told(key) for key, trial in peers.rung(facts.horizon).values()}
    finished = {
        trial for look in (*facts.looks, facts.horizon) for _, trial in peers.rung(look, who="finished").values()
    }
    values: dict[int, dict[int, float]] = {trial: {} for trial in sorted(finished)}
    for look in facts.looks:
        for key, trial in peers.rung(look).values():
            if look <= facts.step or trial in finished:
                values.setdefault(trial, {})[look] = facts.told(key)
    if to_the_end:
        for trial in finished & ends.keys():
            values[trial][facts.horizon] = ends[trial]
    values.pop(facts.trial, None)
    return [
        _frozen(trial, values[trial], rungs=rungs, end=_end(ends, values[trial], trial) if trial in finished else None)
        for trial in sorted(values)
    ]


def _end(ends: dict[int, float], values: dict[int, float], trial: int) -> float:
    """Return a complete trial's value; where only its decision points are known, the newest of those."""
    return ends[trial] if trial in ends else values[max(values)]


def _frozen(
    number: int,
    values: dict[int, float],
    *,
    rungs: Sequence[int],
    end: float | None = None,
    before: float = math.inf,
) -> FrozenTrial:
    """Return a frozen trial; the rungs that it completed before the step `before` are noted as Optuna notes them."""
    noted: dict[str, Any] = {}  # as above
    for index, rung in enumerate(rungs):
        passed = [step for step in values if rung <= step < before]
        if passed:
            noted[f"{RUNG}{index}"] = values[min(passed)]
    return FrozenTrial(
        number=number,
        state=TrialState.RUNNING if end is None else TrialState.COMPLETE,
        value=end,
        datetime_start=None,
        datetime_complete=None,
        params={},
        distributions={},
        user_attrs={},
        system_attrs=noted,
        intermediate_values=values,
        trial_id=number,
    )
