"""A policy in a simulated study, judging as it would judge a live one.

Leak-free: at every report the policy is given the trial's points up to it and a population into which only
earlier events have gone. The policy's own code judges (`Policy.judge`), over the same `Population` that serves
a live study.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pruning.calibrated_population import CalibratedPopulation
from pruning.control import draw
from pruning.policy import Policy
from pruning.rules.base import EMPTY, WORST, Curve, Draw, Facts, Kind, Stream, Verdict
from pruning.rules.resuming import Resuming, Waiting
from pruning.simulate.events import Action, Costs, Judged, Run, train
from pruning.simulate.recordings import Pool, Recording
from pruning.simulate.surroundings import Surroundings

ACTIONS = {Kind.STOP: Action.STOP, Kind.PAUSE: Action.PAUSE, Kind.FINISH: Action.FINISH}


def simulate(pool: Pool, policy: Policy, *, workers: int = 4, seed: int = 0, costs: Costs | None = None) -> Run:
    """Return how a study of this pool would have gone under the policy.

    Trials start in the pool's order, one per free worker; a paused one that the strategy resumes goes first. Of
    reports due at the same moment the one scheduled first is heard first, so a run is a function of its
    arguments. seed: of the control arm's draw.
    """
    study = _Study(pool, policy, seed=seed)
    run = train(pool, study, workers=workers, costs=costs)
    return replace(run, verdicts=tuple(study.judged))


@dataclass(kw_only=True)
class _Trial:
    """What the simulation remembers of one trial."""

    recording: Recording
    keys: NDArray[np.float64]
    best: NDArray[np.float64]
    draw: Draw | None
    bad_looks: int = 0


@dataclass
class _Study:
    pool: Pool
    policy: Policy
    seed: int = field(kw_only=True)

    def __post_init__(self) -> None:
        pool, every = self.pool, self.policy.safeguards.control_every
        self.looks = self.policy.grid(horizon=pool.horizon, report_steps=pool.report_steps())
        self.is_look = frozenset(self.looks)
        self.population = CalibratedPopulation(looks=self.looks, horizon=pool.horizon)
        self.surroundings = Surroundings(pool, self.policy.needs)
        self.trials = [
            self._trial(number, draw(seed=self.seed, suggestion=number, every=every))
            for number in range(len(pool.recordings))
        ]
        self.begun = 0
        self.waiting: dict[int, Waiting] = {}
        self.is_closing = False
        self.judged: list[Judged] = []
        self.facts = Facts(
            metric=pool.metric,
            maximize=pool.maximize,
            step=0,
            horizon=pool.horizon,
            trial=0,
            curve=EMPTY,
            looks=self.looks,
        )

    def next_to_train(self, *, at: float, under_way: Set[int]) -> int | None:
        """Return the trial that the strategy resumes, else the next that has not begun."""
        number = self._next_to_resume(at, under_way)
        if number is None:
            number = self._next_to_begin()
        if number is None and not self.is_closing:
            self.is_closing = True  # decision points may open early now: ask again
            number = self._next_to_resume(at, under_way)
        return number

    def _trial(self, number: int, drawn: Draw | None) -> _Trial:
        keys = self.pool.keys(number)
        return _Trial(recording=self.pool.recordings[number], keys=keys, best=np.minimum.accumulate(keys), draw=drawn)

    def _next_to_begin(self) -> int | None:
        if self.begun == len(self.trials):
            return None
        self.begun += 1
        return self.begun - 1

    def _next_to_resume(self, at: float, under_way: Set[int]) -> int | None:
        strategy: object = self.policy.strategy
        if not self.waiting or not isinstance(strategy, Resuming):
            return None
        stream = Stream(begun=self.begun, under_way=frozenset(under_way))
        facts = replace(self.facts, peers=self.population, stream=stream)
        verdict = strategy.next_to_resume(facts, list(self.waiting.values()), is_closing=self.is_closing)
        if verdict is None:
            return None
        number = int(str(verdict.evidence["trial"]))
        del self.waiting[number]
        self.population.restore(number)
        self.judged.append(Judged(trial=number, at=at, verdict=verdict))
        return number

    def report(self, number: int, index: int, *, at: float) -> Action:
        """Hear a trial's next report and judge it."""
        trial = self.trials[number]
        step = int(trial.recording.curve.steps[index])
        at_look = step in self.is_look
        if at_look or step == self.pool.horizon:
            self.population.observe(number, step, value=float(trial.keys[index]), best=float(trial.best[index]))
        verdict = self.policy.judge(self._facts(number, trial, index, step, at_look=at_look))
        if at_look or verdict.kind is not Kind.KEEP:
            self.judged.append(Judged(trial=number, at=at, verdict=verdict))
        if at_look:
            trial.bad_looks = trial.bad_looks + 1 if verdict.speaks_against else 0
        if verdict.kind.halts and not verdict.shadow:
            self._halt(number, trial, index, verdict)
            return ACTIONS[verdict.kind]
        if verdict.kind is Kind.PROTECT and verdict.reason == "control" and trial.draw is not None:
            self._spare(number, trial.draw, verdict)
        if verdict.kind is Kind.PROTECT and verdict.reason == "diversity" and not verdict.shadow:
            self.surroundings.spare(number, step)
        return Action.KEEP

    def end(self, number: int) -> None:
        """Count a trial that has told all that was recorded of it."""
        trial = self.trials[number]
        if trial.recording.is_censored:
            return  # it keeps the rungs it reached and counts nowhere above
        index = len(trial.recording.curve) - 1
        if trial.recording.curve.steps[index] < self.pool.horizon:  # its training ended by itself: that is its end
            last, best = float(trial.keys[index]), float(trial.best[index])
            self.population.observe(number, self.pool.horizon, value=last, best=best)
        self.population.complete(number)
        self.surroundings.complete(number, index)

    def _facts(self, number: int, trial: _Trial, index: int, step: int, *, at_look: bool) -> Facts:
        whole = trial.recording.curve
        return Facts(
            metric=self.pool.metric,
            maximize=self.pool.maximize,
            step=step,
            horizon=self.pool.horizon,
            trial=number,
            curve=Curve(steps=whole.steps[: index + 1], values=whole.values[: index + 1]),
            looks=self.looks,
            peers=self.population if at_look else None,
            draw=trial.draw,
            bad_looks=trial.bad_looks,
            **(self.surroundings.facts(number, index, self.population) if at_look and self.policy.needs else {}),
            waiting=list(self.waiting.values()) if at_look else (),
        )

    def _halt(self, number: int, trial: _Trial, index: int, verdict: Verdict) -> None:
        step = verdict.step
        if verdict.kind is Kind.FINISH:
            self.population.finish(number, step, float(trial.best[index]))
            self.population.complete(number)
            self.surroundings.complete(number, index)
            return
        self.population.eliminate(number, step)
        if verdict.kind is Kind.PAUSE:
            key = self.population.key_of(number, step, by=str(verdict.evidence.get("by", "value")))
            keep = verdict.evidence.get("keep") if verdict.reason == "outpaced" else None
            self.waiting[number] = Waiting(
                trial=number,
                step=step,
                key=WORST if key is None else key,
                keep=float(str(keep)) if keep is not None else None,
            )

    def _spare(self, number: int, drawn: Draw, verdict: Verdict) -> None:
        """Count a control trial that its rung's cut would have taken for all that were not spared."""
        if verdict.evidence.get("overruled_reason") == "outpaced":
            self.population.flag(number, step=verdict.step, weight=float(drawn.every))
