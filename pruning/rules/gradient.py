"""Gradient gate: no gradient left to learn from, or one that explodes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from pruning.rules.base import Curve, Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.divergence import trailing
from pruning.rules.slopes import ACTIONS
from pruning.rules.verdicts import verdict_of
from pruning.rules.words import count, number


@dataclass(frozen=True, kw_only=True)
class Gradient:
    """Notice a gradient norm that has vanished or exploded on `reports` reports in a row.

    Vanished: not above `floor`. Exploded: more than `factor` times the median of the `window` reports before.
    Adapters with frozen layers, loss scaling and clipping distort the norm (report it before clipping), so it
    warns unless told to stop.
    """

    name: ClassVar[str] = "gradient"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("gradient_lost", "unstable")

    metric: str = "grad_norm"
    """The norm of the gradient, before clipping."""
    floor: float = 1e-8
    factor: float = 20.0
    reports: int = 3
    """Reports in a row before it speaks."""
    window: int = 20
    """Reports before those, which tell what is usual."""
    action: str = "warn"
    """`stop`, or `warn` to only notice."""

    def __post_init__(self) -> None:
        if not self.metric:
            raise SettingError("metric", self.metric, "is empty: name the gradient's norm, such as grad_norm")
        if not 0 <= self.floor < math.inf:
            raise SettingError("floor", self.floor, "is negative or not finite: 1e-8 is usual")
        if not 1 < self.factor < math.inf:
            raise SettingError("factor", self.factor, "is not above 1: 20 is usual")
        for setting in ("reports", "window"):
            if getattr(self, setting) < 1:
                raise SettingError(setting, getattr(self, setting), "is below 1: one report is the least")
        if self.action not in ACTIONS:
            raise SettingError("action", self.action, "is not one of stop, warn")

    def judge(self, facts: Facts) -> Verdict:
        """Warn (or stop) while the gradient is lost or explodes."""
        norms = facts.others.get(self.metric)
        evidence = self._evidence(norms) if norms is not None else {}
        kind = ACTIONS[self.action] if evidence else Kind.KEEP
        reason = {"lost": "gradient_lost", "exploded": "unstable"}.get(str(evidence.get("test")), "")
        return verdict_of(self, facts, kind, reason, evidence)

    def metrics(self) -> tuple[str, ...]:
        """Return the gradient's norm."""
        return (self.metric,)

    def _evidence(self, norms: Curve) -> dict[str, Any]:
        lost = trailing(norms.values <= self.floor)
        if lost >= self.reports:
            return self._told(norms, "lost", lost, self.floor)
        before = norms.values[: -self.reports][-self.window :]
        before = before[np.isfinite(before)]
        if not before.size:
            return {}
        usual = float(np.median(before))
        high = trailing(~(norms.values <= self.factor * usual))
        return self._told(norms, "exploded", high, usual) if high >= self.reports and usual > 0 else {}

    def _told(self, norms: Curve, test: str, in_a_row: int, against: float) -> dict[str, Any]:
        value = float(norms.values[-1])
        told = {"metric": self.metric, "test": test, "value": value, "in_a_row": in_a_row}
        return told | ({"floor": against} if test == "lost" else {"usual": against, "factor": self.factor})

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return the norm and what it is held against in words."""
        facts = cast(dict[str, Any], evidence)
        if not facts:
            return "the gradient is neither lost nor exploding"
        often = f"for {count(facts['in_a_row'], 'report')} in a row"
        if facts["test"] == "lost":
            return f"{facts['metric']} {number(facts['value'])} has not been above {number(facts['floor'])} {often}"
        limit = f"{number(facts['factor'], 0)} times its usual {number(facts['usual'])}"
        return f"{facts['metric']} {number(facts['value'])} has been above {limit} {often}"
