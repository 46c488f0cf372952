"""Where stopped trials would have ended, learnt from those that finished.

A rule stops a trial by what it has reported. So among trials with the same value at a look and the same configuration,
those that went on are no selection (missing at random: Rubin, "Inference and missing data", Biometrika 63, 1976), and
what they still gained tells what the stopped ones would have. The gain is regressed on the value and the configuration,
linearly and with a ridge penalty (Hoerl & Kennard, Technometrics 12, 1970); leave-one-out errors choose the penalty and
decide whether it is used at all: where it says no more than the mean gain does, the mean is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trials.importance.courses import Courses, Fate

Floats = NDArray[np.float64]
PENALTIES = np.geomspace(0.1, 1000.0, 17)
MIN_MEAN, MIN_RIDGE = 5, 10
"""So many finished trials are needed for a mean gain, and for a regression."""
GATE = 0.9
"""The regression is used where its leave-one-out error is below this share of that of the mean."""


@dataclass(frozen=True)
class Ridge:
    """A fitted regression: level + weights · (features - centre) / scale."""

    level: float
    weights: Floats
    centre: Floats
    scale: Floats
    error: float
    """Mean squared leave-one-out error as a share of that of predicting the mean."""

    def predict(self, features: Floats) -> Floats:
        """Return the prediction for each row, float64[n]."""
        return np.asarray(self.level + ((features - self.centre) / self.scale) @ self.weights)


def ridge(features: Floats, target: Floats) -> Ridge:
    """Fit with the penalty of the smallest leave-one-out error, which a ridge regression gives in closed form."""
    n = target.size
    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    level = float(target.mean())
    left = target - level
    u, sizes, v = np.linalg.svd((features - centre) / scale, full_matrices=False)
    along = u.T @ left
    of_mean = float(((left * n / (n - 1)) ** 2).mean())
    errors = []
    for penalty in PENALTIES:
        kept = sizes**2 / (sizes**2 + penalty)
        leverage = (u**2) @ kept + 1 / n
        errors.append(float((((left - u @ (kept * along)) / np.maximum(1 - leverage, 1e-6)) ** 2).mean()))
    chosen = int(np.argmin(errors))
    weights = v.T @ (sizes / (sizes**2 + PENALTIES[chosen]) * along)
    return Ridge(level, weights, centre, scale, errors[chosen] / of_mean if of_mean > 0 else 1.0)


def imputed_ends(courses: Courses, features: Floats, *, draw: np.random.Generator | None = None) -> Floats:
    """Return every judged trial's end, float64[n]: told, or expected from its last look; infinite where it went wrong.

    features: [n, m] the configurations as numbers. draw: redraw the finished trials that are learnt from, with repeats,
    so that refits vary by what so few finished trials can tell. Rows of trials that nothing is known of are infinite.
    """
    finished = courses.among(Fate.FINISHED) & np.isfinite(courses.values)
    stopped, n_reached = courses.among(Fate.STOPPED), courses.n_reached
    ends = np.full(len(courses), np.inf)
    ends[finished] = courses.values[finished]
    for k in range(len(courses.looks)):
        here = courses.at_looks[:, k]
        last = np.flatnonzero(stopped & (n_reached == k + 1) & np.isfinite(here))
        if not last.size:
            continue
        known = np.flatnonzero(finished & np.isfinite(here))
        if draw is not None and known.size:
            known = draw.choice(known, known.size)
        ends[last] = here[last] - _gains(here, courses.values, features, known, last)
    return ends


def _gains(
    here: Floats, values: Floats, features: Floats, known: NDArray[np.int64], asked: NDArray[np.int64]
) -> Floats:
    """Return what each asked trial would still gain after a look, learnt from the known ones."""
    if known.size < MIN_MEAN:
        return np.zeros(asked.size)
    gains = here[known] - values[known]
    mean = np.full(asked.size, gains.mean())
    if np.unique(known).size < MIN_RIDGE:
        return mean
    fitted = ridge(np.column_stack([here[known], features[known]]), gains)
    if fitted.error >= GATE:
        return mean
    # Beyond the values that finished trials had at the look, nothing was learnt about the value.
    value = np.clip(here[asked], here[known].min(), here[known].max())
    return np.maximum(fitted.predict(np.column_stack([value, features[asked]])), 0.0)
