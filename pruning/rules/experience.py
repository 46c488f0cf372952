"""What the trials that have ended teach at a decision point: how far values there stand from values at the end.

Values are brought to standard units by order statistics of the ends in hand (their median, their middle half), so
an affine change of the metric changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from pruning.learning_curves import Forecast, Prior, basis, forecast
from pruning.normal import Floats, exact_sum
from pruning.rules.base import Curve, Facts, Peers
from pruning.rules.ranks import rank_evidence

FARTHEST = 4.0
"""Values of ended trials farther from their median, in standard units, count as so far: one runaway is no rule."""
HALF = 1.349
"""The middle half of a normal distribution is so many standard deviations wide."""
MOST_POINTS = 32


@dataclass(frozen=True, kw_only=True)
class Experience:
    """The trials that have ended and were seen at one decision point, in standard units."""

    step: int
    horizon: int
    peers: int
    """How many of them there are."""
    location: float
    """The median of their ends: the key that is 0 in standard units."""
    scale: float
    """The spread of their ends, in the metric's unit: 1 in standard units."""
    ends: Floats
    gains: Floats
    """What each had left to gain here: the value at this step less the value at the end."""
    looks: tuple[int, ...]
    """The decision points up to this one."""
    points: Floats
    """looks × peers: the values there, NaN where one has none."""

    @classmethod
    def at(cls, step: int, *, facts: Facts, by: str, window: int, least: int) -> Experience | None:
        """Return the experience at a decision point, from the newest `window` of the trials `ended_and_seen` there.

        None with fewer than `least` of them.
        """
        peers = facts.peers
        if peers is None:
            raise ValueError(f"step {facts.step} is no decision point: a forecast needs the peers")
        looks = tuple(look for look in facts.looks if look <= step)
        known = ended_and_seen(facts, step, by=by)
        if len(known) < least:
            return None
        both = sorted(known)[-window:]
        now, ends = (np.array([known[trial][which] for trial in both]) for which in (0, 1))
        seen = [_finite(peers, look, by=by, who="finished") for look in looks]
        location, scale = _middle(ends), _spread(ends) or _spread(now) or 1.0
        points = np.array([[keys.get(trial, math.nan) for trial in both] for keys in seen])
        return cls(
            step=step,
            horizon=facts.horizon,
            peers=len(both),
            location=location,
            scale=scale,
            ends=_drawn_in((ends - location) / scale),
            gains=_drawn_in((now - ends) / scale),
            looks=looks,
            points=(points - location) / scale,
        )

    @cached_property
    def prior(self) -> Prior:
        """Return what they give to one more trial."""
        return Prior.of(self.ends, self.gains)

    @cached_property
    def widening(self) -> float:
        """Return the factor by which deviations must grow to cover how the peers themselves ended; at least 1.

        Each peer's end is forecast from its values at the decision points and the other peers; the factor is the
        root of the mean square of (end - forecast) / deviation.
        """
        found = self._forecast(self.looks, self.points, Prior.without_each(self.ends, self.gains))
        errors = (self.ends - found.mean) / found.deviation()
        return max(1.0, math.sqrt(exact_sum(errors * errors) / self.peers))

    def forecast_curve(self, curve: Curve) -> Forecast:
        """Return the forecast of one trial from its own reports (as keys) up to this step.

        Of more than `MOST_POINTS` finite reports so many evenly spaced ones count: neighbours say nearly the same.
        A report before the first step tells of no training and is left out.
        """
        steps, keys = thinned(curve)
        return self._forecast(steps, ((keys - self.location) / self.scale)[:, np.newaxis], self.prior)

    def forecast_points(self, points: Floats) -> Forecast:
        """Return the forecasts of n trials from their keys at the decision points (looks × trials, NaN: none)."""
        return self._forecast(self.looks, (points - self.location) / self.scale, self.prior)

    def standard(self, key: float) -> float:
        """Return a key in standard units."""
        return (key - self.location) / self.scale

    def key(self, standard: float) -> float:
        """Return the key that stands for a value in standard units."""
        return self.location + self.scale * standard

    def evidence(self, facts: Facts) -> dict[str, Any]:
        """Return the figures a verdict cites."""
        prior = self.prior
        return {
            "ended_here": self.peers,
            "prior_end": facts.told(self.key(float(prior.end[0]))),
            "prior_end_sd": self.scale * math.sqrt(float(prior.end_variance[0])),
            "prior_gain": self.scale * float(prior.gain[0]),
            "prior_gain_sd": self.scale * math.sqrt(float(prior.gain_variance[0])),
            "prior_covariance": self.scale * self.scale * float(prior.covariance[0]),
            "widening": self.widening,
        }

    def _forecast(self, steps: Sequence[int], points: Floats, prior: Prior) -> Forecast:
        return forecast(points, basis(steps, at=self.step, horizon=self.horizon), prior)


