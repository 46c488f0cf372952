"""One number per trial where most trials never reached their ends: five ways to read a pruned study.

The values of stopped trials are censored. Leaving them out, as most tools do, keeps the few that the rules chose: among
those a parameter that matters hardly varies any more. Every reading turns trials into scores from 0 (best) to 1 (worst)
by ranks, so that a value that ran away weighs no more than the last place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trials.importance.courses import Courses, Fate
from trials.importance.imputing import MIN_MEAN, imputed_ends

Floats = NDArray[np.float64]

MIN_TRIALS = 20
"""Fewer scored trials than this are not read: a model of them follows the noise."""
COMMON_SHARE = 0.8
"""The decision point at which trials are compared is the last one that so many of the judged ones reached."""

IMPUTED, LAST_LOOK, EQUAL_STEP = "imputed", "last_look", "equal_step"
SURVIVAL, FINISHED = "survival", "finished"
KEYS = (IMPUTED, LAST_LOOK, EQUAL_STEP, SURVIVAL, FINISHED)
"""In the order of their errors against known functions (docs/benchmarks.md): the first that can be read is shown."""


@dataclass(frozen=True)
class Reading:
    """The trials that one way of reading uses, and their scores."""

    key: str
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Indices into the courses, ascending."""
    scores: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """[rows] from 0 (best) to 1 (worst)."""
    step: int | None = None
    """The decision point at which trials were compared, where there is one."""
    missing: str = ""
    """Why it cannot be read, in a sentence; empty where it can."""
    again: Callable[[np.random.Generator], Floats] | None = None
    """Scores anew, [rows], where they rest on an estimate that refits must vary too."""

    def __len__(self) -> int:
        return int(self.rows.size)


def read_all(courses: Courses, features: Floats) -> list[Reading]:
    """Return every reading in the order of `KEYS`, those that cannot be made with what they lack.

    features: [trials, m] the configurations as numbers.
    """
    return [_enough(reading) for reading in unchecked(courses, features)]


def unchecked(courses: Courses, features: Floats) -> list[Reading]:
    """Return every reading, however few trials it has."""
    return [
        by_imputed_end(courses, features),
        at_last_look(courses),
        at_equal_step(courses),
        by_survival(courses),
        finished_only(courses),
    ]


def by_imputed_end(courses: Courses, features: Floats) -> Reading:
    """Rank judged trials by their ends, told or expected: a stopped one's from its last look and configuration."""
    if not courses.looks:
        return Reading(IMPUTED, missing="The plan has no decision points at which trials were observed.")
    n_finished = int(np.count_nonzero(courses.among(Fate.FINISHED)))
    if n_finished < MIN_MEAN:
        missing = f"{n_finished} of the {MIN_MEAN} finished trials needed to learn from have finished."
        return Reading(IMPUTED, missing=missing)
    rows = np.flatnonzero(courses.judged)

    def scores(draw: np.random.Generator | None = None) -> Floats:
        return ranked(imputed_ends(courses, features, draw=draw)[rows])

    return Reading(IMPUTED, rows, scores(), again=scores)


def finished_only(courses: Courses) -> Reading:
    """Rank the finished trials by their values and leave out all others: the naive reading."""
    rows = np.flatnonzero(courses.among(Fate.FINISHED))
    return Reading(FINISHED, rows, ranked(courses.values[rows]))


def at_equal_step(courses: Courses) -> Reading:
    """Rank every trial by what it had reached at one decision point.

    The point is the last one that `COMMON_SHARE` of the judged trials reached, or the first. Trials still running or
    ended by a person count as well: what they had reached there is known. One that a rule stopped earlier is ranked
    last, together with its like. Fair, since all had trained equally long; blind to what shows only later.
    """
    if not courses.looks:
        return Reading(EQUAL_STEP, missing="The plan has no decision points at which trials could be compared.")
    reached, judged = courses.reached, courses.judged
    common = np.flatnonzero(reached[judged].mean(axis=0) >= COMMON_SHARE) if judged.any() else np.empty(0, np.int64)
    at = int(common[-1]) if common.size else 0
    told = ~np.isnan(courses.at_looks[:, at])
    stopped_before = (courses.among(Fate.STOPPED) | courses.among(Fate.BROKEN)) & ~reached[:, at]
    rows = np.flatnonzero(told | stopped_before)
    values = np.where(told, courses.at_looks[:, at], np.inf)[rows]
    return Reading(EQUAL_STEP, rows, ranked(values), step=courses.looks[at])


