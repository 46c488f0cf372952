"""Percentile cut; the median rule is its default setting."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, cast

from pruning.rules.base import Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.ranks import BASES, rank_clause, rank_evidence, reference
from pruning.rules.verdicts import verdict_of
from pruning.rules.words import apart, count, number

PEERS = ("reached", "finished")


@dataclass(frozen=True, kw_only=True)
class Percentile:
    """The best `keep` percent go on at every decision point; 50 is the median rule.

    Golovin et al., "Google Vizier" (KDD 2017), with two departures. Both sides of the comparison are the same
    quantity (`by`), where Optuna sets a trial's best against its peers' raw values. And with `peers: reached`
    (default) the trials stopped earlier count as worse, so the cut does not tighten with time because only
    survivors are left; `peers: finished` compares with completed trials alone, as Vizier does. The cut is an
    observed value (inverted cdf).
    """

    name: ClassVar[str] = "percentile"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("underperforming",)

    keep: float = 50.0
    """Percent of the population that goes on, above 0 and below 100."""
    by: str = "best"
    """What is compared: the `value` told at the step, or the `best` told up to it."""
    peers: str = "reached"
    """`reached`: all trials that came this far, running ones included; `finished`: completed trials only."""

    def __post_init__(self) -> None:
        if not 0 < self.keep < 100:
            raise SettingError("keep", self.keep, "is not between 0 and 100: 50 is the median rule")
        if self.by not in BASES:
            raise SettingError("by", self.by, f"is not one of {', '.join(BASES)}")
        if self.peers not in PEERS:
            raise SettingError("peers", self.peers, f"is not one of {', '.join(PEERS)}")

    def judge(self, facts: Facts) -> Verdict:
        """Keep a trial within the best `keep` percent, stop it otherwise; call it at decision points only."""
        if self.peers == "finished":
            return self._against_finished(facts)
        evidence = rank_evidence(facts, by=self.by, quota_of=self.quota) | {"keep": self.keep, "among": self.peers}
        return self._verdict(facts, Kind.KEEP if evidence["rank"] <= evidence["quota"] else Kind.STOP, evidence)

    def quota(self, population: int) -> int:
        """Return how many of a population go on: rounded up, so that one of one does."""
        share = Fraction(str(self.keep)) / 100
        return -(-population * share.numerator // share.denominator)

    def _against_finished(self, facts: Facts) -> Verdict:
        if facts.peers is None:
            raise ValueError(f"step {facts.step} is no decision point: a percentile cut needs the peers")
        rung = facts.peers.rung(facts.step, by=self.by, who="finished")
        value = reference(facts, self.by)
        evidence: dict[str, Any] = {"metric": facts.metric, "by": self.by, "value": value, "keep": self.keep}
        evidence |= {"direction": "maximize" if facts.maximize else "minimize", "among": self.peers}
        evidence |= {"finished": rung.reached, "peers": rung.digest}
        if not rung.reached:
            return self._verdict(facts, Kind.ABSTAIN, evidence | {"cut": None, "cut_trial": None})
        quota = self.quota(rung.reached)
        cut_key, owner = rung.value_at(quota)
        evidence |= {"cut_place": quota, "cut": facts.told(cut_key), "cut_trial": owner}
        return self._verdict(facts, Kind.STOP if facts.key(value) > cut_key else Kind.KEEP, evidence)

    def _verdict(self, facts: Facts, kind: Kind, evidence: dict[str, Any]) -> Verdict:
        reason = {Kind.STOP: "underperforming", Kind.ABSTAIN: "few_peers"}.get(kind, "")
        return verdict_of(self, facts, kind, reason, evidence)

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: it reads the objective alone."""
        return ()

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return the value and the cut in words."""
        facts = cast(dict[str, Any], evidence)
        if facts["among"] == "reached":
            return rank_clause(evidence)
        if facts["cut"] is None:
            return "no finished trial has come this way"
        value, cut = apart(facts["value"], facts["cut"])
        side = "worse than" if _is_worse(facts) else "no worse than"
        among = f"the best {number(facts['keep'], 0)} % of {count(facts['finished'], 'finished trial')}"
        return f"{facts['metric']} {value} is {side} {among} (cut {cut})"


def _is_worse(facts: dict[str, Any]) -> bool:
    better = facts["value"] >= facts["cut"] if facts["direction"] == "maximize" else facts["value"] <= facts["cut"]
    return not better
