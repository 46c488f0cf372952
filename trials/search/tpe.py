"""Tree-structured Parzen estimator: Bergstra et al., Algorithms for hyper-parameter optimization, NeurIPS 2011."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trials.search.kinds import SamplerKind
from trials.trainables.fields import setting

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a plan may set; the defaults are Optuna's."""

    n_startup_trials: int = setting(10, low=0, high=100_000)
    """Random suggestions until so many trials have ended."""
    n_ei_candidates: int = setting(24, low=1, high=10_000)
    """Candidates drawn per suggestion."""
    multivariate: bool = setting(True)
    """Model parameters jointly where all trials have them; conditional ones are drawn independently."""
    constant_liar: bool = setting(True)
    """Keep away from what waits and runs, so that parallel slots do not try the same."""


def build(settings: Settings, seed: int) -> BaseSampler:
    """Return Optuna's TPE sampler."""
    from optuna.samplers import TPESampler

    return TPESampler(
        n_startup_trials=settings.n_startup_trials,
        n_ei_candidates=settings.n_ei_candidates,
        multivariate=settings.multivariate,
        constant_liar=settings.constant_liar,
        seed=seed,
    )


TPE = SamplerKind(name="tpe", title="Tree-structured Parzen estimator", learns=True, settings=Settings, build=build)
