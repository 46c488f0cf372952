"""Optuna's own pruners as a strategy: their answer, the evidence recovered beside it, marked as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import optuna

from pruning.foreign.optuna_evidence import TOO_FEW, Answer, ask
from pruning.foreign.optuna_settings import PRUNERS, make
from pruning.foreign.optuna_words import clause_of
from pruning.foreign.recorded import MARK
from pruning.rules.base import Evidence, Facts, Kind, Verdict

LIBRARY = f"Optuna {optuna.__version__}"


@dataclass(frozen=True, kw_only=True)
class OptunaPruner:
    """Whatever a pruner of Optuna's answers at a decision point.

    It is shown a study rebuilt from the facts (`optuna_study`), asked, and believed. Its rules are Optuna's: only
    complete trials count as a percentile's peers, stopped ones count nowhere, a percentile may lie between two
    values. Each verdict is marked `recorded`: a replay does not judge it again, since another version of Optuna may
    answer otherwise.
    """

    name: ClassVar[str] = "optuna"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = tuple(sorted({known.reason for known in PRUNERS.values()}))

    pruner: str = "median"
    """Which of them: `median`, `percentile`, `successive_halving`, `hyperband`, `patient`, `threshold`, `wilcoxon`."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Its settings by Optuna's own names; what is left out stands at Optuna's default."""

    def __post_init__(self) -> None:
        make(self.pruner, self.settings)

    def judge(self, facts: Facts) -> Verdict:
        """Ask the pruner; call it at decision points only. A new one is made each time: some of them remember."""
        answer = ask(make(self.pruner, self.settings), facts)
        evidence = self._evidence(facts, answer)
        kind = Kind.STOP if answer.prunes else Kind.ABSTAIN if answer.basis == TOO_FEW else Kind.KEEP
        reason = {Kind.STOP: PRUNERS[self.pruner].reason, Kind.ABSTAIN: "few_peers"}.get(kind, "")
        return Verdict(
            kind=kind,
            rule=self.name,
            version=self.version,
            step=facts.step,
            reason=reason,
            evidence=evidence,
            clause=self.clause(evidence),
        )

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: it reads the objective alone."""
        return ()

    def _evidence(self, facts: Facts, answer: Answer) -> dict[str, Any]:
        return {
            "metric": facts.metric,
            "direction": "maximize" if facts.maximize else "minimize",
            "pruner": self.pruner,
            "settings": dict(self.settings),
            MARK: LIBRARY,
            "prunes": answer.prunes,
            "basis": answer.basis,
            **answer.numbers,
        }

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return what the pruner went by, in words."""
        return clause_of(cast(dict[str, Any], evidence))
