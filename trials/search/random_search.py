"""Random search: every suggestion independent of all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trials.search.kinds import SamplerKind

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


@dataclass(frozen=True, kw_only=True)
class Settings:
    """There is nothing to set."""


def build(settings: Settings, seed: int) -> BaseSampler:
    """Return Optuna's random sampler."""
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)


RANDOM = SamplerKind(name="random", title="Random search", learns=False, settings=Settings, build=build)