def at_last_look(courses: Courses) -> Reading:
    """Give each judged trial its rank at the last decision point it reached, those stopped earlier counted as worse.

    A trial that ranked 40th at a look that 90 of 137 trials reached scores 40/137; a finished one its rank among the
    finished. One that went wrong after a look is the last of those that reached it: its value there was overtaken.
    """
    judged = courses.judged
    rows = np.flatnonzero(judged)
    n = rows.size
    n_reached, places = courses.n_reached, np.full(len(courses), float(n))
    for k in range(len(courses.looks)):
        here = ~np.isnan(courses.at_looks[:, k]) & judged
        last = courses.among(Fate.STOPPED) & (n_reached == k + 1)
        if last.any():
            places[here] = np.where(last[here], places_of(courses.at_looks[here, k]), places[here])
        broken = courses.among(Fate.BROKEN) & (n_reached == k + 1)
        places[broken] = float(np.count_nonzero(here))
    at_once = judged & ~courses.among(Fate.FINISHED) & (n_reached == 0)
    places[at_once] = n - (np.count_nonzero(at_once) - 1) / 2
    finished = courses.among(Fate.FINISHED)
    places[finished] = places_of(courses.values[finished])
    return Reading(LAST_LOOK, rows, (places[rows] - 0.5) / max(n, 1))


def by_survival(courses: Courses) -> Reading:
    """Score how many cuts a trial survived, by nothing but that: the log-rank scores of survival analysis.

    Peto & Peto, "Asymptotically efficient rank invariant test procedures" (J. R. Stat. Soc. A 135, 1972): with d trials
    stopped of n at risk at cut u, H(t) is the sum of d/n up to t; one stopped at t scores 1 - H(t), one not stopped by
    then -H(t). So trials that still run, or that a person ended, count too, for as long as they were at risk.
    """
    if not courses.looks:
        return Reading(SURVIVAL, missing="The plan has no decision points that a trial could survive.")
    stopped = courses.among(Fate.STOPPED) | courses.among(Fate.BROKEN)
    passed = courses.n_reached
    rows = np.flatnonzero(stopped | (passed > 0) | courses.among(Fate.FINISHED))
    times, events = passed[rows], stopped[rows]
    points = np.arange(len(courses.looks) + 1)
    at_risk = (times[:, None] >= points).sum(axis=0)
    deaths = ((times[:, None] == points) & events[:, None]).sum(axis=0)
    hazard = np.cumsum(np.divide(deaths, at_risk, out=np.zeros(points.size), where=at_risk > 0))
    if not events.any():
        return Reading(SURVIVAL, missing="No trial was stopped, so none survived a cut that another did not.")
    return Reading(SURVIVAL, rows, ranked(events - hazard[times]))


def agreements(courses: Courses) -> list[tuple[int, int, float]]:
    """Return (step, finished trials, rank correlation) per decision point: how far the order there is that of the ends.

    Spearman's, over the finished trials seen there. The rules chose most of them, and among alike trials orders agree
    less, so it errs on the low side. Points that fewer than `MIN_TRIALS` / 2 finished trials passed are left out.
    """
    finished = courses.among(Fate.FINISHED)
    found = []
    for k, step in enumerate(courses.looks):
        seen = finished & ~np.isnan(courses.at_looks[:, k])
        n = int(np.count_nonzero(seen))
        one, other = places_of(courses.at_looks[seen, k]), places_of(courses.values[seen])
        if n >= MIN_TRIALS // 2 and np.ptp(one) > 0 and np.ptp(other) > 0:
            found.append((step, n, round(float(np.corrcoef(one, other)[0, 1]), 3)))
    return found


def places_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the place of each value, from 1 (lowest); equal ones share the middle of theirs, not-a-number is last.

    >>> places_of(np.array([3.0, 1.0, float("nan"), 1.0])).tolist()
    [3.0, 1.5, 4.0, 1.5]
    """
    whole = np.where(np.isnan(values), np.inf, values)
    _, which, counts = np.unique(whole, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[which], dtype=np.float64)


def ranked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the places of values as shares of their number, from 0 (best) to 1 (worst)."""
    return (places_of(values) - 0.5) / max(values.size, 1)


def _enough(reading: Reading) -> Reading:
    """Return the reading, or what it lacks."""
    if reading.missing:
        return reading
    if len(reading) < MIN_TRIALS:
        missing = f"It has {len(reading)} of the {MIN_TRIALS} trials needed."
        return Reading(reading.key, step=reading.step, missing=missing)
    if np.ptp(reading.scores) == 0:
        return Reading(reading.key, step=reading.step, missing="All of its trials stand equal.")
    return reading
