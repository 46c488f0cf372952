"""PED-ANOVA by Optuna: what sets the best tenth of the trials apart.

Watanabe, Bansal & Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces"
(IJCAI 2023). It compares densities and fits no model, so it needs no scikit-learn and takes milliseconds.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trials.importance.trees import shares_of
from trials.space import Space


class Optimum:
    """Some trials in Optuna's terms, made once; `shares` draws from them by index."""

    def __init__(
        self,
        space: Space,
        configurations: Sequence[Mapping[str, object]],
        names: Sequence[str],
    ) -> None:
        from optuna.trial import FrozenTrial, TrialState

        from trials.space.distributions import distribution

        self.names = tuple(names)
        known = {name: distribution(space[name]) for name in self.names}
        self._trials: list[Any] = []
        for number, configuration in enumerate(configurations):
            params = {name: configuration[name] for name in self.names if name in configuration}
            self._trials.append(
                FrozenTrial(
                    number=number,
                    state=TrialState.COMPLETE,
                    value=0.0,
                    datetime_start=None,
                    datetime_complete=None,
                    params=params,
                    distributions={name: known[name] for name in params},
                    user_attrs={},
                    system_attrs={},
                    intermediate_values={},
                    trial_id=number,
                )
            )

    def shares(self, draw: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each parameter's share of the divergence, float64[names], over the trials drawn (repeats count).

        scores: [trials] of all of them, lower being better.
        """
        from optuna.importance import PedAnovaImportanceEvaluator

        study = _drawn_study()
        for trial, score in zip(self._trials, scores.tolist(), strict=True):
            trial.value = score
        study.drawn = [self._trials[index] for index in draw]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = PedAnovaImportanceEvaluator().evaluate(study)
        study.drawn = []
        return shares_of(np.array([max(0.0, found.get(name, 0.0)) for name in self.names]))


@lru_cache(maxsize=1)
def _drawn_study() -> Any:
    """Return a study that answers with the trials it was handed: to store them first costs ten times more."""
    import optuna

    class Drawn(optuna.Study):
        """Has no storage: the evaluator asks for the trials and the direction alone."""

        drawn: list[Any]

        def __init__(self) -> None:
            self.drawn = []

        @property
        def directions(self) -> list[optuna.study.StudyDirection]:
            return [optuna.study.StudyDirection.MINIMIZE]

        def get_trials(self, deepcopy: bool = True, states: Any = None) -> list[Any]:
            return self.drawn

    return Drawn()
