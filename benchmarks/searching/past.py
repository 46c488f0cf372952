"""What finished studies of other families showed: where their winners stood, and what the order was worth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.special import ndtri

from benchmarks.searching.scores import Floats, Steps, normal_scores, score
from pruning.quotas import LEVELS

FIRM = 0.999
SHARES = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""Where the shape of the winner's tail is read off."""


@dataclass(frozen=True)
class Finished:
    """One finished study: every trial's complete curve, as keys (trials × reports, lower is better)."""

    family: str
    values: Floats
    _keys: dict[str, Floats] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def ends(self) -> Floats:
        """Return the outcomes."""
        return np.asarray(self.values.min(axis=1))

    def keys(self, name: str) -> Floats:
        """Return what its trials were ranked by at every report, reports × trials."""
        if name not in self._keys:
            self._keys[name] = score(name, self.values, np.arange(1, self.values.shape[1] + 1))
        return self._keys[name]

    def at(self, name: str, share: float) -> Floats:
        """Return what its trials were ranked by after a share of the training."""
        horizon = self.values.shape[1]
        return np.asarray(self.keys(name)[min(horizon, max(1, round(share * horizon))) - 1])

    def place(self, name: str, share: float) -> float:
        """Return where the eventual winner stood after a share of the training, as a share of all trials."""
        row, winner = self.at(name, share), int(np.argmin(self.ends))
        return float(((row < row[winner]).sum() + 1) / row.size)

    def agreement(self, name: str, share: float) -> float:
        """Return the correlation of that order with the final one, of normal scores."""
        x, y = normal_scores(self.at(name, share)), normal_scores(self.ends)
        spread = float(np.std(x) * np.std(y))
        return float(np.mean(x * y) - np.mean(x) * np.mean(y)) / spread if spread > 0 else 0.0


@dataclass(frozen=True)
class Past:
    """Finished studies to learn from; every family counts the same."""

    studies: tuple[Finished, ...] = ()
    _quotas: dict[tuple[object, ...], Floats] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def weights(self) -> Floats:
        """Return what each study counts for; together 1."""
        families = [one.family for one in self.studies]
        return np.array([1 / (len(set(families)) * families.count(family)) for family in families])

    def quotas(self, name: str, steps: Steps, horizon: int, risk: float) -> Floats:
        """Return the cheapest shares to keep at each look that would have lost at most `risk` of these winners.

        Both the looks and the studies are taken together, so that a winner lost at two looks is lost once. From all
        kept at every look downwards, each time by the cut that saves the most compute per winner lost.
        """
        key = (name, tuple(steps.tolist()), horizon, risk)
        if key not in self._quotas:
            places = np.array([[one.place(name, step / horizon) for step in steps.tolist()] for one in self.studies])
            costs = np.diff([*steps.tolist(), horizon])
            self._quotas[key] = _cheapest(places, self.weights, costs, risk)
        return self._quotas[key]

    def survival(self, name: str, agreement: float, trials: int) -> Floats:
        """Return the share of past winners that a keep share would have held, for every share in `LEVELS`.

        A winner's surprise is how far, in deviations, it stood behind where its own study's agreement let it be
        expected. Past surprises, at all of `SHARES`, take the place of the normal distribution.
        """
        surprises, weights = self._surprises(name)
        rho = max(0.0, min(FIRM, agreement))
        z = np.append(ndtri(LEVELS[:-1]), math.inf)
        bounds = (z - rho * ndtri(1 / (max(1, trials) + 1))) / math.sqrt(1 - rho * rho)
        within = np.searchsorted(surprises, bounds, side="right")
        return np.asarray(np.append([0.0], np.cumsum(weights))[within])

    def _surprises(self, name: str) -> tuple[Floats, Floats]:
        """Return all surprises, ascending, with their weights."""
        key = ("surprises", name)
        if key not in self._quotas:
            found = np.array([[_surprise(one, name, share) for share in SHARES] for one in self.studies])
            self._quotas[key] = np.stack([found.ravel(), np.repeat(self.weights / len(SHARES), len(SHARES))])
        surprises, weights = self._quotas[key]
        order = np.argsort(surprises, kind="stable")
        return surprises[order], weights[order]


def finished_without(families: Mapping[str, Sequence[Finished]], left_out: str) -> Past:
    """Return what the other families' studies say."""
    return Past(tuple(one for family, studies in families.items() if family != left_out for one in studies))


def _surprise(one: Finished, name: str, share: float) -> float:
    n = one.ends.size
    rho = max(0.0, min(FIRM, one.agreement(name, share)))
    stood = float(ndtri(one.place(name, share) - 0.5 / n))
    return (stood - rho * float(ndtri(1 / (n + 1)))) / math.sqrt(1 - rho * rho)


def _cheapest(places: Floats, weights: Floats, costs: Floats, risk: float) -> Floats:
    keep = np.ones(places.shape[1])
    alive = np.ones(len(places), dtype=bool)
    left = risk
    while True:
        best: tuple[float, int, float] | None = None
        for look in range(keep.size):
            for level in LEVELS[keep[look] > LEVELS].tolist():
                lost = float(weights[alive & (places[:, look] > level)].sum())
                if lost <= left + 1e-12:
                    gain = costs[look] * (keep[look] - level) / (lost + 1e-9)
                    best = max(best or (gain, look, level), (gain, look, level))
        if best is None:
            return np.maximum.accumulate(keep[::-1])[::-1]
        _, look, level = best
        gone = alive & (places[:, look] > level)
        left -= float(weights[gone].sum())
        alive &= ~gone
        keep[look] = level
