"""Calibrated halving: keep just as many as the study's own order can vouch for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, cast

from pruning.links import LIBRARY, SHARES, Shrinkage
from pruning.rules.base import Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.calibration import CalibratedPeers, Calibration, Terms, calibrate
from pruning.rules.ranks import AHEAD, BASES, rank_clause, rank_evidence
from pruning.rules.resuming import Waiting, as_paused, leaders
from pruning.rules.verdicts import verdict_of
from pruning.rules.words import count, number

ACTIONS = ("stop", "pause")
AIMS = ("risk", "payoff")
DRIFTS = ("off", "warn", "widen")
WAITING = "few_peers"


@dataclass(frozen=True, kw_only=True)
class CalibratedHalving:
    """At every decision point the best go on: as many as it takes to hold the risk of losing the winner.

    The study measures how well the order at a decision point agrees with the order later on (`pruning.links`) and
    keeps the shares of least compute under which the eventual best survives with probability of at least
    1 - `risk` (`pruning.quotas`). While the agreement is unknown, nothing is pruned.

    `action: stop` ends a trial outside the quota. `action: pause` pauses it at its checkpoint, and
    `next_to_resume` takes it up again when the quota has grown. `aim: payoff` has no dial: of an endless stream
    of trials it keeps the most would-be winners per compute.
    """

    name: ClassVar[str] = "calibrated_halving"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("outpaced",)

    risk: float = 0.2
    """The accepted risk of losing the eventual best, over all decision points; between 0 and 1."""
    action: str = "stop"
    """`stop`, or `pause` where trials can resume from a checkpoint."""
    aim: str = "risk"
    """`risk`: hold the dial; `payoff`: the most would-be winners per compute, the dial plays no part."""
    lcb: float = 1.0
    """How many standard errors every link is lowered by."""
    tail: float = 0.0
    """The share of winners that may rank anywhere early on, 0 to 1; with 0.1 use a `risk` of 0.35."""
    min_members: int = 8
    """With fewer trials at a decision point nothing is stopped there."""
    wait: int = 8
    """Pausing only: nobody goes on from a decision point before so many have come there; 20 is more careful."""
    min_keep: int = 3
    """So many go on at least."""
    by: str = "best"
    """What is ranked: the `value` told at the step, the `best` told up to it, or `ahead`: where that is
    heading, the best and three quarters of what the last doubling of the training gained."""
    window: int = 2000
    """Links are measured over so many of the newest trials."""
    min_pairs: int = 5
    """Trials that must have gone on before a link between neighbouring decision points counts as known."""
    min_pairs_jump: int = 8
    """The same for links that skip decision points."""
    prior_weight: float = 6.0
    """The prior of every link counts as so many pairs."""
    prior: tuple[float, ...] = LIBRARY
    """Agreement with the end at 2, 4, 8, 16, 32 and 64 % of the training, from past studies."""
    drift: str = "warn"
    """`off`, `warn`, or `widen`: what is done when the newest trials no longer bear a calibration out."""

    def __post_init__(self) -> None:
        if not 0 < self.risk < 1:
            raise SettingError("risk", self.risk, "is not between 0 and 1: 0.2 loses the best in one study of five")
        for setting, known in (("action", ACTIONS), ("aim", AIMS), ("by", (*BASES, AHEAD)), ("drift", DRIFTS)):
            if getattr(self, setting) not in known:
                raise SettingError(setting, getattr(self, setting), f"is not one of {', '.join(known)}")
        if not 0 <= self.tail < 1:
            raise SettingError("tail", self.tail, "is not between 0 and 1: 0.1 lets one winner in ten rank anywhere")
        if not (0 <= self.lcb < math.inf and 0 < self.prior_weight < math.inf):
            setting = "prior_weight" if 0 <= self.lcb < math.inf else "lcb"
            raise SettingError(setting, getattr(self, setting), "is negative, zero or not finite: use 1 to 10")
        for setting in ("min_members", "wait", "min_keep", "window"):
            if getattr(self, setting) < 1:
                raise SettingError(setting, getattr(self, setting), "is below 1: one trial is the least")
        for setting in ("min_pairs", "min_pairs_jump"):
            if getattr(self, setting) < 0:
                raise SettingError(setting, getattr(self, setting), "is negative: 0 trusts the prior alone")
        if len(self.prior) != len(SHARES) or not all(0 < value < 1 for value in self.prior):
            raise SettingError("prior", list(self.prior), f"is not {len(SHARES)} numbers between 0 and 1")

    @cached_property
    def terms(self) -> Terms:
        """Return what a calibration for this rule is computed under."""
        return Terms(
            aim=self.aim,
            risk=self.risk,
            tail=self.tail,
            by=self.by,
            window=self.window,
            drift=self.drift,
            shrinkage=Shrinkage(
                prior_weight=self.prior_weight,
                lcb=self.lcb,
                min_pairs=self.min_pairs,
                min_pairs_jump=self.min_pairs_jump,
                prior=self.prior,
            ),
        )

    def judge(self, facts: Facts) -> Verdict:
        """Keep a trial within the quota, stop or pause it otherwise; call it at decision points only.

        The calibration in force is the peers' own (`CalibratedPeers`), else one computed from them on the spot.
        """
        evidence = self._evidence(facts, self._calibration(facts))
        if self.action == "pause" and evidence["reached"] < self.wait:
            return verdict_of(self, facts, Kind.PAUSE, WAITING, evidence | {"opens_at": self.wait})
        if evidence["reached"] < self.min_members:
            return verdict_of(self, facts, Kind.ABSTAIN, WAITING, evidence | {"stops_from": self.min_members})
        if evidence["chain"] is None:
            return verdict_of(self, facts, Kind.ABSTAIN, WAITING, evidence)
        if evidence["rank"] <= evidence["quota"]:
            return verdict_of(self, facts, Kind.KEEP, "", evidence)
        return verdict_of(self, facts, Kind.PAUSE if self.action == "pause" else Kind.STOP, "outpaced", evidence)

    def next_to_resume(self, facts: Facts, waiting: Sequence[Waiting], *, is_closing: bool) -> Verdict | None:
        """Return the RESUME of the paused trial that should go on, or None while nobody should.

        The highest decision point first, there the best trial, if its rank is within the quota of now. facts: the
        study as of now, with its peers; trial, step and curve are put in. is_closing: no new trial will come, so
        decision points open with fewer than `wait` members. The verdict's evidence names the trial.
        """
        for paused in leaders(waiting):
            verdict = self._resumption(facts, paused, is_closing=is_closing)
            if verdict is not None:
                return verdict
        return None

    def quota(self, population: int, keep: float) -> int:
        """Return how many of a population go on: the share rounded down, at least `min_keep`."""
        return min(population, max(self.min_keep, math.floor(keep * population)))

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: it reads the objective alone."""
        return ()

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return rank, quota and cut in words."""
        facts = cast(dict[str, Any], evidence)
        whole = rank_clause(evidence)
        place, _, _ = whole.partition(";")
        if "opens_at" in facts:
            return f"{place}; nobody goes on before {facts['opens_at']} have come this far"
        if "stops_from" in facts:
            return f"{place}; nobody is stopped before {facts['stops_from']} have come this far"
        if facts["chain"] is None:
            ends = count(facts["finished"], "trial")
            return f"{place}; what the order here is worth is not known yet ({ends} at the end), so all go on"
        return whole

    def _calibration(self, facts: Facts) -> Calibration:
        peers, terms = facts.peers, self.terms
        if peers is None:
            raise ValueError(f"step {facts.step} is no decision point: calibrated halving needs the peers")
        standing = peers.calibration(terms) if isinstance(peers, CalibratedPeers) else None
        return standing or calibrate(peers, looks=facts.looks, horizon=facts.horizon, terms=terms)

    def _evidence(self, facts: Facts, calibration: Calibration) -> dict[str, Any]:
        rung = calibration.at(facts.step)
        evidence = rank_evidence(facts, by=self.by, quota_of=lambda population: self.quota(population, rung.keep))
        evidence |= rung.cited
        return evidence | {
            "aim": self.aim,
            "risk": self.risk,
            "tail": self.tail,
            "lcb": calibration.terms.shrinkage.lcb,
            "trials": calibration.trials,
            "finished": calibration.finished,
            "calibration": calibration.version,
            "calibration_digest": calibration.digest,
            "look": facts.look,
        }

    def _resumption(self, facts: Facts, paused: Waiting, *, is_closing: bool) -> Verdict | None:
        then = as_paused(facts, paused)
        evidence = self._evidence(then, self._calibration(then))
        opens_early = evidence["reached"] < self.wait
        if evidence["rank"] > evidence["quota"] or (opens_early and not is_closing):
            return None
        has_grown = paused.keep is not None and evidence["keep"] > paused.keep
        cause = "slack" if opens_early else ("recalibrated" if has_grown else "rank")
        return verdict_of(
            self, then, Kind.RESUME, cause, evidence | {"trial": paused.trial, "keep_before": paused.keep}
        )


def explanation(evidence: Evidence) -> str:
    """Return why so many go on: what the order here is worth and what the quota holds; empty while unknown.

    `the order at this step agrees 0.72 ± 0.08 with the end (22 trials), so the best 31 are kept to hold the risk of
    losing the winner under 20 %`; where no trial of the study tells yet, that it rests on past studies alone.
    """
    facts = cast(dict[str, Any], evidence)
    if facts.get("chain") is None:
        return ""
    agrees = f"agrees {facts['agreement']:.2f} ± {facts['agreement_error']:.2f} with the end"
    is_own = bool(facts["pairs"])
    order = (
        f"the order at this step {agrees} ({count(facts['pairs'], 'trial')})"
        if is_own
        else f"in past studies the order at this step {agrees} (no trial of this one tells yet)"
    )
    order += f", so the best {facts['quota']} are kept"
    if facts["aim"] == "payoff":
        return f"{order}, which finds the most winners for the compute"
    promise = f"{order} to hold the risk of losing the winner under {number(100 * facts['risk'], 0)} %"
    return promise if is_own else f"{promise} if this study is like them"
