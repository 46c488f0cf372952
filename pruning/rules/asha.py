"""Asynchronous successive halving, the stopping form."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from pruning.rules.base import Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.ranks import BASES, rank_clause, rank_evidence


@dataclass(frozen=True, kw_only=True)
class Asha:
    """Of all trials a rung has seen, the best 1/eta go on, at the second rung the best 1/eta², and so on.

    Li et al., "A system for massively parallel hyperparameter tuning" (MLSys 2020), without promotion: a trial
    is judged once, on arrival. Departure: the share is taken of the rung's whole population, trials eliminated
    below it counted as worse, where the paper takes 1/eta of the arrivals. So trials that passed a lower rung
    for another reason (control arm, too few peers at the time) do not widen the quota of the next one. The
    quota is integer arithmetic: floor(population / eta^(rung + 1)), at least 1.
    """

    name: ClassVar[str] = "asha"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("outpaced",)

    eta: float = 3.0
    """One in so many goes on; above 1."""
    by: str = "value"
    """What is ranked: the `value` told at the step, or the `best` told up to it."""

    def __post_init__(self) -> None:
        if not 1 < self.eta <= 1000:
            raise SettingError("eta", self.eta, "is not above 1 (and at most 1000): use 2 to 4")
        if self.by not in BASES:
            raise SettingError("by", self.by, f"is not one of {', '.join(BASES)}")

    def judge(self, facts: Facts) -> Verdict:
        """Keep a trial within its rung's quota, stop it otherwise; call it at decision points only."""
        look = facts.look or 0
        evidence = rank_evidence(facts, by=self.by, quota_of=lambda population: self.quota(population, look))
        evidence |= {"eta": self.eta, "look": look}
        within = evidence["rank"] <= evidence["quota"]
        return Verdict(
            kind=Kind.KEEP if within else Kind.STOP,
            rule=self.name,
            version=self.version,
            step=facts.step,
            reason="" if within else "outpaced",
            evidence=evidence,
            clause=self.clause(evidence),
        )

    def quota(self, population: int, look: int) -> int:
        """Return how many of a rung's population go on, by integer arithmetic."""
        eta = Fraction(str(self.eta)) ** (look + 1)
        return max(1, population * eta.denominator // eta.numerator)

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: it reads the objective alone."""
        return ()

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return rank, quota and cut in words."""
        return rank_clause(evidence)
