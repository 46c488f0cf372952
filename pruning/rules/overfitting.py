"""Overfitting gate: validation gets worse while training gets better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, cast

from pruning.rules.base import Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.slopes import ACTIONS, check_window, moved, slope_evidence, theil_sen, worsening
from pruning.rules.verdicts import verdict_of
from pruning.rules.words import number


@dataclass(frozen=True, kw_only=True)
class Overfitting:
    """Stop a trial whose validation metric gets worse while its training metric improves.

    Both slopes over the last `reports` reports (Theil and Sen); the validation slope's whole 90 % interval must lie
    on the worse side and the training slope's on the better one, and the best value must lie before the window.
    The training metric is taken to have the objective's direction.
    """

    name: ClassVar[str] = "overfitting"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("overfitting",)

    metric: str = "train_loss"
    """The training metric."""
    reports: int = 10
    """Reports in the window."""
    grace: int = 0
    """Steps during which it does not judge."""
    action: str = "stop"
    """`stop`, or `warn` to only notice."""

    def __post_init__(self) -> None:
        if not self.metric:
            raise SettingError("metric", self.metric, "is empty: name the training metric, such as train_loss")
        check_window(self.reports, self.grace, self.action)

    def judge(self, facts: Facts) -> Verdict:
        """Stop (or warn) while validation gets worse and training better."""
        evidence = self._evidence(facts) if facts.step > self.grace else {}
        kind = ACTIONS[self.action] if evidence else Kind.KEEP
        return verdict_of(self, facts, kind, "overfitting" if evidence else "", evidence)

    def metrics(self) -> tuple[str, ...]:
        """Return the training metric."""
        return (self.metric,)

    def _evidence(self, facts: Facts) -> dict[str, Any]:
        training = facts.others.get(self.metric)
        validation = theil_sen(facts.normalised, self.reports)
        if training is None or validation is None or validation.low <= 0:
            return {}
        taught = theil_sen(facts.as_objective(training), self.reports)
        best_step = facts.best_step
        if taught is None or taught.high >= 0 or best_step is None or best_step > validation.first_step:
            return {}
        return slope_evidence(facts, validation) | {
            "train_metric": self.metric,
            "train_slope": -taught.slope if facts.maximize else taught.slope,
            "best": facts.best,
            "best_step": best_step,
        }

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return both slopes and the best value in words."""
        facts = cast(dict[str, Any], evidence)
        if not facts:
            return "validation does not part from training"
        best = f"its best, {number(facts['best'])}, was at step {facts['best_step']}"
        return f"{worsening(facts)} while {facts['train_metric']} has {moved(facts['train_slope'])} a step; {best}"
