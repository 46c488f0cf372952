"""Three reasons to spare a trial: the noise between its folds or seeds, its place in the space, many stops lately.

Each function answers a strategy's verdict with `(code, numbers, words)` if the safeguard holds, and None if it does
not. What is asked (a margin, a distance, a number per hour) comes from the policy.
"""

from __future__ import annotations

import math
from itertools import takewhile
from typing import Any

from pruning.places import nearest
from pruning.rules.base import Facts, Rung, Verdict
from pruning.rules.words import count, number

Found = tuple[str, dict[str, Any], str]
"""A safeguard that holds: its code, its numbers, its words."""

SPARED_SHARE = 5
"""At most one in so many of those that reached a decision point is spared there for its diversity."""


def within_noise(facts: Facts, verdict: Verdict, *, confidence: float, noise: float | None) -> Found | None:
    """Hold against a cut that is beaten by no more than `confidence` standard errors.

    The standard error is that of the trial's own mean over its instances, sd / sqrt(n); with fewer than two of them,
    `noise`. It never holds for a value, or an instance, that is not a number.
    """
    value, cut = verdict.evidence.get("value"), verdict.evidence.get("cut")
    if not isinstance(value, float) or not isinstance(cut, float) or not math.isfinite(value):
        return None
    told = [float(curve.values[-1]) for _, curve in sorted(facts.instances.items()) if len(curve)]
    error = noise if len(told) < 2 else standard_error(told)
    margin = facts.key(value) - facts.key(cut)
    if error is None or margin > confidence * error:
        return None
    asked = confidence * error
    numbers = {"margin": margin, "standard_error": error, "confidence": confidence, "instances": len(told)}
    source = f"{number(confidence, 2)} standard errors" if len(told) > 1 else f"{number(confidence, 2)} times the noise"
    words = f"the difference is within the noise: {number(margin)} beyond the cut ({number(asked)} asked, {source})"
    return "uncertain", numbers, words


def standard_error(told: list[float]) -> float | None:
    """Return sd / sqrt(n) of at least two values, sd with n - 1; None if one of them is not finite."""
    if not all(map(math.isfinite, told)):
        return None
    n = len(told)
    mean = math.fsum(told) / n
    return math.sqrt(math.fsum((one - mean) ** 2 for one in told) / (n - 1) / n)


def stands_apart(facts: Facts, verdict: Verdict, *, distance: float) -> Found | None:
    """Hold for a trial near the cut that is farther than `distance` from all that go on.

    Near: its rank is at most one and a half times the quota. Those that go on: all that are as good as the cut, and
    those spared for their diversity before. At most a fifth of those that came here is spared so.
    """
    said = verdict.evidence
    rank, quota, reached = said.get("rank"), said.get("quota"), said.get("reached")
    if not isinstance(rank, int) or not isinstance(quota, int) or not isinstance(reached, int):
        return None
    own_key = facts.key(facts.value if said.get("by", "value") == "value" else facts.best)
    if 2 * rank > 3 * quota or SPARED_SHARE * (len(facts.spared) + 1) > reached or not math.isfinite(own_key):
        return None
    if facts.peers is None or facts.places is None:
        return None
    kept = [*_as_good_as(facts, facts.peers.rung(facts.step, by=str(said.get("by", "value"))), verdict), *facts.spared]
    places = facts.places.of([facts.trial, *kept])
    own = places.get(facts.trial)
    if own is None:
        return None
    found = nearest(own, ((trial, places[trial]) for trial in kept if trial in places and trial != facts.trial))
    if found is None or found[0] <= distance:
        return None
    numbers = {
        "nearest": found[0],
        "nearest_trial": found[1],
        "diversity": distance,
        "spared_before": len(facts.spared),
    }
    words = f"it is unlike all that go on: nearest {number(found[0], 2)} away ({number(distance, 2)} asked)"
    return "diversity", numbers, words


def enough_stopped(facts: Facts, *, per_hour: int) -> Found | None:
    """Hold while the strategy has stopped or paused `per_hour` trials within the last hour."""
    if facts.hours is None:
        return None
    now = facts.hours
    lately = sum(1 for _ in takewhile(lambda then: now - then < 1, reversed(facts.halts)))
    if lately < per_hour:
        return None
    numbers = {"hours": now, "stopped_lately": lately, "stops_per_hour": per_hour}
    return "quota", numbers, f"{count(lately, 'trial')} went no further in the last hour ({per_hour} allowed)"


def _as_good_as(facts: Facts, rung: Rung, verdict: Verdict) -> list[int]:
    """Return the members of a rung in the last place that goes on and before it."""
    cut, owner = verdict.evidence.get("cut"), verdict.evidence.get("cut_trial")
    if not isinstance(cut, float) or not isinstance(owner, int):
        return []
    last = (facts.key(cut), owner)
    return [trial for key, trial in rung.values() if (key, trial) <= last]
