"""What is known of every trial of a study: how it ended, its value, and what it had reached at each decision point."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Fate(IntEnum):
    """How a trial stands; what matters here is whether its end is known, and why not."""

    OPEN = 0
    """It runs, waits, or a person or a budget ended it: nothing was held against it."""
    STOPPED = 1
    """A rule stopped it in favour of others, or paused it for now."""
    BROKEN = 2
    """A rule stopped it because it had gone wrong: what it had reached is not to be trusted."""
    FINISHED = 3


@dataclass(frozen=True)
class Courses:
    """One row per trial. Values are oriented so that lower is better; infinite where nothing finite was told."""

    fates: NDArray[np.int8]
    """[n] of `Fate`."""
    values: NDArray[np.float64]
    """[n] the final value; read only where the trial FINISHED."""
    at_looks: NDArray[np.float64]
    """[n, looks] the best value told up to each decision point; NaN where the trial did not reach it."""
    looks: tuple[int, ...] = ()
    """Steps of the decision points, ascending."""

    def __post_init__(self) -> None:
        n = self.fates.size
        if self.values.shape != (n,) or self.at_looks.shape != (n, len(self.looks)):
            raise ValueError(
                f"courses: {n} fates, values of shape {self.values.shape} and observations of shape "
                f"{self.at_looks.shape} for {len(self.looks)} looks do not fit together"
            )

    def __len__(self) -> int:
        return int(self.fates.size)

    @property
    def reached(self) -> NDArray[np.bool_]:
        """Return [n, looks]: whether each trial reached each decision point.

        A trial that was seen at a later one has passed the earlier ones, even where an amendment added them since.
        """
        told = ~np.isnan(self.at_looks)
        return np.logical_or.accumulate(told[:, ::-1], axis=1)[:, ::-1]

    @property
    def n_reached(self) -> NDArray[np.int64]:
        """Return [n]: how many decision points each trial reached."""
        return np.asarray(self.reached.sum(axis=1), dtype=np.int64)

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Return [n]: the trials that finished or that a rule stopped."""
        return self.fates >= Fate.STOPPED

    def among(self, fate: Fate) -> NDArray[np.bool_]:
        """Return [n]: the trials of one fate."""
        return np.asarray(self.fates == fate)
