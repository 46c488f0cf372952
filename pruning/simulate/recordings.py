"""Recorded trials: their curves with what each report had cost by then, to the end or until they break off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pruning.rules.base import WORST, Curve
from pruning.rules.surroundings import Place


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One trial as it was recorded."""

    name: str
    curve: Curve
    spent: NDArray[np.float64]
    """Compute spent from the start to each report, ascending: seconds, or the steps themselves."""
    place: Place | None = None
    """Where its configuration stands in the parameter space; None if that was not recorded."""
    instances: Mapping[str, Mapping[str, Curve]] = field(default_factory=dict)
    """The objective per fold, seed or domain, by label and then by its value."""
    hidden_gain: float | None = None
    """None: recorded to its end. Else the recording breaks off, and its best key may have fallen by this much after."""
    is_control: bool = False
    """No rule compared it with its peers: it was drawn into a control arm, or its study had no strategy."""

    def __post_init__(self) -> None:
        if not len(self.curve):
            raise ValueError(f"{self.name}: the curve has no report; leave the trial out")
        if self.hidden_gain is not None and not self.hidden_gain >= 0:
            raise ValueError(f"{self.name}: a hidden gain of {self.hidden_gain} is none; 0 is the least")
        if self.spent.size != len(self.curve):
            raise ValueError(f"{self.name}: {self.spent.size} costs but {len(self.curve)} reports: give one per report")
        if not (np.isfinite(self.spent).all() and self.spent[0] >= 0 and (np.diff(self.spent) >= 0).all()):
            raise ValueError(f"{self.name}: costs must be finite and never fall; they are counted from the start")

    @classmethod
    def of(cls, name: str, steps: ArrayLike, values: ArrayLike, spent: ArrayLike | None = None) -> Recording:
        """Return a recording; without `spent` every step costs one unit."""
        curve = Curve.of(steps, values)
        costs = curve.steps.astype(np.float64) if spent is None else np.asarray(spent, dtype=np.float64)
        return cls(name=name, curve=curve, spent=costs)

    @property
    def cost(self) -> float:
        """Return what the trial cost as far as it is recorded."""
        return float(self.spent[-1])

    @property
    def is_censored(self) -> bool:
        """Say whether the recording breaks off before the trial's end."""
        return self.hidden_gain is not None

    def whole_cost(self, horizon: int) -> float:
        """Return what the trial costs to its end: at its own pace where the recording breaks off."""
        return self.cost * max(1.0, horizon / int(self.curve.steps[-1])) if self.is_censored else self.cost


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The trials of one simulated study, in the order in which a sampler would have suggested them."""

    metric: str
    maximize: bool
    horizon: int
    """The planned length of a trial, in steps; a trial that reports there has completed."""
    recordings: tuple[Recording, ...]

    def __post_init__(self) -> None:
        if not self.recordings:
            raise ValueError("the pool holds no recordings: nothing can be replayed")

    def subset(self, places: Sequence[int]) -> Pool:
        """Return the pool of these recordings, in this order."""
        return Pool(
            metric=self.metric,
            maximize=self.maximize,
            horizon=self.horizon,
            recordings=tuple(self.recordings[place] for place in places),
        )

    def report_steps(self) -> list[int]:
        """Return every step at which any trial reported, ascending."""
        return sorted({step for recording in self.recordings for step in recording.curve.steps.tolist()})

    def keys(self, trial: int) -> NDArray[np.float64]:
        """Return a trial's values as keys: lower is better, not finite is worst."""
        values = self.recordings[trial].curve.values
        return np.where(np.isfinite(values), (-values if self.maximize else values) + 0.0, WORST)

    @cached_property
    def outcomes(self) -> tuple[float, ...]:
        """Return every trial's best key over its whole curve, as far as recorded: what its best checkpoint is worth."""
        return tuple(float(self.keys(trial).min()) for trial in range(len(self.recordings)))

    @property
    def full_cost(self) -> float:
        """Return the compute of training every trial to its end."""
        return sum(recording.whole_cost(self.horizon) for recording in self.recordings)
