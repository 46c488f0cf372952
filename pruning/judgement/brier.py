"""How good the probabilities were that the engine uttered (Brier, Monthly Weather Review 78, 1950)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Uttered(NamedTuple):
    """A probability, and whether what it spoke of came true."""

    probability: float
    came_true: bool


@dataclass(frozen=True, kw_only=True)
class Brier:
    """The mean squared error of stated probabilities: 0 is perfect, 1 is always wrong and sure."""

    n: int
    score: float
    base_rate: float
    """How often it came true."""
    reference: float
    """The score of always stating the base rate: p (1 - p)."""

    @property
    def skill(self) -> float | None:
        """Return 1 - score / reference; None where the outcome never varied, so nothing can be learnt."""
        return 1 - self.score / self.reference if self.reference else None


def brier(uttered: Iterable[Uttered]) -> Brier | None:
    """Return the score of these statements; None without any."""
    found = list(uttered)
    if not found:
        return None
    n = len(found)
    rate = sum(one.came_true for one in found) / n
    return Brier(
        n=n,
        score=math.fsum((one.probability - one.came_true) ** 2 for one in found) / n,
        base_rate=rate,
        reference=rate * (1 - rate),
    )
