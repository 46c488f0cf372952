"""Divergence gate: a value that is not a number, or one that runs away from where the trial began."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from pruning.rules.base import Curve, Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.verdicts import verdict_of
from pruning.rules.words import count, number


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """Stop a trial whose objective is not finite, or lies farther above its beginning than noise explains.

    Not finite: the objective on `non_finite_reports` reports in a row, or one of `metrics` on twice as many.
    A non-finite objective stops control trials too (`hard`): there is nothing left to measure.

    Running away: on `reports` reports in a row, after `grace` steps,
        y(t) - y(first) > max(`noise` * s, 0.5 * (y(first) - b(t))),
    b the best so far and s = 1.4826 * median |first difference| over the last `window` reports. The spread is
    taken about zero, not about the median: a steady slow rise has none about its median and would "diverge" at
    any size. A curve that has neither moved nor improved has no scale to judge by and is left alone. Loss spikes
    that recover within `reports` reports pass. A trial that loses what it had gained, and no more, is left to the
    comparison with its peers: on noisy rewards the winner often does (measured in docs/benchmarks.md).
    """

    name: ClassVar[str] = "divergence"
    version: ClassVar[int] = 2
    reasons: ClassVar[tuple[str, ...]] = ("diverged",)

    non_finite_reports: int = 1
    """Reports in a row without a finite objective before it stops."""
    reports: int = 3
    """Reports in a row far above the beginning before it stops."""
    window: int = 20
    """Reports over which the noise is measured."""
    noise: float = 8.0
    """How many times the noise counts as running away."""
    grace: int = 0
    """Steps during which running away is not judged; a value that is not finite always is."""
    extra_metrics: tuple[str, ...] = ()
    """Other metrics that must stay finite."""

    def __post_init__(self) -> None:
        for setting in ("non_finite_reports", "reports"):
            if getattr(self, setting) < 1:
                raise SettingError(setting, getattr(self, setting), "is below 1: one report is the least")
        if self.window < 3:
            raise SettingError("window", self.window, "is below 3: noise needs at least three reports")
        if not 0 < self.noise < math.inf:
            raise SettingError("noise", self.noise, "is not a positive number: 8 is usual")
        if self.grace < 0:
            raise SettingError("grace", self.grace, "is negative: 0 judges from the start")

    def judge(self, facts: Facts) -> Verdict:
        """Stop on non-finite values first, then on running away; keep otherwise."""
        for metric in (facts.metric, *self.extra_metrics):
            found = self._not_finite(facts, metric)
            if found:
                return self._verdict(facts, Kind.STOP, found, hard=metric == facts.metric)
        found = self._running_away(facts)
        return self._verdict(facts, Kind.STOP if found else Kind.KEEP, found)

    def metrics(self) -> tuple[str, ...]:
        """Return the other metrics that must stay finite."""
        return self.extra_metrics

    def _not_finite(self, facts: Facts, metric: str) -> dict[str, Any]:
        is_objective = metric == facts.metric
        curve = facts.curve if is_objective else facts.others.get(metric)
        if curve is None:
            return {}
        needed = self.non_finite_reports * (1 if is_objective else 2)
        tail = trailing(~np.isfinite(curve.values))
        if tail < needed:
            return {}
        return {
            "metric": metric,
            "test": "finite",
            "value": float(curve.values[-1]),
            "in_a_row": tail,
            "needed": needed,
            "first_bad_step": int(curve.steps[-tail]),
            "last_finite": float(curve.values[-tail - 1]) if tail < len(curve) else None,
        }

    def _running_away(self, facts: Facts) -> dict[str, Any]:
        curve = Curve(steps=facts.curve.steps, values=facts.keys(facts.curve))
        if len(curve) <= self.reports or not np.isfinite(curve.values[-self.reports :]).all():
            return {}
        best = np.minimum.accumulate(curve.values)
        above = [self._limit_passed(curve, best, index) for index in range(len(curve) - self.reports, len(curve))]
        if not all(above):
            return {}
        limit, noise = self._limit(curve, best, len(curve) - 1)
        best_index, first_index = int(np.argmin(curve.values)), _first(curve)
        return {
            "metric": facts.metric,
            "test": "runaway",
            "value": facts.value,
            "best": facts.told(float(best[-1])),
            "best_step": int(curve.steps[best_index]),
            "first": facts.told(float(curve.values[first_index])),
            "first_step": int(curve.steps[first_index]),
            "distance": float(curve.values[-1] - curve.values[first_index]),
            "limit": limit,
            "noise": noise,
            "multiple": self.noise,
            "window": self.window,
            "in_a_row": self.reports,
        }

    def _limit_passed(self, curve: Curve, best: NDArray[np.float64], index: int) -> bool:
        if curve.steps[index] <= self.grace:
            return False
        limit = self._limit(curve, best, index)[0]
        return bool(0 < limit < curve.values[index] - curve.values[_first(curve)])

    def _limit(self, curve: Curve, best: NDArray[np.float64], index: int) -> tuple[float, float]:
        """Return how far above the first value a report may lie, and the noise that was measured."""
        window = curve.values[max(0, index - self.window) : index + 1]
        differences = np.abs(np.diff(window[np.isfinite(window)]))
        noise = 1.4826 * float(np.median(differences)) if differences.size else 0.0
        first = curve.values[_first(curve)]
        return max(self.noise * noise, 0.5 * abs(float(first - best[index]))), noise

    def _verdict(self, facts: Facts, kind: Kind, evidence: dict[str, Any], *, hard: bool = False) -> Verdict:
        return verdict_of(self, facts, kind, "diverged" if kind is Kind.STOP else "", evidence, hard=hard)

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return what ran away, or that nothing did, in words."""
        facts = cast(dict[str, Any], evidence)
        if not facts:
            return "nothing has diverged"
        if facts["test"] == "finite":
            since = f" for {count(facts['in_a_row'], 'report')}, since step {facts['first_bad_step']}"
            return f"{facts['metric']} is {not_finite(facts['value'])}{since if facts['in_a_row'] > 1 else ''}"
        side = "above" if facts["value"] > facts["first"] else "below"
        return (
            f"{facts['metric']} {number(facts['value'])} has been more than {number(facts['limit'])} {side} its first "
            f"value ({number(facts['first'])} at step {facts['first_step']}) for {count(facts['in_a_row'], 'report')} "
            f"in a row; its best was {number(facts['best'])} at step {facts['best_step']}"
        )


def _first(curve: Curve) -> int:
    """Return the index of the first finite value."""
    return int(np.argmax(np.isfinite(curve.values)))


def trailing(flags: NDArray[np.bool_]) -> int:
    """Return how many of the last flags are true without a gap."""
    gaps = np.flatnonzero(~flags)
    return int(flags.size if not gaps.size else flags.size - 1 - gaps[-1])


def not_finite(value: float) -> str:
    return "not a number" if math.isnan(value) else ("infinite" if value > 0 else "minus infinite")
