"""Keep shares: how many of the best at each decision point must go on, so that the eventual winner is among them.

The best of N trials is expected at the normal score z_N = Phi⁻¹(1 / (N + 1)) in the end. Where the order now
agrees with the end at rho, its score now is normal around rho z_N with variance 1 - rho². Keeping the best share
k therefore keeps the winner with probability

    S(k) = (1 - tail) Phi((Phi⁻¹(k) - rho z_N) / sqrt(1 - rho²)) + tail k

where `tail` is the share of winners that may stand anywhere at all (0: the normal model alone).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pruning.normal import Floats, cdf, quantile

LEVELS = np.array([200.0 ** (place / 119 - 1) for place in range(119)] + [1.0])
"""The keep shares that are considered: from 1 in 200 up to all, 4.5 % apart."""
_LEVEL_SCORES = [quantile(level) for level in LEVELS.tolist()]
_BISECTIONS = 60


@dataclass(frozen=True, kw_only=True)
class Share:
    """What goes on from one decision point."""

    keep: float
    """Share of the population that goes on; 1 where the agreement with the end is unknown."""
    risk: float
    """Probability of losing the winner here."""


def winner_score(trials: int) -> float:
    """Return z_N, the normal score at which the best of so many trials is expected."""
    return quantile(1 / (max(1, trials) + 1))


def survival(agreement: float, trials: int, tail: float = 0.0) -> Floats:
    """Return the probability that the winner stands within the best share, for every share in `LEVELS`."""
    rho = max(0.0, min(0.999, agreement))
    centre, spread = rho * winner_score(trials), math.sqrt(1 - rho * rho)
    normal = np.array([1.0 if score == math.inf else cdf((score - centre) / spread) for score in _LEVEL_SCORES])
    return np.asarray((1 - tail) * normal + tail * LEVELS, dtype=np.float64)


def within_risk(
    agreements: Sequence[float | None], costs: Sequence[float], *, trials: int, risk: float, tail: float
) -> tuple[Share, ...]:
    """Return the shares of least compute that keep the winner with probability of at least 1 - `risk`.

    agreements: per decision point, None where unknown (all go on there). costs: what a trial costs from each
    decision point to the next. Minimises sum(keep · cost) subject to prod(1 - risk here) >= 1 - `risk`, by
    bisection over the price of risk; then shares are raised so that none is below a later one.
    """
    table = _Table.of(agreements, costs, trials=trials, tail=tail)
    allowed = -math.log1p(-risk)
    low, high = -20.0, 40.0  # the logarithm of the price of risk, in units of compute
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if table.spent(table.cheapest(math.exp(middle))) <= allowed else (middle, high)
    return table.shares(table.cheapest(math.exp(high)))


def best_payoff(
    agreements: Sequence[float | None], costs: Sequence[float], *, first_cost: float, trials: int, tail: float
) -> tuple[Share, ...]:
    """Return the shares that keep the most would-be winners per compute: least cost / prod(1 - risk here).

    first_cost: what a trial costs up to the first decision point. An endless stream of new trials is assumed, so
    compute saved on one is spent on the next.
    """
    table = _Table.of(agreements, costs, trials=trials, tail=tail)
    options = [table.cheapest(math.exp(price / 4)) for price in range(-80, 161)]
    return table.shares(
        min(options, key=lambda choice: math.log(first_cost + table.cost(choice)) + table.spent(choice))
    )


@dataclass(frozen=True, kw_only=True)
class _Table:
    """Cost and loss of every level at every decision point."""

    is_known: tuple[bool, ...]
    cost_of: Floats
    """Decision points × levels: compute after the point, per trial."""
    loss_of: Floats
    """Decision points × levels: -log of the survival."""

    @classmethod
    def of(cls, agreements: Sequence[float | None], costs: Sequence[float], *, trials: int, tail: float) -> _Table:
        everyone = np.where(LEVELS == 1.0, 0.0, np.inf)
        losses = [
            everyone if agreement is None else -np.log(np.maximum(survival(agreement, trials, tail), 1e-300))
            for agreement in agreements
        ]
        shape = (len(losses), LEVELS.size)
        return cls(
            is_known=tuple(agreement is not None for agreement in agreements),
            cost_of=np.array([LEVELS * cost for cost in costs]).reshape(shape),
            loss_of=np.array(losses).reshape(shape),
        )

    def cheapest(self, price: float) -> NDArray[np.intp]:
        """Return the level of least cost + price · loss at every decision point."""
        cheapest: NDArray[np.intp] = np.argmin(self.cost_of + price * self.loss_of, axis=1)
        return cheapest

    def cost(self, choice: NDArray[np.intp]) -> float:
        return math.fsum(self.cost_of[np.arange(choice.size), choice].tolist())

    def spent(self, choice: NDArray[np.intp]) -> float:
        """Return -log of the probability that the winner survives all decision points."""
        return math.fsum(self.loss_of[np.arange(choice.size), choice].tolist())

    def shares(self, choice: NDArray[np.intp]) -> tuple[Share, ...]:
        """Return the shares, each raised to the largest later one: what a later point needs must come through.

        Points of unknown agreement keep everyone and raise nothing.
        """
        found: list[Share] = []
        largest = 0
        for index in reversed(range(choice.size)):
            level = int(choice[index])
            if self.is_known[index]:
                level = largest = max(largest, level)
            risk = -math.expm1(-float(self.loss_of[index, level])) + 0.0  # + 0.0: no negative zero
            found.append(Share(keep=float(LEVELS[level]), risk=risk))
        return tuple(reversed(found))