def place_evidence(facts: Facts, *, by: str, value: float | None = None) -> dict[str, Any]:
    """Return the trial's place at a decision point as evidence: of a rule that lets no fixed number go on.

    value: what it was ranked by when it was paused; None: what it tells now.
    """
    then = facts if value is None else replace(facts, curve=Curve.of([facts.step], [value]))
    evidence = rank_evidence(then, by=by, quota_of=lambda population: population)
    return {name: value for name, value in evidence.items() if name not in {"quota", "cut", "cut_trial"}}


def thinned(curve: Curve) -> tuple[list[int], Floats]:
    """Return the steps and values a forecast reads: finite, of trained steps, at most `MOST_POINTS`, the last one in.

    >>> steps, _ = thinned(Curve.of(range(100), range(100)))
    >>> len(steps), steps[0], steps[-1]
    (32, 1, 99)
    """
    is_read = np.isfinite(curve.values) & (curve.steps >= 1)
    steps, values = curve.steps[is_read], curve.values[is_read]
    if steps.size > MOST_POINTS:
        places = [place * (steps.size - 1) // (MOST_POINTS - 1) for place in range(MOST_POINTS)]
        steps, values = steps[places], values[places]
    found: list[int] = steps.tolist()
    return found, values


def ended_and_seen(facts: Facts, step: int, *, by: str) -> dict[int, tuple[float, float]]:
    """Return (key at a decision point, key at the end) of the trials that have both, by number; not of the judged one.

    Whoever stands at the end of training has ended; values that are not finite teach nothing and are left out.
    """
    assert facts.peers is not None  # noqa: S101 - the caller has looked
    ends = _finite(facts.peers, facts.horizon, by=by, who="reached")
    seen = _finite(facts.peers, step, by=by, who="finished")
    return {trial: (key, ends[trial]) for trial, key in seen.items() if trial in ends and trial != facts.trial}


def keys_at(peers: Peers, step: int, *, by: str, who: str = "reached") -> dict[int, float]:
    """Return the keys at a decision point by trial number."""
    return {trial: key for key, trial in peers.rung(step, by=by, who=who).values()}


def _finite(peers: Peers, step: int, *, by: str, who: str) -> dict[int, float]:
    return {trial: key for trial, key in keys_at(peers, step, by=by, who=who).items() if math.isfinite(key)}


def _middle(values: Floats) -> float:
    """Return the median, an observed value."""
    return _at_share(np.sort(values), 0.5)


def _spread(values: Floats) -> float:
    """Return the width of the middle half as a standard deviation; the whole width where half are alike."""
    ordered = np.sort(values)
    half = _at_share(ordered, 0.75) - _at_share(ordered, 0.25)
    return half / HALF if half > 0 else float(ordered[-1] - ordered[0])


def _at_share(ordered: Floats, share: float) -> float:
    return float(ordered[max(0, math.ceil(share * ordered.size) - 1)])


def _drawn_in(values: Floats) -> Floats:
    """Return the values with those far from their median brought to `FARTHEST` spreads from it."""
    middle, spread = _middle(values), max(1.0, _spread(values))
    return np.clip(values, middle - FARTHEST * spread, middle + FARTHEST * spread)
