"""Where a learning curve will end: a normal posterior of its last value, averaged over shapes of curves.

A curve is modelled as y(t) = c + a phi_k(t) + noise for each shape k. Every shape is scaled so that phi = 1 at the
decision point and 0 at the end of training: c is the value at the end and a what is still to be gained. The prior
of (c, a) is normal, so its posterior is too, in closed form (two unknowns, solved by hand); the shapes are weighted
by how well they explain the points (their marginal likelihood).

Everything here is in standard units and works on many trials at once. Only elementwise arithmetic, sums in a fixed
order and the C library's exp, log and erfc are used: one trial alone and the same trial among a thousand come out
the same, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pruning.normal import Floats, cdf, exact_sum

SHAPES: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("power 1/4", lambda share: share**-0.25),
    ("power 1/2", lambda share: share**-0.5),
    ("power 1", lambda share: share**-1.0),
    ("power 2", lambda share: share**-2.0),
    ("exponential", lambda share: math.exp(-5.0 * share)),
    ("logarithm", lambda share: 1 / math.log1p(64.0 * share)),
    ("linear", lambda share: 1 - share),
    ("cosine", lambda share: (1 + math.cos(math.pi * share)) / 2),
)
"""What is left to be gained, up to a factor and a constant, after a share (0 to 1) of the training. A function of
the share alone, so the unit of the steps plays no part."""
NOISE = 0.1
"""The noise expected beforehand, in standard units; it counts as `NOISE_POINTS` more points."""
NOISE_POINTS = 2.0
RIDGE = NOISE**2
"""Added to the prior's variances: peers that all end alike do not make it certain."""


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Mean and covariance of (c, a): the value at the end, and what is left to be gained; one of each per trial."""

    end: Floats
    gain: Floats
    end_variance: Floats
    gain_variance: Floats
    covariance: Floats

    @classmethod
    def of(cls, ends: Floats, gains: Floats) -> Prior:
        """Return the prior that trials of known end give to one more trial.

        The variance is that of the next trial: (1 + 1/n) times that of the sample. ends, gains: at least 2.
        """
        n = ends.size
        end, gain = exact_sum(ends) / n, exact_sum(gains) / n
        from_end, from_gain = ends - end, gains - gain
        return cls._scaled(
            n,
            np.array([[end], [gain]]),
            np.array([[exact_sum(a * b)] for a, b in _pairs(from_end, from_gain)]),
        )

    @classmethod
    def without_each(cls, ends: Floats, gains: Floats) -> Prior:
        """Return, for each of at least 3 trials, the prior that all the others give to it."""
        n = ends.size
        end, gain = exact_sum(ends) / n, exact_sum(gains) / n
        from_end, from_gain = ends - end, gains - gain
        means = np.array([end - from_end / (n - 1), gain - from_gain / (n - 1)])
        taken = n / (n - 1)
        sums = [exact_sum(a * b) - taken * (a * b) for a, b in _pairs(from_end, from_gain)]
        return cls._scaled(n - 1, means, np.array(sums))

    @classmethod
    def _scaled(cls, n: int, means: Floats, sums: Floats) -> Prior:
        factor = (1 + 1 / n) / (n - 1)
        return cls(
            end=means[0],
            gain=means[1],
            end_variance=np.maximum(sums[0], 0.0) * factor + RIDGE,
            gain_variance=np.maximum(sums[1], 0.0) * factor + RIDGE,
            covariance=sums[2] * factor,
        )


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The posteriors of n trials' ends, each a mixture over the shapes (arrays: shapes × trials, or trials)."""

    weights: Floats
    means: Floats
    deviations: Floats
    """The noise of the last value included."""
    noise: Floats
    """Residual noise per trial, averaged over the shapes."""

    @cached_property
    def mean(self) -> Floats:
        """Return the expected end per trial."""
        return _in_order(self.weights * self.means)

    def deviation(self, widening: float = 1.0) -> Floats:
        """Return the standard deviation per trial, every shape's own widened by a factor."""
        spread = (self.deviations * widening) ** 2 + (self.means - self.mean) ** 2
        return np.sqrt(_in_order(self.weights * spread))

    def chance_below(self, target: float, widening: float = 1.0) -> Floats:
        """Return the probability per trial that it ends below `target`."""
        below = _each(cdf, (target - self.means) / (self.deviations * widening))
        return np.minimum(1.0, _in_order(self.weights * below))

    def best_shapes(self, trial: int = 0, most: int = 3) -> dict[str, float]:
        """Return the weights of the shapes that explain a trial best, heaviest first."""
        weights = self.weights[:, trial].tolist()
        order = sorted(range(len(SHAPES)), key=lambda k: (-weights[k], k))
        return {SHAPES[k][0]: weights[k] for k in order[:most]}


