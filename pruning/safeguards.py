"""Safeguards: what may protect a trial from a rule, asked in one fixed order."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from pruning.rules.base import Facts, Kind, SettingError, Verdict
from pruning.rules.reasons import SAFEGUARDS
from pruning.rules.surroundings import Needs
from pruning.rules.words import count, number
from pruning.sparing import Found, enough_stopped, stands_apart, within_noise


@dataclass(frozen=True, kw_only=True)
class Safeguards:
    """Settings of the safeguards. All but `pinned` and `control` hold against the strategy only, not against gates."""

    min_peers: int = 5
    """With fewer other trials at a decision point there is no verdict and the trial goes on."""
    grace: int = 0
    """Steps during which the strategy stops nothing."""
    patience: int = 1
    """Bad decision points in a row before a trial is stopped; 1 stops at the first."""
    min_improvement: float | None = None
    """A trial that improved its best by this much since the last decision point is spared; none: not asked."""
    near_end: float | None = None
    """From this share of the planned length on (0 to 1) the strategy stops nothing; none: not asked."""
    top_k: int = 1
    """The best so many at a decision point are never stopped there."""
    confidence: float | None = None
    """Standard errors by which a value must be worse than the cut; none: not asked."""
    label: str = ""
    """The label whose series tell the standard error: `fold`, `seed`, `domain`."""
    noise: float | None = None
    """The standard error of one value, where there are no such series; in the metric's own unit."""
    diversity: float | None = None
    """A trial near the cut that lies farther than this (0 to 1) from all that go on is spared; none: not asked."""
    stops_per_hour: int | None = None
    """The strategy stops or pauses at most so many trials within an hour; none: not asked."""
    control_every: int = 20
    """One of so many consecutive suggested trials belongs to the control arm; 0: no control arm."""
    best_k: int = 5
    """A stop was wrong if the trial would have ended among the best so many; fixed by the first revision."""

    def __post_init__(self) -> None:
        for setting in ("min_peers", "grace", "top_k", "control_every"):
            if getattr(self, setting) < 0:
                raise SettingError(setting, getattr(self, setting), "is negative: 0 switches it off")
        if self.control_every == 1:
            raise SettingError("control_every", 1, "puts every trial in the control arm: use 0 for none, or 5 to 50")
        if self.best_k < 1:
            raise SettingError("best_k", self.best_k, "is below 1: 1 asks for the winner alone, 5 for the best five")
        if self.patience < 1:
            raise SettingError("patience", self.patience, "is below 1: 1 stops at the first bad decision point")
        if self.min_improvement is not None and not 0 < self.min_improvement < math.inf:
            raise SettingError("min_improvement", self.min_improvement, "is not a positive number: leave it out")
        if self.near_end is not None and not 0 < self.near_end < 1:
            raise SettingError("near_end", self.near_end, "is not between 0 and 1: it is a share of the length")
        self._check_noise()
        if self.diversity is not None and not 0 < self.diversity < 1:
            raise SettingError(
                "diversity", self.diversity, "is not between 0 and 1: it is a distance, 0.2 to 0.4 is usual"
            )
        if self.stops_per_hour is not None and self.stops_per_hour < 1:
            raise SettingError("stops_per_hour", self.stops_per_hour, "is below 1: leave it out for no limit")

    def _check_noise(self) -> None:
        for setting in ("confidence", "noise"):
            if getattr(self, setting) is not None and not 0 < getattr(self, setting) < math.inf:
                raise SettingError(setting, getattr(self, setting), "is not a positive number: leave it out")
        if self.confidence is not None and not self.label and self.noise is None:
            message = "has no noise to be measured by: give label (fold, seed) or noise"
            raise SettingError("confidence", self.confidence, message)
        for setting in ("label", "noise"):
            if self.confidence is None and getattr(self, setting):
                raise SettingError(setting, getattr(self, setting), "is for confidence alone: give confidence too")

    @property
    def needs(self) -> Needs:
        """Return what the safeguards ask for beside curves and ranks."""
        places, hours = self.diversity is not None, self.stops_per_hour is not None
        return Needs(label=self.label, places=places, hours=hours)

    def too_few_peers(self, facts: Facts) -> Verdict | None:
        """Return the ABSTAIN of a decision point that too few others have reached."""
        assert facts.peers is not None  # noqa: S101 - called at decision points only
        others = facts.peers.rung(facts.step).reached - 1
        if others >= self.min_peers:
            return None
        evidence = {"metric": facts.metric, "value": facts.value, "peers": others, "min_peers": self.min_peers}
        return Verdict(
            kind=Kind.ABSTAIN,
            rule="safeguards",
            version=1,
            step=facts.step,
            reason="few_peers",
            evidence=evidence,
            clause=f"only {others} of {count(self.min_peers, 'peer')} have reached it",
        )

    def answer_strategy(self, facts: Facts, verdict: Verdict) -> Verdict:
        """Return the strategy's STOP or PAUSE, or the PROTECT of the first safeguard that holds against it."""
        asked = [self._grace, self._patience, self._improving, self._near_end, self._top]
        if not verdict.evidence.get("waits"):  # a trial that waits for others is not cut yet
            asked += [self._uncertain, self._diverse, self._quota]
        for safeguard in asked:
            found = safeguard(facts, verdict)
            if found is not None:
                return protected(verdict, *found)
        return self.answer_gate(facts, verdict)

    def answer_finish(self, facts: Facts, verdict: Verdict) -> Verdict:
        """Return a FINISH, or the PROTECT of a trial that is among the best here, pinned or a control."""
        found = self._top(facts, verdict)
        return protected(verdict, *found) if found else self.answer_gate(facts, verdict)

    def answer_gate(self, facts: Facts, verdict: Verdict) -> Verdict:
        """Return a gate's verdict, or the PROTECT of a pin or of the control arm; a hard verdict stands."""
        if verdict.hard:
            return verdict
        if facts.is_pinned:
            return protected(verdict, "pinned", {}, SAFEGUARDS["pinned"])
        if facts.is_control and facts.draw is not None:
            draw = {"suggestion": facts.draw.suggestion, "every": facts.draw.every, "place": facts.draw.place}
            return protected(verdict, "control", {"draw": draw}, SAFEGUARDS["control"])
        return verdict

    def _grace(self, facts: Facts, verdict: Verdict) -> Found | None:
        if facts.step > self.grace or not self.grace:
            return None
        return "grace", {"grace": self.grace}, f"it is in its grace period, up to step {self.grace}"

    def _patience(self, facts: Facts, verdict: Verdict) -> Found | None:
        bad = facts.bad_looks + 1
        if bad >= self.patience:
            return None
        return (
            "patience",
            {"bad_looks": bad, "patience": self.patience},
            f"this is bad look {bad} in a row and the policy waits for {self.patience}",
        )

    def _improving(self, facts: Facts, verdict: Verdict) -> Found | None:
        if self.min_improvement is None:
            return None
        since = max((look for look in facts.looks if look < facts.step), default=0)
        before, now = facts.keys(facts.curve.until(since)), facts.keys(facts.curve)
        if not before.size:
            before = now[:1]
        gain = float(before.min() - now.min())
        if not gain >= self.min_improvement:
            return None
        evidence = {"improvement": gain, "since": since, "min_improvement": self.min_improvement}
        asked = number(self.min_improvement)
        return "patience", evidence, f"it improved by {number(gain)} since step {since} ({asked} asked)"

    def _near_end(self, facts: Facts, verdict: Verdict) -> Found | None:
        if self.near_end is None or facts.step < self.near_end * facts.horizon:
            return None
        return (
            "near_end",
            {"near_end": self.near_end, "horizon": facts.horizon},
            f"it is near its end at step {facts.horizon}",
        )

    def _top(self, facts: Facts, verdict: Verdict) -> Found | None:
        rank = verdict.evidence.get("rank")
        if verdict.evidence.get("waits") and self.top_k <= int(str(verdict.evidence["quota"])):
            return None  # it waits for its cohort: nothing is cut yet, and the best of it go on
        key = facts.key(facts.value)
        if rank is None and facts.peers is not None:
            rank = facts.peers.rung(facts.step).rank(key, facts.trial)
        if not isinstance(rank, int) or rank > self.top_k or not math.isfinite(key):
            return None
        place = "it is the best here" if self.top_k == 1 else f"it is among the best {self.top_k} here"
        return "incumbent", {"place": rank, "top_k": self.top_k}, place

    def _uncertain(self, facts: Facts, verdict: Verdict) -> Found | None:
        if self.confidence is None:
            return None
        return within_noise(facts, verdict, confidence=self.confidence, noise=self.noise)

    def _diverse(self, facts: Facts, verdict: Verdict) -> Found | None:
        return None if self.diversity is None else stands_apart(facts, verdict, distance=self.diversity)

    def _quota(self, facts: Facts, verdict: Verdict) -> Found | None:
        return None if self.stops_per_hour is None else enough_stopped(facts, per_hour=self.stops_per_hour)


def protected(verdict: Verdict, safeguard: str, numbers: dict[str, Any], addition: str) -> Verdict:
    """Return the PROTECT that answers a verdict: the rule's evidence, what it wanted, and the safeguard's numbers."""
    evidence = dict(verdict.evidence) | numbers
    evidence |= {"overruled": str(verdict.kind), "overruled_reason": verdict.reason}
    return replace(verdict, kind=Kind.PROTECT, reason=safeguard, evidence=evidence, addition=addition)
