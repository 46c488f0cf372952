"""Plateau gate: nothing more to gain, so the best value counts and the trial may end COMPLETE."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from pruning.rules.base import Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.verdicts import verdict_of
from pruning.rules.words import number


@dataclass(frozen=True, kw_only=True)
class Plateau:
    """Finish a trial whose best value has not improved by more than noise for a while.

    No gain above delta = max(`min_gain`, 2 s) in the last max(`reports` reports, `share` of the planned length), s =
    1.4826 * median |first difference| / sqrt(2) over those reports. The verdict is FINISH, not STOP: its best
    checkpoint counts. A policy asks it after the strategy, at decision points, and only about a trial that is not
    among the best there (curves that fall after a long plateau exist); between decision points it warns.
    """

    name: ClassVar[str] = "plateau"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("plateaued",)

    reports: int = 5
    """Reports without a gain, at least."""
    share: float = 0.15
    """Share of the planned length without a gain, at least; 0 to 1."""
    min_gain: float = 0.0
    """What counts as a gain, in the metric's own unit; the noise counts besides."""

    def __post_init__(self) -> None:
        if self.reports < 3:
            raise SettingError("reports", self.reports, "is below 3: noise needs at least three reports")
        if not 0 <= self.share < 1:
            raise SettingError("share", self.share, "is not between 0 and 1: it is a share of the planned length")
        if not 0 <= self.min_gain < math.inf:
            raise SettingError("min_gain", self.min_gain, "is negative or not finite: 0 asks for any gain")

    def judge(self, facts: Facts) -> Verdict:
        """Finish a trial that has not gained; keep it otherwise."""
        evidence = self._evidence(facts)
        kind = Kind.FINISH if evidence else Kind.KEEP
        return verdict_of(self, facts, kind, "plateaued" if evidence else "", evidence)

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: it reads the objective alone."""
        return ()

    def _evidence(self, facts: Facts) -> dict[str, Any]:
        steps, keys = facts.curve.steps, facts.keys(facts.curve)
        by_share = int(np.searchsorted(steps, facts.step - self.share * facts.horizon, side="right"))
        start = min(by_share, len(steps) - self.reports)
        if start < 1 or not np.isfinite(keys[:start]).any():
            return {}
        before, window = float(keys[:start].min()), keys[start:]
        differences = np.abs(np.diff(window[np.isfinite(window)]))
        noise = 1.4826 * float(np.median(differences)) / math.sqrt(2) if differences.size else 0.0
        delta, gain = max(self.min_gain, 2 * noise), max(0.0, before - float(window.min()))
        if gain > delta:
            return {}
        return {
            "metric": facts.metric,
            "value": facts.value,
            "best": facts.best,
            "best_step": facts.best_step,
            "gain": gain,
            "delta": delta,
            "noise": noise,
            "reports": int(window.size),
            "since": int(steps[start - 1]),
        }

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return how long nothing was gained, and the best value, in words."""
        facts = cast(dict[str, Any], evidence)
        if not facts:
            return "it still gains"
        gained = f"not improved by more than {number(facts['delta'])}" if facts["delta"] else "not improved"
        best = f"its best, {number(facts['best'])} at step {facts['best_step']}, counts"
        return f"nothing more to gain: {facts['metric']} has {gained} in {facts['reports']} reports; {best}"