def basis(steps: Iterable[int], *, at: int, horizon: int) -> Floats:
    """Return phi_k(t) of every shape at these steps (shapes × steps), 1 at step `at` and 0 at the horizon.

    steps: at least 1 each. at: a decision point, below the horizon.
    """
    shares = [step / horizon for step in steps]
    rows = []
    for _, left in SHAPES:
        bottom = left(1.0)
        height = left(at / horizon) - bottom
        rows.append([(left(share) - bottom) / height for share in shares])
    return np.array(rows, dtype=np.float64).reshape(len(SHAPES), len(shares))


def forecast(points: Floats, phi: Floats, prior: Prior) -> Forecast:
    """Return the posteriors of n trials' ends from their points.

    points: points × trials in standard units, NaN where a trial has none. phi: shapes × points, from `basis`.
    """
    sums = _Sums.of(points, phi)
    variance = sums.noise_variance()
    mean, spread, fit = _solved(sums, variance, prior)
    likelihood = _each(math.exp, fit - fit.max(axis=0))
    weights = likelihood / _in_order(likelihood)
    return Forecast(
        weights=weights,
        means=mean,
        deviations=np.sqrt(spread + variance),
        noise=np.sqrt(_in_order(weights * variance)),
    )


@dataclass(frozen=True, kw_only=True)
class _Sums:
    """What the points come down to: sums over each trial's points, of trials or of shapes × trials."""

    n: Floats
    y: Floats
    yy: Floats
    phi: Floats
    phi_phi: Floats
    phi_y: Floats

    @classmethod
    def of(cls, points: Floats, phi: Floats) -> _Sums:
        told = np.isfinite(points).astype(np.float64)
        values = np.where(np.isfinite(points), points, 0.0)
        n, y, yy = (np.zeros(points.shape[1]) for _ in range(3))
        f, ff, fy = (np.zeros((phi.shape[0], points.shape[1])) for _ in range(3))
        for place in range(points.shape[0]):
            here, value, shape = told[place], values[place], phi[:, place, np.newaxis]
            n += here
            y += value
            yy += value * value
            f += shape * here
            ff += shape * shape * here
            fy += shape * value
        return cls(n=n, y=y, yy=yy, phi=f, phi_phi=ff, phi_y=fy)

    def noise_variance(self) -> Floats:
        """Return the variance about each shape's line of best fit, drawn towards `NOISE`."""
        n = np.maximum(self.n, 1.0)
        yy = self.yy - self.y * self.y / n
        ff = np.maximum(self.phi_phi - self.phi * self.phi / n, 0.0)
        fy = self.phi_y - self.phi * self.y / n
        explained = np.where(ff > 1e-12 * self.phi_phi, fy * fy / np.where(ff > 0, ff, 1.0), 0.0)
        residual = np.maximum(yy - explained, 0.0)
        variance: Floats = (residual + NOISE_POINTS * NOISE**2) / (np.maximum(n - 2, 0.0) + NOISE_POINTS)
        return variance


def _solved(sums: _Sums, variance: Floats, prior: Prior) -> tuple[Floats, Floats, Floats]:
    """Return mean and variance of c, and the log marginal likelihood up to what all shapes share."""
    det_prior = prior.end_variance * prior.gain_variance - prior.covariance**2
    p_cc, p_ca, p_aa = (
        part / det_prior for part in (prior.gain_variance, -prior.covariance, prior.end_variance)
    )  # the prior's precision
    q = 1 / variance
    cc, ca, aa = p_cc + q * sums.n, p_ca + q * sums.phi, p_aa + q * sums.phi_phi
    c_side = p_cc * prior.end + p_ca * prior.gain + q * sums.y
    a_side = p_ca * prior.end + p_aa * prior.gain + q * sums.phi_y
    det = cc * aa - ca * ca
    c, a = (aa * c_side - ca * a_side) / det, (cc * a_side - ca * c_side) / det
    misfit = q * sums.yy - (c_side * c + a_side * a)
    fit = -(sums.n * _each(math.log, variance) + _each(math.log, det) + misfit) / 2
    return c, aa / det, fit


def _pairs(first: Floats, second: Floats) -> tuple[tuple[Floats, Floats], ...]:
    return (first, first), (second, second), (first, second)


def _in_order(rows: Floats) -> Floats:
    """Return the sum over the first axis, added in its order."""
    total: Floats = rows[0]
    for row in rows[1:]:
        total = total + row
    return total


def _each(function: Callable[[float], float], values: Floats) -> Floats:
    """Return a function of the standard library of every value."""
    return np.array(list(map(function, values.ravel().tolist()))).reshape(values.shape)
