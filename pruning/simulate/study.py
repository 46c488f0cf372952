"""The event simulation: W asynchronous workers train recorded trials under a policy, as a study would.

Leak-free: at every report the policy is given the trial's points up to it and a population into which only
earlier events have gone. The policy's own code judges (`Policy.judge`), over the same `Population` that serves
a live study.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pruning.calibrated_population import CalibratedPopulation
from pruning.control import draw
from pruning.policy import Policy
from pruning.rules.base import EMPTY, WORST, Curve, Draw, Facts, Kind, Stream, Verdict
from pruning.rules.resuming import Resuming, Waiting
from pruning.simulate.recordings import Pool, Recording
from pruning.simulate.surroundings import Surroundings


class Ended(StrEnum):
    """How a simulated trial ended, in the words of a study's states."""

    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    PAUSED = "PAUSED"
    WAITING = "WAITING"
    CENSORED = "CENSORED"
    """It would have gone on, but its recording breaks off."""


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
    verdicts: tuple[Judged, ...]
    """Every verdict but the KEEPs between decision points."""
    spent: float
    """Compute of all workers together."""
    lasted: float
    """Simulated time from the first start to the last report."""


def simulate(pool: Pool, policy: Policy, *, workers: int = 4, seed: int = 0, costs: Costs | None = None) -> Run:
    """Return how a study of this pool would have gone under the policy.

    Trials start in the pool's order, one per free worker; a paused one that the strategy resumes goes first. Of
    reports due at the same moment the one scheduled first is heard first, so a run is a function of its
    arguments. seed: of the control arm's draw.
    """
    if workers < 1:
        raise ValueError(f"workers: {workers} is below 1; one worker is the least")
    return _Study(pool, policy, seed=seed, costs=costs or Costs()).run(workers)


@dataclass(kw_only=True)
class _Trial:
    """What the simulation remembers of one trial."""

    recording: Recording
    keys: NDArray[np.float64]
    best: NDArray[np.float64]
    draw: Draw | None
    reports: int = 0
    bad_looks: int = 0
    ended: Ended = Ended.WAITING

    @property
    def is_spent(self) -> bool:
        """Say whether it has told all that was recorded of it."""
        return self.reports == len(self.recording.curve)


