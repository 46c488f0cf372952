"""Counts and hours over a study's life, on a grid of moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trials.resources.attempts import Attempts, paused_until

MOMENTS = 160
FINISHED, STOPPED, OTHERWISE = "finished", "stopped", "otherwise"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trials:
    """Trials of one study as columns; times in seconds since the epoch."""

    created: Floats
    number: NDArray[np.int64]
    ended: Floats
    """NaN of those that have not."""
    end: Sequence[str]
    """finished, stopped (by a rule) or otherwise; empty of those that have not ended."""
    saved: Floats
    """Slot seconds that its rule's stop, its early finish or its pause left untrained; 0 of others."""
    saved_at: Floats
    """When it was stopped, finished early or paused; NaN of others."""
    saved_by: Sequence[str]
    """stopped, finished early, paused or nothing."""


@dataclass(frozen=True)
class States:
    """How many trials stood where, at each moment."""

    at: Floats
    finished: Floats
    stopped: Floats
    otherwise: Floats
    running: Floats
    paused: Floats
    waiting: Floats


@dataclass(frozen=True)
class Hours:
    """Slot hours spent by each moment, and what besides would have been needed to train those trials to their ends."""

    at: Floats
    spent: Floats
    stopped: Floats
    finished_early: Floats
    paused: Floats


def moments(span: tuple[float, float], n: int = MOMENTS) -> Floats:
    """Return `n` moments over a span, its ends among them."""
    return np.linspace(*span, n)


def states(trials: Trials, attempts: Attempts, at: Floats) -> States:
    """Return how many trials stood where at each moment."""
    ends = {
        kind: trials.ended[[end == kind for end in trials.end]] if len(trials.ended) else np.empty(0)
        for kind in (FINISHED, STOPPED, OTHERWISE)
    }
    ended = {kind: _until(values, at) for kind, values in ends.items()}
    gone = {
        number: time for number, time in zip(trials.number.tolist(), trials.ended.tolist(), strict=True) if time == time
    }
    begun, over = paused_until(attempts, gone)
    live = attempts.end.copy()
    # What still runs has its end at the newest moment, and has not ended by it.
    live[[kind == "running" for kind in attempts.kind]] = np.inf
    running = _until(attempts.start, at) - _until(live, at)
    paused = _until(begun, at) - _until(over, at)
    waiting = _until(trials.created, at) - sum(ended.values()) - running - paused
    return States(at, ended[FINISHED], ended[STOPPED], ended[OTHERWISE], running, paused, np.maximum(waiting, 0))


def hours(trials: Trials, attempts: Attempts, at: Floats) -> Hours:
    """Return slot hours spent and left untrained by each moment."""
    spent = np.array([np.clip(moment - attempts.start, 0.0, attempts.seconds).sum() for moment in at]) / 3600

    def saved(by: str) -> Floats:
        chosen = np.array([one == by for one in trials.saved_by], dtype=bool)
        times, values = trials.saved_at[chosen], trials.saved[chosen]
        order = np.argsort(times)
        total = np.concatenate([[0.0], np.cumsum(values[order])])
        return np.asarray(total[np.searchsorted(times[order], at, side="right")] / 3600)

    return Hours(at, spent, saved("stopped"), saved("finished early"), saved("paused"))


def _until(times: Floats, at: Floats) -> Floats:
    """Return how many of the times lie at or before each moment."""
    return np.searchsorted(np.sort(times[np.isfinite(times)]), at, side="right").astype(float)
