"""Learning-curve posterior: stop a trial whose own curve says that it will hardly end among the best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from pruning.rules.base import Curve, Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.experience import Experience, ended_and_seen, place_evidence, thinned
from pruning.rules.ranks import BASES
from pruning.rules.verdicts import verdict_of
from pruning.rules.words import chances, count, number

LEAST_REPORTS, LEAST_ENDED = 2, 3
MOST_SHAPES = 3


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """A trial stops when its chance to end among the best `k` is below `alpha` at `in_a_row` decision points.

    Its curve is continued by the shapes of `pruning.learning_curves`, with what the trials that have ended taught
    at the same decision point as the prior (Domhan et al., "Speeding up automatic hyperparameter optimization by
    extrapolation of learning curves", IJCAI 2015, in closed form). The chance is that its value at the end is
    better than the k-th best end in hand by more than `min_gain`.

    Known weakness: curves that drop late, restart or follow another schedule than their peers end farther from the
    forecast than its deviation says. It is widened by how far the peers' own ends fell from their forecasts
    (`widening`, at least 1), which sees only what peers that ended have shown.

    Departures: shapes are scaled to 1 at the decision point, not at the first report, because there the peers'
    values are known; and the chance at the earlier decision points is computed with today's knowledge of the peers.
    """

    name: ClassVar[str] = "posterior"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("unpromising",)

    alpha: float = 0.05
    """Below this chance a trial is stopped; between 0 and 1."""
    k: int = 1
    """The chance is that to end among the best so many."""
    in_a_row: int = 2
    """Decision points in a row at which the chance must be too small."""
    min_reports: int = 4
    """Own reports before a forecast is made."""
    min_ended: int = 5
    """Trials that must have ended, and been seen at the decision point, before a forecast is made."""
    min_gain: float = 0.0
    """By how much the end must beat the k-th best, in the metric's unit."""
    by: str = "best"
    """What is forecast and compared: the `value` told, or the `best` told so far."""
    window: int = 500
    """The newest so many ended trials are the prior."""

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise SettingError("alpha", self.alpha, "is not between 0 and 1: 0.05 is usual")
        for setting, least in (("k", 1), ("in_a_row", 1), ("min_reports", LEAST_REPORTS), ("min_ended", LEAST_ENDED)):
            if getattr(self, setting) < least:
                raise SettingError(setting, getattr(self, setting), f"is below {least}, the least that makes sense")
        if not 0 <= self.min_gain < math.inf:
            raise SettingError("min_gain", self.min_gain, "is not a number of at least 0: 0 asks for any gain")
        if self.by not in BASES:
            raise SettingError("by", self.by, f"is not one of {', '.join(BASES)}")
        if self.window < self.min_ended:
            raise SettingError("window", self.window, f"is below min_ended ({self.min_ended}): use some hundreds")

    def judge(self, facts: Facts) -> Verdict:
        """Stop a trial without a chance; ABSTAIN while its curve or its peers are too few to tell."""
        evidence = self._standing(facts)
        least = max(self.min_ended, self.k)
        here = Experience.at(facts.step, facts=facts, by=self.by, window=self.window, least=least)
        if here is None or evidence["cut"] is None:
            few = {"ended_here": len(ended_and_seen(facts, facts.step, by=self.by)), "needs_ended": least}
            return verdict_of(self, facts, Kind.ABSTAIN, "few_peers", evidence | few)
        if not math.isfinite(facts.value):
            return verdict_of(self, facts, Kind.STOP, "unpromising", evidence | self._hopeless())
        if evidence["reports"] < self.min_reports:
            return verdict_of(self, facts, Kind.ABSTAIN, "grace", evidence | {"min_reports": self.min_reports})
        target = facts.key(evidence["cut"]) - self.min_gain
        evidence |= here.evidence(facts) | self._outlook(facts, here, target)
        if evidence["probability"] >= self.alpha:
            return verdict_of(self, facts, Kind.KEEP, "", evidence | {"low_looks": 0})
        evidence |= self._before(facts, target)
        if evidence["low_looks"] < self.in_a_row:
            return verdict_of(self, facts, Kind.KEEP, "", evidence)
        return verdict_of(self, facts, Kind.STOP, "unpromising", evidence)

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: it reads the objective alone."""
        return ()

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return the value, where it will end, the chance and the cut in words."""
        facts = cast(dict[str, Any], evidence)
        value = f"{facts['metric']} {number(facts['value'])}"
        if "needs_ended" in facts:
            needs = count(facts["needs_ended"], "ended trial")
            return f"{value} has {facts['ended_here']} of {needs} to be forecast from"
        if "min_reports" in facts:
            return f"{value} after {count(facts['reports'], 'report')}; a forecast takes {facts['min_reports']}"
        return f"{value} {_expectation(facts)}; {_chance_words(facts)}"

    def _standing(self, facts: Facts) -> dict[str, Any]:
        """Return the trial's place here, and the k-th best end in hand with its owner."""
        evidence = place_evidence(facts, by=self.by)
        assert facts.peers is not None  # noqa: S101 - place_evidence refused otherwise
        ends = facts.peers.rung(facts.horizon, by=self.by)
        in_hand = [pair for pair in ends.values() if pair[1] != facts.trial]
        cut, owner = in_hand[self.k - 1] if len(in_hand) >= self.k else (math.inf, None)
        is_known = math.isfinite(cut)
        return evidence | {
            "reports": _reports(facts.curve),
            "ended": len(in_hand),
            "ends": ends.digest,
            "cut": facts.told(cut) if is_known else None,
            "cut_trial": owner if is_known else None,
            "min_gain": self.min_gain,
            "k": self.k,
            "alpha": self.alpha,
            "looks_needed": self.in_a_row,
        }

    def _outlook(self, facts: Facts, experience: Experience, target: float) -> dict[str, Any]:
        """Return the forecast of the trial as of a decision point, and its chance to end below `target`."""
        curve = told_keys(facts, self.by).until(experience.step)
        found = experience.forecast_curve(curve)
        below = float(found.chance_below(experience.standard(target), experience.widening)[0])
        is_there = self.by == "best" and float(curve.values.min()) < target
        return {
            "mu": facts.told(experience.key(float(found.mean[0]))),
            "sd": experience.scale * float(found.deviation(experience.widening)[0]),
            "probability": 1.0 if is_there else below,
            "probability_of": "best_k",
            "shapes": found.best_shapes(most=MOST_SHAPES),
            "points": len(thinned(curve)[0]),
            "noise": experience.scale * float(found.noise[0]),
        }

    def _before(self, facts: Facts, target: float) -> dict[str, Any]:
        """Return how many decision points in a row, this one the last, gave too small a chance."""
        earlier: list[dict[str, Any]] = []
        for look in reversed([look for look in facts.looks if look < facts.step]):
            if len(earlier) + 1 >= self.in_a_row or _reports(facts.curve.until(look)) < self.min_reports:
                break
            then = Experience.at(look, facts=facts, by=self.by, window=self.window, least=self.min_ended)
            if then is None:
                break
            outlook = self._outlook(facts, then, target)
            earlier.append({"step": look} | {name: outlook[name] for name in ("mu", "sd", "probability")})
            if outlook["probability"] >= self.alpha:
                break
        low = 1 + sum(one["probability"] < self.alpha for one in earlier)
        return {"before": earlier, "low_looks": low}

    @staticmethod
    def _hopeless() -> dict[str, Any]:
        return {"probability": 0.0, "probability_of": "best_k", "mu": None, "sd": None, "low_looks": 1}


def told_keys(facts: Facts, by: str) -> Curve:
    """Return the trial's own curve as keys: each report's value, or the best told up to it."""
    keys = facts.keys(facts.curve)
    return Curve(steps=facts.curve.steps, values=np.minimum.accumulate(keys) if by == "best" else keys)


def _reports(curve: Curve) -> int:
    """Return how many reports a forecast could read, were it to read all."""
    return int((np.isfinite(curve.values) & (curve.steps >= 1)).sum())


def _expectation(facts: dict[str, Any]) -> str:
    if facts["mu"] is None:
        return "is not a number"
    return f"is expected to end at {number(facts['mu'])} ± {number(facts['sd'])}"


def _chance_words(facts: dict[str, Any]) -> str:
    """Return the chance, the cut and how both compare with what is asked."""
    best = "the best" if facts["k"] == 1 else f"among the best {facts['k']}"
    beyond = f", by {number(facts['min_gain'])}" if facts["min_gain"] else ""
    probability, alpha = chances(facts["probability"], facts["alpha"])
    said = f"the chance to be {best} (cut {number(facts['cut'])}{beyond}) is {probability}"
    if facts["mu"] is None:
        return said
    if facts["probability"] >= facts["alpha"]:
        return f"{said}, {alpha} is asked"
    low, needed = facts["low_looks"], facts["looks_needed"]
    if low < needed:
        return f"{said}, below {alpha} at {count(low, 'look')}; it stops after {needed} in a row"
    return f"{said}, below {alpha}" + ("" if needed == 1 else f" at {low} looks in a row")
