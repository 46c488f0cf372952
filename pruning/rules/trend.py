"""Trend gate: an objective that keeps getting worse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, cast

from pruning.rules.base import Evidence, Facts, Kind, Verdict
from pruning.rules.slopes import ACTIONS, check_window, slope_evidence, theil_sen, worsening
from pruning.rules.verdicts import verdict_of


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Notice an objective that has been getting worse for a while.

    The slope over the last `reports` reports (Theil and Sen) with its 90 % interval: bad when the whole interval
    lies on the worse side. Warm-up, restarts and schedules that improve only at the end look like this too, so it
    warns unless told to stop.
    """

    name: ClassVar[str] = "trend"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("unstable",)

    reports: int = 10
    """Reports in the window."""
    grace: int = 0
    """Steps during which it does not judge."""
    action: str = "warn"
    """`stop`, or `warn` to only notice."""

    def __post_init__(self) -> None:
        check_window(self.reports, self.grace, self.action)

    def judge(self, facts: Facts) -> Verdict:
        """Warn (or stop) while the whole interval of the slope is worse than level."""
        slope = theil_sen(facts.normalised, self.reports) if facts.step > self.grace else None
        is_worse = slope is not None and slope.low > 0
        evidence = slope_evidence(facts, slope) if slope is not None and is_worse else {}
        kind = ACTIONS[self.action] if is_worse else Kind.KEEP
        return verdict_of(self, facts, kind, "unstable" if is_worse else "", evidence)

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: it reads the objective alone."""
        return ()

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return how fast the objective got worse, in words."""
        facts = cast(dict[str, Any], evidence)
        return worsening(facts) if facts else "no trend is worse than level"
