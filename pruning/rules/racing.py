"""Racing: a trial against the best completed one, fold by fold (or seed by seed, domain by domain)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from pruning import races
from pruning.races import Pair, Pairs, Told
from pruning.rules.base import Curve, Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.surroundings import Needs, Rival
from pruning.rules.verdicts import verdict_of
from pruning.rules.words import apart, count, number

TESTS = ("e_process", "wilcoxon", "t")


@dataclass(frozen=True, kw_only=True)
class Racing:
    """Stop a trial that is worse than the best completed one beyond doubt, on the instances they have in common.

    Maron and Moore, "Hoeffding races" (NIPS 1993); Birattari et al., "A racing algorithm for configuring
    metaheuristics" (GECCO 2002). Every pair is taken at an equal amount of training: what the trial told last on an
    instance against what its rival had told there by the same step. So a mean over two folds never meets a mean over
    five. A value that is not a number is the worst on its instance and leaves the others in the race.

    Looking after every instance breaks a nominal level: of configurations that are equal, far more than α would be
    stopped. `e_process` may be looked at as often as one likes (`pruning.races.bet`); for `wilcoxon` (exact signed
    ranks) and `t` (variance corrected for folds that share training rows) α is divided by the number of looks. The
    level holds for one rival: each new leader is a new race.
    """

    name: ClassVar[str] = "racing"
    version: ClassVar[int] = 1
    reasons: ClassVar[tuple[str, ...]] = ("outraced",)

    label: str = "fold"
    """The label whose values are the instances: `fold`, `seed`, `domain`."""
    test: str = "e_process"
    """`e_process`, `wilcoxon` or `t`."""
    alpha: float = 0.05
    """The chance that a trial which is as good as its rival is stopped, over all looks together; 0 to 0.5."""
    min_pairs: int = 5
    """With fewer instances in common there is no verdict."""
    test_share: float | None = None
    """For `t`: rows tested on over rows trained on in one fold; none: 1/(k-1), of k folds."""

    def __post_init__(self) -> None:
        if not self.label:
            raise SettingError("label", self.label, "is empty: name the label of the instances, such as fold")
        if self.test not in TESTS:
            raise SettingError("test", self.test, f"is not one of {', '.join(TESTS)}")
        if not 0 < self.alpha < 0.5:
            raise SettingError("alpha", self.alpha, "is not between 0 and 0.5: 0.05 is usual")
        if self.min_pairs < 2:
            raise SettingError("min_pairs", self.min_pairs, "is below 2: one instance shows no spread; 5 is usual")
        if self.test_share is not None and not 0 < self.test_share < math.inf:
            raise SettingError("test_share", self.test_share, "is not a positive number: leave it out for k folds")

    @property
    def needs(self) -> Needs:
        """Return what it asks for: its instances and its rival."""
        return Needs(label=self.label, rival=True)

    def judge(self, facts: Facts) -> Verdict:
        """Stop a trial that is worse than its rival beyond doubt; call it at decision points only."""
        told: dict[str, Any] = {"metric": facts.metric, "label": self.label, "test": self.test, "alpha": self.alpha}
        told |= {"direction": "maximize" if facts.maximize else "minimize", "min_pairs": self.min_pairs}
        rival = facts.rival
        if rival is None or not facts.instances:
            return self._verdict(facts, Kind.ABSTAIN, told | {"rival": rival.trial if rival else None, "pairs": 0})
        pairs = pairs_at(facts, rival, facts.step)
        told |= {"rival": rival.trial, "pairs": len(pairs)} | _compared(facts, rival, pairs)
        if len(pairs) < self.min_pairs:
            return self._verdict(facts, Kind.ABSTAIN, told)
        told |= self._tested(facts, rival, pairs)
        return self._verdict(facts, Kind.STOP if told.pop("outraced") else Kind.KEEP, told)

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: it reads the objective alone."""
        return ()

    def _tested(self, facts: Facts, rival: Rival, pairs: Pairs) -> dict[str, Any]:
        """Return the statistic, what was asked of it, and whether it was reached."""
        differences = [pairs[name].difference for name in sorted(pairs)]
        told: dict[str, Any] = {"worse_on": sum(one > 0 for one in differences), "looks": max(1, len(facts.looks))}
        if self.test == "e_process":
            so_far = [pairs_at(facts, rival, look) for look in facts.looks if look < facts.step]
            bets = races.bet([*so_far, pairs])
            asked = races.asked(alpha=self.alpha, number=bets.round, rounds=max(bets.round, told["looks"]))
            told |= {"statistic": bets.wealth, "asked": asked, "round": bets.round}
            return told | {"outraced": bets.wealth >= asked}
        asked = self.alpha / told["looks"]
        if self.test == "wilcoxon":
            statistic, p = races.signed_rank(differences)
        else:
            share = self.test_share or 1 / max(1, len(rival.instances) - 1)
            statistic, p = races.corrected_t(differences, test_share=share)
            told["test_share"] = share
        return told | {"statistic": statistic, "p": p, "asked": asked, "outraced": p <= asked}

    def _verdict(self, facts: Facts, kind: Kind, evidence: dict[str, Any]) -> Verdict:
        reason = {Kind.STOP: "outraced", Kind.ABSTAIN: "few_peers"}.get(kind, "")
        return verdict_of(self, facts, kind, reason, evidence)

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return both means over the instances in common, and the test, in words."""
        facts = cast(dict[str, Any], evidence)
        if facts["rival"] is None:
            return "no trial has completed yet that it could race against"
        if "compared" not in facts:
            return f"it has told {facts['metric']} for no single {facts['label']}"
        if "statistic" not in facts:
            common = f"{facts['pairs']} of the {count(facts['min_pairs'], facts['label'])} asked for"
            return f"it has only {common} in common with trial {facts['rival']}"
        value, base = apart(facts["value"], facts["rival_value"])
        against = f"{facts['metric']} {value} against {base} of trial {facts['rival']}"
        worse = f"worse on {facts['worse_on']} of {count(facts['pairs'], facts['label'])}"
        if facts["test"] == "e_process":
            grown = f"a fair bet that it is worse has grown to {number(facts['statistic'], 1)} times its stake"
            return f"{against}, {worse}; {grown} ({number(facts['asked'], 1)} asked)"
        p, asked = apart(facts["p"], facts["asked"])
        return f"{against}, {worse}; p {p} that an equal does so by chance (at most {asked} asked)"


def pairs_at(facts: Facts, rival: Rival, step: int) -> Pairs:
    """Return the instances both have told by `step`, each at an equal amount of training."""
    pairs: dict[str, Pair] = {}
    for name, curve in facts.instances.items():
        own = _told(facts, curve, step)
        base = _told(facts, rival.instances[name], own.step) if own and name in rival.instances else None
        if own is not None and base is not None:
            pairs[name] = Pair(own=own, rival=base)
    return pairs


def _told(facts: Facts, curve: Curve, step: int) -> Told | None:
    """Return what was told last by `step`; None before anything was."""
    end = int(np.searchsorted(curve.steps, step, side="right"))
    return Told(step=int(curve.steps[end - 1]), key=facts.key(float(curve.values[end - 1]))) if end else None


def _compared(facts: Facts, rival: Rival, pairs: Pairs) -> dict[str, Any]:
    """Return the pairs, both means over exactly them, and what either side has not told; values as told."""
    names = sorted(pairs)
    sides = {
        name: [pair.own.step, _value(facts, pair.own), pair.rival.step, _value(facts, pair.rival)]
        for name, pair in sorted(pairs.items())
    }
    return {
        "compared": sides,
        "value": _mean([sides[name][1] for name in names]),
        "rival_value": _mean([sides[name][3] for name in names]),
        "missing": sorted({*facts.instances, *rival.instances} - set(names)),
    }


def _value(facts: Facts, told: Told) -> float:
    return facts.told(told.key) if math.isfinite(told.key) else math.nan


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
