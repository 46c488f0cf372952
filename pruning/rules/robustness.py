"""Robustness gate: a model that breaks on longer or corrupted input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from pruning.rules.base import Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.divergence import trailing
from pruning.rules.slopes import ACTIONS
from pruning.rules.verdicts import verdict_of
from pruning.rules.words import count, number


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """Notice a trial whose metric on hard input is more than `factor` times the one on plain input.

    Both are told at the same steps, lower is better (perplexities, losses): on `reports` common reports in a row.
    Diagnostics break ties and demote; they stop nothing unless told to.
    """

    name: ClassVar[str] = "robustness"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("fragile",)

    metric: str = "long_perplexity"
    """The metric on hard input: longer prompts, corrupted letters."""
    against: str = "val_perplexity"
    """The same metric on plain input."""
    factor: float = 2.0
    reports: int = 2
    """Reports in a row before it speaks."""
    action: str = "warn"
    """`stop`, or `warn` to only notice."""

    def __post_init__(self) -> None:
        for setting in ("metric", "against"):
            if not getattr(self, setting):
                raise SettingError(setting, "", "is empty: name a metric that the trial reports")
        if not 1 < self.factor < math.inf:
            raise SettingError("factor", self.factor, "is not above 1: 2 lets it be twice as bad")
        if self.reports < 1:
            raise SettingError("reports", self.reports, "is below 1: one report is the least")
        if self.action not in ACTIONS:
            raise SettingError("action", self.action, "is not one of stop, warn")

    def judge(self, facts: Facts) -> Verdict:
        """Warn (or stop) while the model is that much worse on hard input."""
        evidence = self._evidence(facts)
        kind = ACTIONS[self.action] if evidence else Kind.KEEP
        return verdict_of(self, facts, kind, "fragile" if evidence else "", evidence)

    def metrics(self) -> tuple[str, ...]:
        """Return both metrics."""
        return self.metric, self.against

    def _evidence(self, facts: Facts) -> dict[str, Any]:
        hard, plain = facts.others.get(self.metric), facts.others.get(self.against)
        if self.against == facts.metric:
            plain = facts.curve
        if hard is None or plain is None:
            return {}
        steps, of_hard, of_plain = np.intersect1d(hard.steps, plain.steps, return_indices=True)
        if not steps.size or steps[-1] != hard.steps[-1]:
            return {}
        values, bases = hard.values[of_hard], plain.values[of_plain]
        # Negated, so that a value that is not a number counts as broken.
        in_a_row = trailing(~(values <= self.factor * bases))
        if in_a_row < self.reports:
            return {}
        told = {"metric": self.metric, "value": float(values[-1]), "against": self.against, "base": float(bases[-1])}
        return told | {"factor": self.factor, "in_a_row": in_a_row}

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return both values and the factor in words."""
        facts = cast(dict[str, Any], evidence)
        if not facts:
            return "hard input costs no more than allowed"
        limit = f"more than {number(facts['factor'], 1)} times {facts['against']} {number(facts['base'])}"
        often = f"for {count(facts['in_a_row'], 'report')} in a row"
        return f"{facts['metric']} {number(facts['value'])} has been {limit} {often}"
