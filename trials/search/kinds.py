"""What a kind of sampler is: its settings, and how Optuna's is built from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trials.trainables.fields import read_settings, settings_problems

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


@dataclass(frozen=True, kw_only=True)
class SamplerKind:
    """One kind of sampler."""

    name: str
    title: str
    learns: bool
    """Whether its suggestions depend on how earlier trials went."""
    settings: type
    """A frozen dataclass of what a plan may set, declared with `trials.trainables.fields.setting`."""
    build: Callable[[Any, int], BaseSampler]
    """Makes Optuna's sampler from the settings and a 32-bit seed; imports Optuna itself, late."""

    def check_settings(self, settings: Mapping[str, object]) -> Sequence[str]:
        """Return what is wrong with a plan's settings, each as `field: what, and the remedy`."""
        return settings_problems(self.settings, settings)

    def sampler(self, settings: Mapping[str, object], *, seed: int) -> BaseSampler:
        """Return Optuna's sampler under these settings, drawing from `seed` alone."""
        return self.build(read_settings(self.settings, settings), seed)
