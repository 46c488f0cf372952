"""Miscalibration gate: probabilities that do not mean what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pruning.rules.base import Evidence, Facts, SettingError, Verdict
from pruning.rules.slopes import ACTIONS
from pruning.rules.threshold import Threshold


@dataclass(frozen=True, kw_only=True)
class Miscalibration:
    """Notice an expected calibration error above `limit` on `reports` reports in a row; a threshold with a name."""

    name: ClassVar[str] = "miscalibration"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("miscalibrated",)

    metric: str = "ece"
    """The expected calibration error, 0 to 1."""
    limit: float = 0.1
    reports: int = 3
    """Reports in a row before it speaks."""
    grace: int = 0
    """Steps during which it does not judge."""
    action: str = "warn"
    """`stop`, or `warn` to only notice."""

    def __post_init__(self) -> None:
        if not self.metric:
            raise SettingError("metric", self.metric, "is empty: name the calibration error, such as ece")
        if not 0 < self.limit < 1:
            raise SettingError("limit", self.limit, "is not between 0 and 1: 0.1 is usual")
        if self.reports < 1:
            raise SettingError("reports", self.reports, "is below 1: one report is the least")
        if self.grace < 0:
            raise SettingError("grace", self.grace, "is negative: 0 judges from the start")
        if self.action not in ACTIONS:
            raise SettingError("action", self.action, "is not one of stop, warn")

    def judge(self, facts: Facts) -> Verdict:
        """Warn (or stop) while the error is above the limit."""
        limit = Threshold(
            metric=self.metric,
            upper=self.limit,
            reports=self.reports,
            grace=self.grace,
            reason="miscalibrated",
            action=self.action,
        )
        found = limit.judge(facts)
        return Verdict(
            kind=found.kind,
            rule=self.name,
            version=self.version,
            step=found.step,
            reason=found.reason,
            evidence=found.evidence,
            clause=found.clause,
        )

    def metrics(self) -> tuple[str, ...]:
        """Return the calibration error."""
        return (self.metric,)

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return the value and the limit in words."""
        return Threshold.clause(evidence)
