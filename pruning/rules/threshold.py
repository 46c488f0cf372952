"""Threshold gate: a limit that a metric must not pass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from pruning.rules.base import Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.divergence import not_finite, trailing
from pruning.rules.reasons import MOTIVES
from pruning.rules.words import apart, count


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Stop a trial whose metric lies above `upper` or below `lower` on `reports` reports in a row after `grace` steps.

    A value that is not a number passes every limit. The code it answers with is the plan's to choose: a limit on
    perplexity is `diverged`, one on step time `over_budget`, one on calibration error `miscalibrated`.
    """

    name: ClassVar[str] = "threshold"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = tuple(MOTIVES)

    metric: str = ""
    """The metric it watches; empty for the objective."""
    upper: float | None = None
    lower: float | None = None
    reports: int = 1
    """Reports in a row beyond the limit before it stops."""
    grace: int = 0
    """Steps during which it does not judge."""
    reason: str = "diverged"
    action: str = "stop"
    """`stop`, or `warn` to only notice."""

    def __post_init__(self) -> None:
        if self.upper is None and self.lower is None:
            raise SettingError("upper", None, "and lower are both missing: give at least one limit")
        for setting in ("upper", "lower"):
            limit = getattr(self, setting)
            if limit is not None and not math.isfinite(limit):
                raise SettingError(setting, limit, "is not finite: leave the setting out for no limit")
        if self.upper is not None and self.lower is not None and self.lower >= self.upper:
            raise SettingError("lower", self.lower, f"is not below upper {self.upper!r}: swap them")
        if self.reports < 1:
            raise SettingError("reports", self.reports, "is below 1: one report is the least")
        if self.grace < 0:
            raise SettingError("grace", self.grace, "is negative: 0 judges from the start")
        if self.reason not in MOTIVES:
            raise SettingError("reason", self.reason, f"is no reason code; one of {', '.join(MOTIVES)}")
        if self.action not in {"stop", "warn"}:
            raise SettingError("action", self.action, "is not one of stop, warn")

    def judge(self, facts: Facts) -> Verdict:
        """Stop (or warn) once enough reports in a row lie beyond the limit."""
        curve = facts.others.get(self.metric) if self.metric else facts.curve
        if curve is None or not len(curve):
            return self._verdict(facts, Kind.KEEP, {})
        beyond = ~self._within(curve.values) & (curve.steps > self.grace)
        in_a_row = trailing(beyond)
        if in_a_row < self.reports:
            return self._verdict(facts, Kind.KEEP, {})
        value = float(curve.values[-1])
        side = "upper" if self.upper is not None and value > self.upper else "lower"
        if not math.isfinite(value):
            side = "finite"
        evidence: dict[str, Any] = {"metric": self.metric or facts.metric, "value": value, "side": side}
        evidence |= {"limit": {"upper": self.upper, "lower": self.lower}.get(side), "in_a_row": in_a_row}
        return self._verdict(facts, Kind.STOP if self.action == "stop" else Kind.WARN, evidence)

    def metrics(self) -> tuple[str, ...]:
        """Return the metric it watches, unless that is the objective."""
        return (self.metric,) if self.metric else ()

    def _within(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        upper = math.inf if self.upper is None else self.upper
        lower = -math.inf if self.lower is None else self.lower
        # An open side lets infinities of that side pass the comparison: only finite values lie within.
        within: NDArray[np.bool_] = np.isfinite(values) & (values <= upper) & (values >= lower)
        return within

    def _verdict(self, facts: Facts, kind: Kind, evidence: dict[str, Any]) -> Verdict:
        objective = not self.metric or self.metric == facts.metric
        return Verdict(
            kind=kind,
            rule=self.name,
            version=self.version,
            step=facts.step,
            reason=self.reason if evidence else "",
            evidence=evidence,
            clause=self.clause(evidence),
            hard=kind is Kind.STOP and objective and not math.isfinite(facts.value),
        )

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return the value and the limit it passed in words."""
        facts = cast(dict[str, Any], evidence)
        if not facts:
            return "no limit was passed"
        if facts["side"] == "finite":
            return f"{facts['metric']} is {not_finite(facts['value'])}"
        value, limit = apart(facts["value"], facts["limit"])
        side = "above" if facts["side"] == "upper" else "below"
        often = f" for {count(facts['in_a_row'], 'report')} in a row" if facts["in_a_row"] > 1 else ""
        return f"{facts['metric']} {value} is {side} the limit {limit}{often}"
