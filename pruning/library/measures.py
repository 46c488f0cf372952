"""How a study's curves behaved: what its early order was worth, how noisy it was, how many trials diverged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np

from pruning.links import SHARES, Members, Shrinkage, measure
from pruning.normal import Floats
from pruning.simulate import Pool

FEWEST_PAIRS = 5
FEWEST_REPORTS = 5
"""Shorter curves tell nothing about noise."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """How well the order at one share of the training agreed with the order at its end."""

    share: float
    agreement: float
    """Correlation of normal scores, corrected for the trials that did not go on (`pruning.links`)."""
    pairs: int

    @property
    def z(self) -> float:
        """Return the agreement on Fisher's scale."""
        return math.atanh(max(-0.999, min(0.999, self.agreement)))


@dataclass(frozen=True, kw_only=True)
class Measures:
    """One study's figures. Free of the metric's scale, so that studies can be compared."""

    profile: tuple[Point, ...] = ()
    """At the reports nearest to 2, 4, 8, 16, 32 and 64 % of the planned length, ascending."""
    noise: float | None = None
    """Noise of one value, in units of (median - best outcome); None where curves are too short."""
    diverged: float = 0.0
    """Share of the trials whose last value is not a number, or worse than their first."""
    crossing: float | None = None
    """Share of pairs of complete trials whose order halfway is not that of their ends."""
    ties: float = 0.0
    """Share of the values at the profile's first step that another trial has too."""
    n_trials: int = 0
    n_complete: int = 0

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self) | {"profile": [asdict(point) for point in self.profile]}

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Measures:
        """Return what `to_mapping` wrote; KeyError or TypeError if it did not."""
        return cls(**{**data, "profile": tuple(Point(**point) for point in data["profile"])})


def measured(pool: Pool) -> Measures:
    """Return the figures of a study's curves."""
    best = [np.minimum.accumulate(pool.keys(trial)) for trial in range(len(pool.recordings))]
    complete = [trial for trial, one in enumerate(pool.recordings) if not one.is_censored]
    steps = _steps(pool)
    return Measures(
        profile=tuple(point for step in steps if (point := _point(pool, best, complete, step)) is not None),
        noise=_noise(pool, complete),
        diverged=sum(map(_has_diverged, map(pool.keys, range(len(best))))) / len(best),
        crossing=_crossing(pool, best, complete),
        ties=_ties(pool, best, steps[0]) if steps else 0.0,
        n_trials=len(pool.recordings),
        n_complete=len(complete),
    )


def _steps(pool: Pool) -> list[int]:
    """Return the reports nearest to `SHARES` of the planned length, below it; each once."""
    reported = [step for step in pool.report_steps() if step < pool.horizon]
    nearest = {min(reported, key=lambda step: abs(step - share * pool.horizon)) for share in SHARES if reported}
    return sorted(nearest)


def _point(pool: Pool, best: list[Floats], complete: list[int], step: int) -> Point | None:
    here = [(key, trial) for trial in range(len(best)) if (key := _best_at(pool, best, trial, step)) is not None]
    there = [(float(best[trial][-1]), trial) for trial in complete]
    link = measure(
        Members.of(step, here),
        Members.of(pool.horizon, there),
        horizon=pool.horizon,
        is_jump=False,
        shrinkage=Shrinkage(min_pairs=FEWEST_PAIRS),
    )
    if link is None or link.corrected is None:
        return None
    return Point(share=step / pool.horizon, agreement=link.corrected, pairs=link.pairs)


def _best_at(pool: Pool, best: list[Floats], trial: int, step: int) -> float | None:
    """Return a trial's best key up to a step; None if it did not come so far, or had not told anything."""
    steps = pool.recordings[trial].curve.steps
    told = int(np.searchsorted(steps, step, side="right"))
    return float(best[trial][told - 1]) if told and int(steps[-1]) >= step else None


def _noise(pool: Pool, complete: list[int]) -> float | None:
    """Return the noise of one value over the second halves of the complete curves, relative to the study's scale.

    Pseudo-residuals e_i = (y_{i-1} + y_{i+1}) / 2 - y_i have sqrt(3/2) times the noise's deviation (Gasser, Sroka
    and Jennen-Steinmetz, Biometrika 73, 1986); the deviation is taken from their median, so that jumps do not count.
    """
    ends = [pool.outcomes[trial] for trial in complete if math.isfinite(pool.outcomes[trial])]
    scale = median(ends) - min(ends) if ends else 0.0
    found = []
    for trial in complete:
        keys = pool.keys(trial)
        keys = keys[len(keys) // 2 :]
        keys = keys[np.isfinite(keys)]
        if keys.size >= FEWEST_REPORTS:
            residuals = (keys[:-2] + keys[2:]) / 2 - keys[1:-1]
            found.append(1.4826 * float(np.median(np.abs(residuals))) / math.sqrt(1.5))
    return median(found) / scale if found and scale > 0 else None


def _has_diverged(keys: Floats) -> bool:
    finite = keys[np.isfinite(keys)]
    return not finite.size or not math.isfinite(keys[-1]) or bool(keys[-1] > finite[0])


def _crossing(pool: Pool, best: list[Floats], complete: list[int]) -> float | None:
    half = [_best_at(pool, best, trial, pool.horizon // 2) for trial in complete]
    known = [(then, float(best[trial][-1])) for then, trial in zip(half, complete, strict=True) if then is not None]
    finite = np.array([pair for pair in known if all(map(math.isfinite, pair))])
    if len(finite) < FEWEST_PAIRS:
        return None
    then, end = (np.sign(column[:, None] - column[None, :]) for column in finite.T)
    compared = (then != 0) & (end != 0)
    return float(((then != end) & compared).sum() / compared.sum()) if compared.any() else None


def _ties(pool: Pool, best: list[Floats], step: int) -> float:
    told = [key for trial in range(len(best)) if (key := _best_at(pool, best, trial, step)) is not None]
    finite = [key for key in told if math.isfinite(key)]
    if not finite:
        return 0.0
    _, counts = np.unique(np.array(finite), return_counts=True)
    return float(counts[counts > 1].sum() / len(finite))
