"""Which cards speak about a planned study: those that can be compared at all, the most similar first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pruning.library.card import Card
from pruning.library.descriptors import NEAR, Descriptors, distance

FEWEST = 3
"""With fewer studies in support nothing is claimed: the default policy and the general prior hold."""


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """One card and how unlike its study is."""

    card: Card
    distance: float

    @property
    def weight(self) -> float:
        """Return what it counts for: exp(-distance), so a far one says little."""
        return math.exp(-self.distance)

    @property
    def is_near(self) -> bool:
        """Say whether it supports a claim."""
        return self.distance <= NEAR


def ranked(cards: Iterable[Card], asked: Descriptors) -> list[Neighbour]:
    """Return the cards from whose curves something was learnt, the most similar first; by name among equals."""
    found = [
        Neighbour(card=card, distance=distance(card.descriptors, asked)) for card in cards if card.measures is not None
    ]
    return sorted(found, key=lambda one: (one.distance, one.card.family, one.card.name))


def near(neighbours: Sequence[Neighbour], *, most: int) -> list[Neighbour]:
    """Return those that support a claim, at most so many."""
    return [one for one in neighbours if one.is_near][:most]


def mean_distance(neighbours: Sequence[Neighbour]) -> float | None:
    """Return how far they are on average; None of none."""
    return math.fsum(one.distance for one in neighbours) / len(neighbours) if neighbours else None
