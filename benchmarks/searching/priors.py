"""Priors for the links of a study, from the starter library's cards without its own."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from pruning.library.neighbours import Neighbour, ranked
from pruning.library.prior import Prior, prior_from, profile_at
from pruning.library.starter import starter
from pruning.links import SHARES


@cache
def of_similar(name: str) -> Prior:
    """Return the prior that the library gives a study, from all others; the general one with fewer than three near."""
    own = next(card for card in starter() if card.name == name)
    return prior_from(ranked((card for card in starter() if card.name != name), own.descriptors))


@cache
def of_other_families(family: str) -> tuple[float, ...]:
    """Return the mean profile of all other families on Fisher's scale, however unlike; every family counts the same.

    Never falls from one share of the training to the next.
    """
    told = []
    for share in SHARES:
        by: dict[str, list[float]] = {}
        for card in starter():
            z = profile_at(Neighbour(card=card, distance=0.0), share)
            if card.family != family and z is not None:
                by.setdefault(card.family, []).append(z)
        told.append(math.tanh(float(np.mean([np.mean(values) for values in by.values()]))))
    return tuple(np.maximum.accumulate(told).tolist())
