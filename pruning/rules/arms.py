"""What a worker could train next, and what each choice is worth: the arms of a bandit.

An arm is a trial that has come to a decision point, or a new trial. Arms improve while they are trained, so what
counts is where each will end (`Experience`), not what it has shown so far. While too few trials have ended to
forecast from, ends are expected from the ranks alone, in normal scores: a score z now, agreeing with the end at
rho (`prior_agreement`), ends around rho z with variance 1 - rho².
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pruning.links import FIRM, prior_agreement
from pruning.normal import cdf, quantile
from pruning.quotas import winner_score
from pruning.rules.base import WORST, Facts
from pruning.rules.experience import Experience, keys_at
from pruning.rules.resuming import Waiting

FORECAST, RANK = "forecast", "rank"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One choice. Mean and sd are of its end: keys where ends are forecast, normal scores where ranks are all."""

    trial: int | None
    """None: a new trial."""
    step: int
    cost: int
    """Steps from here to the end."""
    chance: float
    """Of becoming the best."""
    mean: float
    sd: float
    pace: float = 1.0
    """How many times the seconds of a usual step its steps take."""
    index: float = 0.0
    """What it is worth, higher is better."""
    draw: float | None = None
    """The uniform number it was dealt, where ends are sampled."""

    @property
    def spends(self) -> float:
        """Return what is left of its training, in usual steps."""
        return self.cost * self.pace

    @property
    def order(self) -> tuple[float, float, float]:
        """Return what arms are sorted by, best first: index, expected end, number (a new trial last)."""
        return -self.index, self.mean, math.inf if self.trial is None else self.trial

    def evidence(self, facts: Facts, basis: str) -> dict[str, Any]:
        """Return its figures; the expected end as told where it is a value of the metric."""
        mean = facts.told(self.mean) if basis == FORECAST and math.isfinite(self.mean) else self.mean
        named = {
            name: getattr(self, name) for name in ("trial", "step", "cost", "pace", "chance", "sd", "index", "draw")
        }
        return named | {"mean": mean}


@dataclass(frozen=True, kw_only=True)
class Table:
    """All arms of one moment."""

    basis: str
    """`forecast` or `rank`."""
    begun: int
    """Trials that have come to the first decision point, or were eliminated below it: N."""
    moment: int
    """Values seen at all decision points so far: no two moments of a study share it."""
    target: float
    """What an arm must end below to become the best, in the unit of the means."""
    best: tuple[float, int] | None
    """The best end in hand, as (key, trial)."""
    arms: tuple[Arm, ...]
    fresh: Arm

    @classmethod
    def of(cls, facts: Facts, standing: Sequence[Waiting], *, by: str, window: int, least: int) -> Table:
        """Return what is known of these trials, each at its decision point, and of a new one."""
        peers = facts.peers
        if peers is None:
            raise ValueError(f"step {facts.step} is no decision point: a bandit needs the peers")
        first = peers.rung(facts.looks[0], by=by)
        begun = first.reached + first.eliminated
        ends = [end for end in peers.rung(facts.horizon, by=by).values() if end[1] != facts.trial]
        best = ends[0] if ends and math.isfinite(ends[0][0]) else None
        moment = sum(peers.rung(step, by=by).reached for step in (*facts.looks, facts.horizon))
        steps = sorted({one.step for one in standing})
        known = {step: Experience.at(step, facts=facts, by=by, window=window, least=least) for step in steps}
        taught = {step: one for step, one in known.items() if one is not None}
        common = {"begun": begun, "moment": moment, "best": best}
        if best is None or len(taught) < len(steps):
            return cls(basis=RANK, **_by_rank(facts, standing, by, begun), **common)  # type: ignore[arg-type]
        return cls(basis=FORECAST, **_forecast(facts, standing, by, taught, best[0], begun), **common)  # type: ignore[arg-type]

    def paced(self, pace: float) -> Table:
        """Return the table with the first arm's steps taking so many times the seconds of usual ones."""
        return replace(self, arms=(replace(self.arms[0], pace=pace), *self.arms[1:]))

    def valued(self, kind: str, *, explore: float, seed: int) -> Table:
        """Return the arms with their indices.

        payoff: the chance per usual step to go. ucb: the gain on the best end that `explore` deviations of luck would
        bring, per usual step to go; per step of a whole trial where it is a loss, lest nearness to the end make it look
        larger. thompson: an end drawn for each, its sign turned where lower is better.
        """
        arms = [self._valued(arm, kind, explore, seed) for arm in (*self.arms, self.fresh)]
        return replace(self, arms=tuple(arms[:-1]), fresh=arms[-1])

    def _valued(self, arm: Arm, kind: str, explore: float, seed: int) -> Arm:
        if not math.isfinite(arm.mean):
            return replace(arm, index=-math.inf)
        if kind == "payoff":
            return replace(arm, index=arm.chance / arm.spends)
        if kind == "ucb":
            gain = self.target - arm.mean + explore * arm.sd
            return replace(arm, index=gain / (arm.spends if gain > 0 else self.fresh.cost))
        place = "new" if arm.trial is None else f"{arm.trial}|{arm.step}"
        draw = uniform(seed, "end", self.moment, place)
        return replace(arm, draw=draw, index=-(arm.mean + arm.sd * quantile(draw)))