@dataclass
class _Study:
    pool: Pool
    policy: Policy
    seed: int = field(kw_only=True)
    costs: Costs = field(kw_only=True)

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
        self.under_way: set[int] = set()
        self.waiting: dict[int, Waiting] = {}
        self.is_closing = False
        self.queue: list[tuple[float, int, int]] = []  # time, serial, trial
        self.serial = itertools.count()
        self.judged: list[Judged] = []
        self.spent = 0.0
        self.now = 0.0
        self.facts = Facts(
            metric=pool.metric,
            maximize=pool.maximize,
            step=0,
            horizon=pool.horizon,
            trial=0,
            curve=EMPTY,
            looks=self.looks,
        )

    def run(self, workers: int) -> Run:
        """Play all events."""
        idle = self._employ(workers)
        while self.queue:
            self.now, _, number = heapq.heappop(self.queue)
            if self._report(number):
                self._schedule(number)
            else:
                self.under_way.discard(number)
                idle += 1
            idle = self._employ(idle)
        return Run(
            fates=tuple(self._fate(trial) for trial in self.trials),
            verdicts=tuple(self.judged),
            spent=self.spent,
            lasted=self.now,
        )

    def _trial(self, number: int, drawn: Draw | None) -> _Trial:
        keys = self.pool.keys(number)
        return _Trial(recording=self.pool.recordings[number], keys=keys, best=np.minimum.accumulate(keys), draw=drawn)

    def _employ(self, idle: int) -> int:
        """Give free workers something to train; return how many stay idle."""
        while idle:
            number, extra = self._next_to_resume(), self.costs.restore
            if number is None:
                number, extra = self._next_to_begin(), self.costs.start
            if number is None and not self.is_closing:
                self.is_closing = True  # decision points may open early now: ask again
                continue
            if number is None:
                return idle
            if self.trials[number].is_spent:
                self._end(number)  # it was paused at its last report: nothing is left to train
                continue
            self.under_way.add(number)
            self._schedule(number, extra=extra)
            idle -= 1
        return 0

    def _next_to_begin(self) -> int | None:
        if self.begun == len(self.trials):
            return None
        self.begun += 1
        return self.begun - 1

    def _next_to_resume(self) -> int | None:
        strategy: object = self.policy.strategy
        if not self.waiting or not isinstance(strategy, Resuming):
            return None
        stream = Stream(begun=self.begun, under_way=frozenset(self.under_way))
        facts = replace(self.facts, peers=self.population, stream=stream)
        verdict = strategy.next_to_resume(facts, list(self.waiting.values()), is_closing=self.is_closing)
        if verdict is None:
            return None
        number = int(str(verdict.evidence["trial"]))
        del self.waiting[number]
        self.population.restore(number)
        self.judged.append(Judged(trial=number, at=self.now, verdict=verdict))
        return number

    def _schedule(self, number: int, *, extra: float = 0.0) -> None:
        """Set a trial training towards its next report."""
        trial = self.trials[number]
        spent, done = trial.recording.spent, trial.reports
        cost = extra + float(spent[done]) - (float(spent[done - 1]) if done else 0.0)
        self.spent += cost
        heapq.heappush(self.queue, (self.now + cost, next(self.serial), number))

    def _report(self, number: int) -> bool:
        """Hear a trial's next report; return whether it trains on."""
        trial = self.trials[number]
        index = trial.reports
        trial.reports += 1
        steps = trial.recording.curve.steps
        step = int(steps[index])
        at_look = step in self.is_look
        if at_look or step == self.pool.horizon:
            self.population.observe(number, step, value=float(trial.keys[index]), best=float(trial.best[index]))
        verdict = self.policy.judge(self._facts(number, trial, index, step, at_look=at_look))
        if at_look or verdict.kind is not Kind.KEEP:
            self.judged.append(Judged(trial=number, at=self.now, verdict=verdict))
        if at_look:
            trial.bad_looks = trial.bad_looks + 1 if verdict.speaks_against else 0
        if verdict.kind.halts and not verdict.shadow:
            self._halt(number, trial, step, verdict)
            return False
        if verdict.kind is Kind.PROTECT and verdict.reason == "control" and trial.draw is not None:
            self._spare(number, trial.draw, verdict)
        if verdict.kind is Kind.PROTECT and verdict.reason == "diversity" and not verdict.shadow:
            self.surroundings.spare(number, step)
        if trial.is_spent:
            self._end(number)
            return False
        return True

    def _end(self, number: int) -> None:
        """End a trial that has told all that was recorded of it."""
        trial = self.trials[number]
        if trial.recording.is_censored:
            trial.ended = Ended.CENSORED  # it keeps the rungs it reached and counts nowhere above
            return
        index = trial.reports - 1
        if trial.recording.curve.steps[index] < self.pool.horizon:  # its training ended by itself: that is its end
            last, best = float(trial.keys[index]), float(trial.best[index])
            self.population.observe(number, self.pool.horizon, value=last, best=best)
        trial.ended = Ended.COMPLETE
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

    def _halt(self, number: int, trial: _Trial, step: int, verdict: Verdict) -> None:
        best = float(trial.best[trial.reports - 1])
        if verdict.kind is Kind.FINISH:
            trial.ended = Ended.COMPLETE
            self.population.finish(number, step, best)
            self.population.complete(number)
            self.surroundings.complete(number, trial.reports - 1)
            return
        self.population.eliminate(number, step)
        trial.ended = Ended.PRUNED
        if verdict.kind is Kind.PAUSE:
            trial.ended = Ended.PAUSED
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

    def _fate(self, trial: _Trial) -> Fate:
        best = float(trial.best[trial.reports - 1]) if trial.reports else WORST
        return Fate(ended=trial.ended, reports=trial.reports, best=best)
