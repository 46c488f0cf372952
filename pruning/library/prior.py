"""A prior for the links of a new study, from how the order of similar ones agreed with their ends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pruning.library.neighbours import FEWEST, Neighbour, mean_distance, near
from pruning.links import LIBRARY, SHARES, prior_agreement

MOST = 8
"""So many of the nearest studies speak."""
GENERAL = 1.0
"""The general profile counts as so much as one study of the same task."""
WEIGHT = 6.0
"""The prior counts as so many pairs: weak by design."""
DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Agreement with the end at 2, 4, 8, 16, 32 and 64 % of the training, as a plan keeps it."""

    agreement: tuple[float, ...] = LIBRARY
    weight: float = WEIGHT
    spread: tuple[float, ...] = ()
    """How much the studies differ: the deviation on Fisher's scale, at the same shares; empty for the general one."""
    studies: tuple[str, ...] = ()
    """Whose profiles went into it; empty for the general one."""
    distance: float | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Return it as a plan writes it."""
        data: dict[str, Any] = {"agreement": list(self.agreement), "weight": self.weight}
        if self.studies:
            data |= {"spread": list(self.spread), "studies": list(self.studies), "distance": self.distance}
        return data

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Prior:
        """Return what `to_mapping` wrote."""
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**plain)


def prior_from(neighbours: Sequence[Neighbour]) -> Prior:
    """Return the prior that the nearest studies support; the general one where fewer than three do.

    At every share, on Fisher's scale, the mean of the studies' agreements with weights exp(-distance), drawn towards
    the general profile, which counts as one study of the same task. A study says nothing about shares before its
    first report. Never falls from one share to the next: more training never knows less.
    """
    support = [one for one in near(neighbours, most=MOST) if _profile(one)]
    if len(support) < FEWEST:
        return Prior()
    columns = [_at(support, share, general) for share, general in zip(SHARES, LIBRARY, strict=True)]
    agreements = np.maximum.accumulate([math.tanh(mean) for mean, _ in columns])
    distance = mean_distance(support)
    return Prior(
        agreement=tuple(round(float(min(0.999, max(0.001, value))), DIGITS) for value in agreements),
        spread=tuple(round(deviation, DIGITS) for _, deviation in columns),
        studies=tuple(one.card.name for one in support),
        distance=None if distance is None else round(distance, DIGITS),
    )


def _at(support: Sequence[Neighbour], share: float, general: float) -> tuple[float, float]:
    """Return mean and deviation of the agreement at one share, on Fisher's scale, the general profile included."""
    told = [(z, one.weight) for one in support if (z := profile_at(one, share)) is not None]
    values = np.array([math.atanh(general), *(z for z, _ in told)])
    weights = np.array([GENERAL, *(weight for _, weight in told)])
    mean = float(np.average(values, weights=weights))
    return mean, float(math.sqrt(np.average((values - mean) ** 2, weights=weights)))


def profile_at(one: Neighbour, share: float) -> float | None:
    """Return a study's agreement on Fisher's scale, linear in the share's logarithm; None outside what it measured."""
    points = _profile(one)
    if not points or share < 0.75 * points[0][0]:
        return None
    shares, values = zip(*points, strict=True)
    return float(np.interp(math.log(share), np.log(shares), values))


def _profile(one: Neighbour) -> list[tuple[float, float]]:
    return [(point.share, point.z) for point in one.card.measures.profile] if one.card.measures else []


def expected(prior: Prior, share: float) -> tuple[float, float]:
    """Return the agreement a prior expects at a share of the training, and its deviation on Fisher's scale."""
    spread = prior.spread or (0.0,) * len(SHARES)
    deviation = float(np.interp(math.log(share), np.log(SHARES), spread))
    return prior_agreement(share, prior.agreement), deviation
