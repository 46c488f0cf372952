"""One simulated study on recorded curves: asynchronous workers, looks, pauses, resumptions; nothing else."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from benchmarks.searching.past import Past
from benchmarks.searching.scores import Floats, Steps, score

NEVER = 10**9


class Candidate(Protocol):
    """A rule that is tried out."""

    first: int
    """The first look, in reports."""
    factor: float
    """From look to look."""
    late: int
    """Further looks, evenly spread between the last one and the end."""

    def start(self, study: Study) -> None:
        """Hear that a study begins."""

    def goes_on(self, look: int, trial: int) -> bool:
        """Say whether a trial that has just come to a look trains on; it is paused otherwise."""

    def next_to_resume(self, *, is_closing: bool) -> int | None:
        """Return the paused trial that goes on now; is_closing: all have begun and some worker is idle."""


class Study:
    """One order of one task under one rule; every report costs one unit.

    values: trials × reports as keys (lower is better, not finite is worst). A trial is stopped at the first value that
    is not a number, as every policy's gate would. past: what a rule may know of finished studies.
    """

    def __init__(self, values: Floats, rule: Candidate, *, workers: int = 4, past: Past | None = None) -> None:
        self.values, self.rule, self.workers = values, rule, workers
        self.past = past or Past()
        self.n, self.horizon = values.shape
        best = np.minimum.accumulate(values, axis=1)
        self.best, self.ends = best, best[:, -1]
        finite = np.isfinite(values)
        self._broken = np.where(finite.all(axis=1), self.horizon + 1, np.argmin(finite, axis=1) + 1)
        self.steps = _looks(rule.first, rule.factor, rule.late, self.horizon)
        self.looks = len(self.steps)
        self.reached = np.zeros((self.looks + 1, self.n), dtype=bool)
        """By look and trial; the last row is the end."""
        self.eliminated = np.full(self.n, NEVER)
        """The step at which a trial was paused or stopped."""
        self.paused: dict[int, int] = {}
        """Paused trials with their looks."""
        self.arrivals = 0
        self.is_closing = False

    def score(self, name: str) -> Floats:
        """Return a score, looks × trials."""
        return score(name, self.values, self.steps)

    def population(self, look: int) -> int:
        """Return how many have come to a look, or were eliminated below it."""
        return int(self.reached[look].sum() + (self.eliminated < self.steps[look]).sum())

    def play(self) -> tuple[float, float, float]:
        """Return compute (share of training all), regret, and 1.0 if the winner was lost."""
        targets = [*self.steps.tolist(), self.horizon]
        queue: list[tuple[int, int, int]] = []
        serial = itertools.count()
        at, next_look = np.zeros(self.n, int), np.zeros(self.n, int)
        completed = np.zeros(self.n, bool)
        spent = begun = now = 0
        idle = self.workers
        self.rule.start(self)

        def train(trial: int) -> None:
            nonlocal spent
            cost = int(min(targets[next_look[trial]], self._broken[trial]) - at[trial])
            spent += cost
            heapq.heappush(queue, (now + cost, next(serial), trial))

        def employ() -> None:
            nonlocal idle, begun
            while idle:
                trial = self.rule.next_to_resume(is_closing=self.is_closing)
                if trial is not None:
                    del self.paused[trial]
                    self.eliminated[trial] = NEVER
                elif begun < self.n:
                    trial, begun = begun, begun + 1
                elif not self.is_closing:
                    self.is_closing = True
                    continue
                else:
                    return
                train(trial)
                idle -= 1

        employ()
        while queue:
            now, _, trial = heapq.heappop(queue)
            look = int(next_look[trial])
            at[trial] = step = int(min(targets[look], self._broken[trial]))
            if step == targets[look]:
                self.reached[look, trial] = True
                self.arrivals += 1
            if step == self._broken[trial]:
                self.eliminated[trial] = step
            elif look == self.looks:
                completed[trial] = True
            else:
                next_look[trial] += 1
                if self.rule.goes_on(look, trial):
                    train(trial)
                    continue
                self.paused[trial], self.eliminated[trial] = look, step
            idle += 1
            employ()
        return (spent / (self.n * self.horizon), *self._worth(completed, at))

    def _worth(self, completed: np.ndarray, at: np.ndarray) -> tuple[float, float]:
        """Return regret (0 the pool's best, 1 its median) and 1.0 if the winner was lost."""
        told = [float(self.best[trial, at[trial] - 1]) for trial in range(self.n) if at[trial]]
        in_hand = float(self.ends[completed].min()) if completed.any() else min(told)
        finite = self.ends[np.isfinite(self.ends)]
        best, scale = float(self.ends.min()), float(np.median(finite) - finite.min()) if finite.size else 0.0
        if in_hand == best:
            return 0.0, 0.0
        return ((in_hand - best) / scale if np.isfinite(in_hand) and scale else 1.0), 1.0


def _looks(first: int, factor: float, late: int, horizon: int) -> Steps:
    steps: list[int] = []
    at = float(first)
    while at < horizon:
        if not steps or int(at) > steps[-1]:
            steps.append(int(at))
        at *= factor
    left = (horizon - steps[-1]) / (late + 1)
    more = {steps[-1] + round(left * place) for place in range(1, late + 1)}
    return np.array(sorted({*steps, *(step for step in more if step < horizon)}))


Result = tuple[float, float, float]
Results = Mapping[str, Mapping[str, Mapping[str, list[Result]]]]
"""By variant, family and task: a result per order."""
