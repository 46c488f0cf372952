"""The samplers a plan may name. A further kind is one file beside this one and one line here."""

from __future__ import annotations

from collections.abc import Sequence

from trials.search.kinds import SamplerKind
from trials.search.random_search import RANDOM
from trials.search.tpe import TPE

SAMPLERS: dict[str, SamplerKind] = {
    RANDOM.name: RANDOM,
    TPE.name: TPE,
}


def names() -> Sequence[str]:
    """Return the registered names, sorted."""
    return sorted(SAMPLERS)


def get(name: str) -> SamplerKind:
    """Return the sampler of that name; KeyError if there is none."""
    return SAMPLERS[name]
