"""What all cuts by rank share: the population, the place in it, the quota and the cut, as evidence and in words."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

from pruning.rules.base import Evidence, Facts, Peers, Rung
from pruning.rules.groups import Group
from pruning.rules.words import ranking

BASES = ("value", "best")
AHEAD = "ahead"


def rank_evidence(
    facts: Facts, *, by: str, quota_of: Callable[[int], int], among: Group | None = None
) -> dict[str, Any]:
    """Return the evidence of a cut by rank at a decision point.

    by: `value` as told at the step, `best` told up to it, or `ahead` (`pruning.ahead`). quota_of: how many of a
    population of this size go on. among: the group that is ranked apart; None for all trials. The cut is the value in
    the last place that goes on, an observed one with its owner; None while everyone who has come this far is within
    the quota, or where that place is held by a value that is not a number.
    """
    if facts.peers is None:
        raise ValueError(f"step {facts.step} is no decision point: a cut by rank needs the peers")
    rung = facts.peers.rung(facts.step, by=by, among=among)
    value = _told(facts, facts.peers, facts.trial, AHEAD) if by == AHEAD else reference(facts, by)
    rank = rung.rank(facts.key(value), facts.trial)
    population = rung.reached + rung.eliminated
    quota = quota_of(population)
    cut, owner = cut_of(facts, rung, quota)
    return {
        "metric": facts.metric,
        "direction": "maximize" if facts.maximize else "minimize",
        "by": by,
        "value": value,
        "rank": rank,
        "reached": rung.reached,
        "eliminated": rung.eliminated,
        "population": population,
        "quota": quota,
        "cut": cut,
        "cut_trial": owner,
        "peers": rung.digest,
        **(_as_they_stand(facts, facts.peers, owner) if by == AHEAD else {}),
    }


def reference(facts: Facts, by: str) -> float:
    """Return the judged trial's own value: as told at the step, or the best told so far (NaN if none is finite)."""
    return facts.value if by == "value" else facts.best


def _as_they_stand(facts: Facts, peers: Peers, owner: int | None) -> dict[str, float | None]:
    """Return the best now of the judged trial and of the owner of the cut, where both are ranked by their heading."""
    return {
        "best": _told(facts, peers, facts.trial, "best"),
        "cut_best": None if owner is None else _told(facts, peers, owner, "best"),
    }


def _told(facts: Facts, peers: Peers, trial: int, by: str) -> float:
    """Return a trial's value at this decision point as it stands in the population; NaN where none is finite."""
    key = peers.key_of(trial, facts.step, by=by)
    return math.nan if key is None or not math.isfinite(key) else facts.told(key)


def after_cuts(population: int, *, eta: float, cuts: int) -> int:
    """Return how many of a population are left after so many cuts to the best 1/eta, at least 1.

    Integer arithmetic: floor(population / eta^cuts), whatever eta and however many cuts.
    """
    whole = Fraction(str(eta)) ** cuts
    return max(1, population * whole.denominator // whole.numerator)


def cut_of(facts: Facts, rung: Rung, quota: int) -> tuple[float | None, int | None]:
    """Return the value in the last place that goes on, as told, and the trial that holds it."""
    if quota >= rung.reached:
        return None, None
    key, owner = rung.value_at(quota)
    return (facts.told(key), owner) if math.isfinite(key) else (None, owner)


def rank_clause(evidence: Evidence) -> str:
    """Return rank, quota and cut in words."""
    facts = cast(dict[str, Any], evidence)
    return ranking(
        metric=facts["metric"],
        value=facts["value"],
        rank=facts["rank"],
        population=facts["population"],
        quota=facts["quota"],
        cut=facts["cut"],
        best=facts["best"] if facts["by"] == AHEAD else None,
    )