def uniform(seed: int, purpose: str, moment: int, place: str = "") -> float:
    """Return a number between 0 and 1 (both excluded) from SHA-256 of (seed, purpose, moment, place).

    A counter-based generator: no number depends on how many were drawn before it.
    """
    key = f"espalier bandit|{seed}|{purpose}|{moment}|{place}".encode()
    return ((int.from_bytes(hashlib.sha256(key).digest()[:8]) >> 12) + 0.5) / (1 << 52)


def _by_rank(facts: Facts, standing: Sequence[Waiting], by: str, begun: int) -> dict[str, Any]:
    assert facts.peers is not None  # noqa: S101 - the caller has looked
    target = winner_score(begun)
    arms = []
    for one in standing:
        rung = facts.peers.rung(one.step, by=by)
        score = quantile((rung.rank(one.key, one.trial) - 0.5) / max(1, rung.reached + rung.eliminated))
        rho = min(FIRM, prior_agreement(one.step / facts.horizon))
        mean, sd = rho * score, math.sqrt(1 - rho * rho)
        arms.append(_arm(facts, one, mean=mean, sd=sd, chance=cdf((target - mean) / sd)))
    return {"target": target, "arms": tuple(arms), "fresh": _fresh(facts, begun, mean=0.0, sd=1.0)}


def _forecast(
    facts: Facts, standing: Sequence[Waiting], by: str, taught: dict[int, Experience], best: float, begun: int
) -> dict[str, Any]:
    """Forecast all trials that stand at the same decision point at once."""
    assert facts.peers is not None  # noqa: S101 - the caller has looked
    seen = {look: keys_at(facts.peers, look, by=by) for look in facts.looks if look <= max(taught, default=0)}
    found: dict[int, Arm] = {}
    for step, experience in taught.items():
        here = [one for one in standing if one.step == step]
        points = np.array([[seen[look].get(one.trial, math.nan) for one in here] for look in experience.looks])
        forecast, widening = experience.forecast_points(points), experience.widening
        chances = forecast.chance_below(experience.standard(best), widening).tolist()
        means, sds = forecast.mean.tolist(), forecast.deviation(widening).tolist()
        for place, one in enumerate(here):
            chance = 1.0 if by == "best" and one.key < best else chances[place]
            mean, sd = experience.key(means[place]), experience.scale * sds[place]
            found[one.trial] = _arm(facts, one, mean=mean, sd=sd, chance=chance)
    early = taught[min(taught)]
    mean = early.key(float(early.prior.end[0]))
    sd = early.scale * math.sqrt(float(early.prior.end_variance[0]))
    arms = tuple(found[one.trial] for one in standing)
    return {"target": best, "arms": arms, "fresh": _fresh(facts, begun, mean=mean, sd=sd)}


def _arm(facts: Facts, one: Waiting, *, mean: float, sd: float, chance: float) -> Arm:
    if not math.isfinite(one.key):
        mean, chance = WORST, 0.0
    cost = facts.horizon - one.step
    return Arm(trial=one.trial, step=one.step, cost=cost, chance=chance, mean=mean, sd=sd)


def _fresh(facts: Facts, begun: int, *, mean: float, sd: float) -> Arm:
    """Return a new trial: of N + 1 exchangeable ones each becomes the best with probability 1 / (N + 1)."""
    return Arm(trial=None, step=0, cost=facts.horizon, chance=1 / (begun + 1), mean=mean, sd=sd)
