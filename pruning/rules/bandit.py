"""Bandit: a worker trains what promises most for the hours it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from pruning.rules.arms import FORECAST, Arm, Table, uniform
from pruning.rules.base import WORST, Evidence, Facts, Kind, SettingError, Verdict
from pruning.rules.experience import place_evidence
from pruning.rules.ranks import BASES, reference
from pruning.rules.resuming import Waiting
from pruning.rules.surroundings import Needs
from pruning.rules.verdicts import verdict_of
from pruning.rules.words import apart, chances, number

INDICES = ("payoff", "ucb", "thompson")
PER = ("hour", "step")
ACTIONS = ("stop", "pause")
LEAST_ENDED = 3
NEW = "a new trial"


@dataclass(frozen=True, kw_only=True)
class Bandit:
    """At every decision point a trial goes on if no other use of its worker is worth more per hour.

    Arms are rested and rising: a trial improves only while it is trained, so the index looks at where it will end
    (`pruning.rules.arms`) and at the steps that are left to get there. `index: payoff` is the chance to become the
    best, per step to go; a new trial has 1 / (N + 1) for all its steps. `index: ucb` is the gain on the best end
    at `explore` deviations of luck, per step to go. `index: thompson` draws an end for everyone and trains the best
    drawn, half of the time the second best (Russo, "Simple Bayesian algorithms for best arm identification", 2016).

    `per: hour` weighs a step by what it takes: the trial's own seconds per step against the median of the trials that
    completed on its kind of device; every other use takes the usual time, and so does the trial itself until
    `min_ended` have completed there. `per: step` takes all steps for alike.

    `action: stop` stops a trial when a new one is worth more than `margin` times as much. `action: pause` pauses
    it when a paused or a new trial is, and a free worker goes to whoever is worth most. When no new trial will
    come, those go on that are expected among the best `min_keep` or have at least the chance of a new one.

    Draws come from a counter-based generator keyed by `seed`, the number of values seen so far, and the trial's
    number and step; the study's name and the clock play no part.
    """

    name: ClassVar[str] = "bandit"
    version: ClassVar[int] = 2
    reasons: ClassVar[tuple[str, ...]] = ("outplayed",)

    index: str = "payoff"
    """`payoff`, `ucb` or `thompson`."""
    action: str = "stop"
    """`stop`, or `pause` where trials can resume from a checkpoint."""
    per: str = "hour"
    """payoff and ucb: what it is worth per `hour`, or per `step`."""
    margin: float = 2.0
    """Another use must be worth more than so many times as much; at least 1, which takes whatever is worth more."""
    explore: float = 1.0
    """ucb only: deviations of luck; 0 goes by the expected end alone."""
    min_keep: int = 3
    """Pausing only: so many of the best finish when no new trial will come."""
    min_ended: int = 5
    """Trials that must have ended before ends are forecast; until then ranks decide."""
    by: str = "best"
    """What is compared: the `value` told, or the `best` told so far."""
    window: int = 500
    """The newest so many ended trials are what forecasts rest on."""
    seed: int = 0
    """thompson only: of its draws."""

    def __post_init__(self) -> None:
        for setting, allowed in (("index", INDICES), ("action", ACTIONS), ("per", PER), ("by", BASES)):
            if getattr(self, setting) not in allowed:
                raise SettingError(setting, getattr(self, setting), f"is not one of {', '.join(allowed)}")
        if self.index == "thompson" and self.action == "stop":
            raise SettingError("index", self.index, "may be unlucky in one draw: use action pause, which can be undone")
        if not 1 <= self.margin < math.inf:
            raise SettingError("margin", self.margin, "is not a number of at least 1: 1 takes the better use")
        if not 0 <= self.explore < math.inf:
            raise SettingError("explore", self.explore, "is not a number of at least 0: 1 is usual")
        for setting, least in (("min_keep", 1), ("min_ended", LEAST_ENDED)):
            if getattr(self, setting) < least:
                raise SettingError(setting, getattr(self, setting), f"is below {least}, the least that makes sense")
        if self.window < self.min_ended:
            raise SettingError("window", self.window, f"is below min_ended ({self.min_ended}): use some hundreds")

    def judge(self, facts: Facts) -> Verdict:
        """Keep a trial that is the best use of its worker, stop or pause it otherwise; at decision points only."""
        key = facts.key(reference(facts, self.by)) if math.isfinite(facts.value) else WORST
        here = Waiting(trial=facts.trial, step=facts.step, key=key)
        others = [one for one in facts.waiting if one.trial != facts.trial and math.isfinite(one.key)]
        table = self._table(facts, [here, *(others if self.action == "pause" else [])], pace=self._pace(facts))
        own = table.arms[0]
        ranked = self._ranked(table, [*table.arms, table.fresh])
        chosen, second = ranked[0], ranked[1]
        goes_on = math.isfinite(key) and (chosen is own or self._is_close(own, chosen))
        rival = chosen if chosen is not own else second
        evidence = self._evidence(facts, table, own=own, rival=rival, best=chosen)
        if goes_on:
            return verdict_of(self, facts, Kind.KEEP, "", evidence)
        return verdict_of(self, facts, Kind.PAUSE if self.action == "pause" else Kind.STOP, "outplayed", evidence)

    def next_to_resume(self, facts: Facts, waiting: Sequence[Waiting], *, is_closing: bool) -> Verdict | None:
        """Return the RESUME of the paused trial that is worth most; None while a new trial is worth more.

        facts: the study as of now, with its peers; trial, step and curve are put in. is_closing: no new trial will
        come. The verdict's evidence names the trial.
        """
        able = [one for one in waiting if math.isfinite(one.key)]
        if not able:
            return None
        now = replace(facts, trial=-1)  # nobody is judged: every ended trial counts
        table = self._table(now, able)
        under_way = facts.stream.under_way if is_closing and facts.stream else frozenset()
        awaited = sorted(under_way - {one.trial for one in able})
        arms = self._worth_finishing(now, table, len(awaited)) if is_closing else [*table.arms, table.fresh]
        if not arms:
            return None
        ranked = self._ranked(table, arms)
        chosen = next(arm for arm in ranked if arm.trial is not None)
        if chosen is not ranked[0] and not self._is_close(chosen, ranked[0]):
            return None
        rival = next((arm for arm in ranked if arm is not chosen), None)
        one = next(one for one in able if one.trial == chosen.trial)
        then = replace(facts, step=one.step, trial=one.trial)
        evidence = self._evidence(then, table, own=chosen, rival=rival, best=chosen, value=facts.told(one.key))
        return verdict_of(self, then, Kind.RESUME, "slack", evidence | {"trial": one.trial, "awaited": awaited})

    def metrics(self) -> tuple[str, ...]:
        """Return no metric: it reads the objective alone."""
        return ()

    @property
    def needs(self) -> Needs:
        """Ask what steps take, where hours count."""
        return Needs(resources=self.per == "hour" and self.index != "thompson")

    @staticmethod
    def clause(evidence: Evidence) -> str:
        """Return the rank, and what the trial and the other use of its worker are worth, in words."""
        facts = cast(dict[str, Any], evidence)
        rank = f"{facts['metric']} {number(facts['value'])} ranks {facts['rank']} of {facts['population']}"
        own, rival = facts["own"], facts["rival"]
        if not math.isfinite(own["mean"]):
            return f"{rank}; what is not a number will not become the best"
        return f"{rank}; {_WORDS[facts['index']](facts, own, rival)}"

    def _pace(self, facts: Facts) -> float:
        """Return how many times the seconds of a usual step the trial's own steps take; 1 where that is not known."""
        used = facts.resources if self.per == "hour" else None
        if used is None or not used.looks or len(used.finished_seconds) < self.min_ended:
            return 1.0
        own, usual = used.looks[-1].seconds_per_step, used.finished_seconds[(len(used.finished_seconds) - 1) // 2]
        return own / usual if own and usual > 0 else 1.0

    def _table(self, facts: Facts, standing: Sequence[Waiting], *, pace: float = 1.0) -> Table:
        table = Table.of(facts, standing, by=self.by, window=self.window, least=self.min_ended).paced(pace)
        return table.valued(self.index, explore=self.explore, seed=self.seed)

    def _ranked(self, table: Table, arms: Sequence[Arm]) -> list[Arm]:
        """Return the arms, best first; with Thompson's draws the first two change places half of the time."""
        ranked = sorted(arms, key=lambda arm: arm.order)
        if self.index == "thompson" and len(ranked) > 1 and self._coin(table) >= 0.5:
            able = [arm for arm in ranked if math.isfinite(arm.mean)]
            if len(able) > 1:
                ranked[0], ranked[1] = ranked[1], ranked[0]
        return ranked

    def _coin(self, table: Table) -> float:
        return uniform(self.seed, "leader", table.moment)

    def _is_close(self, own: Arm, other: Arm) -> bool:
        """Say whether another use is not worth `margin` times as much; drawn ends and losses have no such scale."""
        if self.index == "thompson":
            return False
        return other.index <= (self.margin * own.index if own.index > 0 else own.index)

    def _worth_finishing(self, facts: Facts, table: Table, awaited: int) -> list[Arm]:
        """Return the arms with the chance of a new trial, or expected among the best `min_keep`.

        Of all that have ended or wait; the `awaited`, who train now, may come in ahead of them. While ends are not
        forecast, so may all that have ended.
        """
        assert facts.peers is not None  # noqa: S101 - the table was made from them
        ends = [key for key, _ in facts.peers.rung(facts.horizon, by=self.by).values() if math.isfinite(key)]
        found = []
        for place, arm in enumerate(sorted(table.arms, key=lambda arm: (arm.mean, arm.trial))):
            ahead = sum(key < arm.mean for key in ends) if table.basis == FORECAST else len(ends)
            if place + ahead + awaited < self.min_keep or arm.chance >= table.fresh.chance:
                found.append(arm)
        return found

    def _evidence(
        self, facts: Facts, table: Table, *, own: Arm, rival: Arm | None, best: Arm, value: float | None = None
    ) -> dict[str, Any]:
        place = place_evidence(facts, by=self.by, value=value)
        cut, owner = table.best or (None, None)
        return place | {
            "index": self.index,
            "basis": table.basis,
            "per": self.per,
            "margin": self.margin,
            "explore": self.explore,
            "seed": self.seed,
            "moment": table.moment,
            "coin": self._coin(table) if self.index == "thompson" else None,
            "is_second": self.index == "thompson" and any(arm.index > best.index for arm in (own, rival) if arm),
            "trials": table.begun,
            "arms": len(table.arms),
            "unit": facts.unit,
            "probability": own.chance,
            "probability_of": "best_k",
            "k": 1,
            "cut": None if cut is None else facts.told(cut),
            "cut_trial": owner,
            "own": own.evidence(facts, table.basis),
            "rival": rival.evidence(facts, table.basis) if rival else None,
            "chosen": best.trial,
            "new": table.fresh.evidence(facts, table.basis),
        }


def _payoff(facts: dict[str, Any], own: dict[str, Any], rival: dict[str, Any] | None) -> str:
    mine, theirs = chances(own["chance"], rival["chance"] if rival else own["chance"])
    slow = "" if own["pace"] == 1 else f" of {number(own['pace'], 2)} times the usual seconds"
    said = f"its chance to be the best is {mine} for {own['cost']} more {facts['unit']}{slow}"
    return f"{said}, {_whose(rival)} {theirs} for {rival['cost']}" if rival else f"{said}, and nobody else waits"


def _ucb(facts: dict[str, Any], own: dict[str, Any], rival: dict[str, Any] | None) -> str:
    mine, theirs = apart(own["index"], rival["index"] if rival else own["index"])
    per = facts["unit"].removesuffix("s") if own["pace"] == 1 else f"usual {facts['unit'].removesuffix('s')}"
    said = f"with luck it gains {mine} per {per}"
    return f"{said}, {_who(rival)} {theirs}" if rival else f"{said}, and nobody else waits"


def _thompson(facts: dict[str, Any], own: dict[str, Any], rival: dict[str, Any] | None) -> str:
    sign = 1 if facts["basis"] == FORECAST and facts["direction"] == "maximize" else -1
    drawn = [sign * arm["index"] for arm in (own, rival or own)]
    mine, theirs = apart(*drawn)
    said = f"the draw has it end at {mine}" + ("" if facts["basis"] == FORECAST else " (as a normal score)")
    toss = "; a toss gave it to the second" if facts["is_second"] else ""
    return f"{said}, {_who(rival)} at {theirs}{toss}" if rival else f"{said}, and nobody else waits"


_WORDS = {"payoff": _payoff, "ucb": _ucb, "thompson": _thompson}


def _who(arm: dict[str, Any]) -> str:
    return NEW if arm["trial"] is None else f"trial {arm['trial']}"


def _whose(arm: dict[str, Any]) -> str:
    return f"{_who(arm)}'s"
