"""Asynchronous successive halving: stopping, or pausing and promoting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pruning.rules.base import Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.groups import Split
from pruning.rules.ranks import BASES, after_cuts, rank_clause, rank_evidence
from pruning.rules.resuming import Waiting, as_paused, leaders
from pruning.rules.verdicts import verdict_of

ACTIONS = {"stop": Kind.STOP, "pause": Kind.PAUSE}


@dataclass(frozen=True, kw_only=True)
class Asha:
    """Of all trials a rung has seen, the best 1/eta go on, at the second rung the best 1/eta², and so on.

    Li et al., "A system for massively parallel hyperparameter tuning" (MLSys 2020). `action: stop` judges a trial
    once, on arrival; `action: pause` pauses it at its checkpoint, and it goes on as soon as its rank is within the
    quota, highest rung first, best first (within the quota on arrival it does not pause).

    Departure: the share is taken of the rung's whole population, trials eliminated below it counted as worse, where
    the paper takes 1/eta of the arrivals. So trials that passed a lower rung for another reason (control arm, too
    few peers at the time) do not widen the quota of the next one. The quota is integer arithmetic:
    floor(population / eta^(rung + 1)), at least 1.
    """

    name: ClassVar[str] = "asha"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("outpaced",)

    eta: float = 3.0
    """One in so many goes on; above 1."""
    by: str = "value"
    """What is ranked: the `value` told at the step, or the `best` told up to it."""
    action: str = "stop"
    """`stop`, or `pause` where trials can resume from a checkpoint."""

    def __post_init__(self) -> None:
        if not 1 < self.eta <= 1000:
            raise SettingError("eta", self.eta, "is not above 1 (and at most 1000): use 2 to 4")
        if self.by not in BASES:
            raise SettingError("by", self.by, f"is not one of {', '.join(BASES)}")
        if self.action not in ACTIONS:
            raise SettingError("action", self.action, f"is not one of {', '.join(ACTIONS)}")

    def judge(self, facts: Facts) -> Verdict:
        """Keep a trial within its rung's quota, stop or pause it otherwise; call it at decision points only."""
        evidence = self._evidence(facts)
        if evidence["rank"] <= evidence["quota"]:
            return verdict_of(self, facts, Kind.KEEP, "", evidence)
        return verdict_of(self, facts, ACTIONS[self.action], "outpaced", evidence)

    def next_to_resume(self, facts: Facts, waiting: Sequence[Waiting], *, is_closing: bool) -> Verdict | None:
        """Return the RESUME of the paused trial whose rank is within the quota of now; None if there is none.

        facts: the study as of now, with its peers; trial, step and curve are put in. Whether more trials will come
        (`is_closing`) makes no difference here.
        """
        for paused in leaders(waiting, self._split(facts)):
            then = as_paused(facts, paused)
            evidence = self._evidence(then)
            if evidence["rank"] <= evidence["quota"]:
                return verdict_of(self, then, Kind.RESUME, "rank", evidence | {"trial": paused.trial})
        return None

    def _split(self, facts: Facts) -> Split | None:
        """Return the groups that are ranked apart: there are none."""
        return None

    def _evidence(self, facts: Facts) -> dict[str, Any]:
        look = facts.look or 0
        evidence = rank_evidence(facts, by=self.by, quota_of=lambda population: self.quota(population, look))
        return evidence | {"eta": self.eta, "look": look}

    def quota(self, population: int, look: int) -> int:
        """Return how many of a rung's population go on, by integer arithmetic."""
        return after_cuts(population, eta=self.eta, cuts=look + 1)

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: it reads the objective alone."""
        return ()

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return rank, quota and cut in words."""
        return rank_clause(evidence)
