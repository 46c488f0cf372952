"""Drift: whether what a calibration was measured on still holds for the trials that come now.

The search moves towards good regions, so late trials need not be like early ones. At every calibration the newest
trials of each decision point are held against all of them. What is found is a function of the observations up to
that moment alone, and costs the same whatever the number of trials (ranks are looked up, not computed anew).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from pruning.links import Link, Members, Spared, measure
from pruning.normal import quantile
from pruning.rules.base import Rung
from pruning.rules.calibration import Calibration
from pruning.rules.words import listed, number

WINDOW = 60
"""So many of the newest trials at a decision point, and so many spared ones, are held against all."""
FEWEST = 20
"""With fewer pairs in the window, or fewer trials outside it, nothing is said."""
ERRORS = 2.0
ERRORS_ALONE = 3.5
"""A link has moved beyond so many standard errors; where no other link has, beyond more."""
RANK_LIMIT = 4.0
"""Standard errors of the mean rank of the newest trials: every calibration looks again, so it asks for more than 2."""
HINKLEY_SLACK, HINKLEY_LIMIT = 0.05, 12.0
"""Page-Hinkley on places between 0 and 1: shifts of the mean below the slack never count."""
HINKLEY_LENGTH = 120
MOST_TIES = 0.3
SURPRISE = 0.05
_LAST = 1 << 62


class Arriving(Protocol):
    """A study's population, with the order in which trials came to each decision point."""

    def rung(self, step: int, *, by: str = "value", who: str = "reached") -> Rung:
        """Return the population at a decision point."""

    def newest(self, step: int, n: int, *, by: str) -> Sequence[tuple[float, int]]:
        """Return (key, trial) of the last so many that came to a decision point, the newest last."""

    def key_of(self, trial: int, step: int, *, by: str = "value") -> float | None:
        """Return a trial's key at a decision point; None if it has not come there."""

    def spared(self) -> Mapping[int, Spared]:
        """Return the flagged control trials by number."""


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One sign of drift at one decision point."""

    sign: str
    """`link`, `arrivals`, `wandering`, `ties` or `spared`."""
    step: int
    statistic: float
    limit: float
    observed: float
    expected: float
    n: int
    first: int
    """The window's bounds: lowest and highest trial number in it."""
    last: int
    end: int | None = None
    """Where a link leads."""


def signs(population: Arriving, calibration: Calibration) -> tuple[Sign, ...]:
    """Return the signs of drift at the moment a calibration is made."""
    points = [rung.step for rung in calibration.rungs]
    found = _moved_links(population, calibration, [*points, calibration.horizon])
    for step in points:
        found += _of_arrivals(population, step, calibration.terms.by)
    return (*found, *_surprises(population, calibration))


def _moved_links(population: Arriving, calibration: Calibration, steps: Sequence[int]) -> list[Sign]:
    """Return the links between neighbours whose agreement over the window differs from that over all.

    |z(window) - z(all)| beyond 2 standard errors of the window at two decision points, or beyond 3.5 at one: over
    some ninety calibrations of a long study a single one beyond 2 is to be expected.
    """
    known = {(link.start, link.end): link for link in calibration.links}
    places = _Scores(population, calibration.terms.by)
    found = []
    for start, end in pairwise(steps):
        link = known.get((start, end))
        if link is not None and link.corrected is not None and link.pairs >= WINDOW + FEWEST:
            found += _moved(places, calibration, link)
    beyond = [sign for sign in found if sign.statistic > ERRORS]
    limit = ERRORS if len(beyond) > 1 else ERRORS_ALONE
    return [replace(sign, limit=limit) for sign in beyond if sign.statistic > limit]


def _moved(scores: _Scores, calibration: Calibration, link: Link) -> list[Sign]:
    there = scores.window(link.end)
    here = sorted({*scores.window(link.start), *there})
    newest = measure(
        scores.members(link.start, here),
        scores.members(link.end, there),
        horizon=calibration.horizon,
        is_jump=False,
        shrinkage=replace(calibration.terms.shrinkage, min_pairs=FEWEST, min_pairs_jump=FEWEST),
    )
    if newest is None or newest.corrected is None or link.corrected is None:
        return []
    error = 1 / math.sqrt(newest.pairs - 3)
    apart = abs(_fisher(newest.corrected) - _fisher(link.corrected)) / error
    return [
        Sign(
            sign="link",
            step=link.start,
            end=link.end,
            statistic=apart,
            limit=ERRORS,
            observed=newest.corrected,
            expected=link.corrected,
            n=newest.pairs,
            first=min(there),
            last=max(there),
        )
    ]


class _Scores:
    """The normal scores of the newest trials at each decision point, by their places among all; each computed once."""

    def __init__(self, population: Arriving, by: str) -> None:
        self._population, self._by = population, by
        self._spared = sorted(population.spared())[-WINDOW:]
        self._known: dict[tuple[int, int], float | None] = {}

    def window(self, step: int) -> list[int]:
        """Return the newest trials at a decision point and the newest spared ones there, in order of number."""
        newest = {trial for _, trial in self._population.newest(step, WINDOW, by=self._by)}
        return sorted(newest | {trial for trial in self._spared if self._score(step, trial) is not None})

    def members(self, step: int, trials: Sequence[int]) -> Members:
        """Return those of the trials that came to a decision point."""
        scored = [(trial, score) for trial in trials if (score := self._score(step, trial)) is not None]
        return Members(
            step=step,
            trials=np.array([trial for trial, _ in scored], dtype=np.int64),
            scores=np.array([score for _, score in scored], dtype=np.float64),
        )

    def _score(self, step: int, trial: int) -> float | None:
        if (step, trial) not in self._known:
            key = self._population.key_of(trial, step, by=self._by)
            rung = self._population.rung(step, by=self._by)
            self._known[step, trial] = None if key is None else quantile(place(rung, key))
        return self._known[step, trial]


def place(rung: Rung, key: float) -> float:
    """Return a member's place among all that reached the rung, between 0 (best) and 1; ties share their mean."""
    below, upto = _around(rung, key)
    return ((below + upto) / 2) / rung.reached


def _around(rung: Rung, key: float) -> tuple[int, int]:
    """Return how many members are better than a key, and how many are better or tie with it."""
    return rung.rank(key, -1) - 1, rung.rank(key, _LAST) - 1


def _of_arrivals(population: Arriving, step: int, by: str) -> list[Sign]:
    """Return what the order of arrival at one decision point tells: newer trials stand elsewhere, or many tie."""
    rung, arrived = population.rung(step, by=by), population.newest(step, HINKLEY_LENGTH, by=by)
    if rung.reached < WINDOW + FEWEST or len(arrived) < WINDOW + FEWEST:
        return []
    around = [_around(rung, key) for key, _ in arrived]
    places = [(below + upto) / 2 / rung.reached for below, upto in around]
    bounds = [trial for _, trial in arrived[-WINDOW:]]
    found = [*_ranks_apart(step, places, rung.reached, bounds), *_wandered(step, places, arrived)]
    pairs = zip(arrived, around, strict=True)
    tied = sum(upto - below > 1 for (key, _), (below, upto) in pairs if math.isfinite(key))
    share = tied / len(arrived)
    if share > MOST_TIES:
        every = [trial for _, trial in arrived]
        found.append(_sign("ties", step, share, MOST_TIES, share, 0.0, every))
    return found


def _ranks_apart(step: int, places: Sequence[float], reached: int, bounds: Sequence[int]) -> list[Sign]:
    """Return whether the newest stand elsewhere than all: the mean rank of a sample drawn without replacement."""
    mean = math.fsum(places[-WINDOW:]) / WINDOW
    error = math.sqrt((reached + 1) * (reached - WINDOW) / (12 * WINDOW)) / reached
    apart = abs(mean - 0.5) / error
    return [_sign("arrivals", step, apart, RANK_LIMIT, mean, 0.5, bounds)] if apart > RANK_LIMIT else []


def _wandered(step: int, places: Sequence[float], arrived: Sequence[tuple[float, int]]) -> list[Sign]:
    """Return whether the mean place has wandered (Page, Biometrika 41, 1954; Hinkley 1971), in either direction."""
    values = np.array(places)
    means = np.cumsum(values) / np.arange(1, values.size + 1)
    found = []
    for sign in (1, -1):
        path = np.cumsum(sign * (values - means) - HINKLEY_SLACK)
        statistic = float((path - np.minimum.accumulate(path)).max())
        if statistic > HINKLEY_LIMIT:
            every = [trial for _, trial in arrived]
            mean = float(values[-WINDOW:].mean())
            found.append(_sign("wandering", step, statistic, HINKLEY_LIMIT, mean, float(means[-1]), every))
    return found[:1]


def _surprises(population: Arriving, calibration: Calibration) -> list[Sign]:
    """Return whether spared trials beat the best of the others more often than the risk allows (binomial).

    The dial claims that all flagged trials together hold the winner with a probability of at most `risk`; each of n
    flagged ones, spared or not, with risk / n.
    """
    terms, end = calibration.terms, population.rung(calibration.horizon, by=calibration.terms.by)
    spared = population.spared()
    keys = {trial: population.key_of(trial, calibration.horizon, by=terms.by) for trial in spared}
    ended = {trial: key for trial, key in keys.items() if key is not None}
    best = next((key for key, trial in _in_order(end) if trial not in spared), None)
    if terms.aim != "risk" or best is None or not ended:
        return []
    beat = sum(key < best for key in ended.values())
    claimed = min(1.0, terms.risk / (end.eliminated + len(spared)))
    chance = at_least(beat, len(ended), claimed)
    if not beat or chance >= SURPRISE:
        return []
    found = _sign("spared", calibration.horizon, chance, SURPRISE, beat / len(ended), claimed, sorted(ended))
    return [replace(found, n=len(ended))]


def _in_order(rung: Rung) -> Iterator[tuple[float, int]]:
    return (rung.value_at(place) for place in range(1, rung.reached + 1))


def at_least(hits: int, n: int, probability: float) -> float:
    """Return the probability of at least so many hits in n binomial trials.

    >>> at_least(1, 2, 0.5), at_least(0, 9, 0.1)
    (0.75, 1.0)
    """
    if hits == 0:
        return 1.0
    below = math.fsum(math.comb(n, x) * probability**x * (1 - probability) ** (n - x) for x in range(hits))
    return max(0.0, 1 - below)


def _sign(
    name: str, step: int, statistic: float, limit: float, observed: float, expected: float, trials: Sequence[int]
) -> Sign:
    return Sign(
        sign=name,
        step=step,
        statistic=statistic,
        limit=limit,
        observed=observed,
        expected=expected,
        n=len(trials),
        first=min(trials),
        last=max(trials),
    )


def evidence(found: Sequence[Sign], calibration: Calibration) -> dict[str, Any]:
    """Return what a finding of drift was derived from, and what is done about it."""
    terms = calibration.terms
    return {
        "calibration": calibration.version,
        "peers": calibration.peers,
        "window": WINDOW,
        "action": terms.drift,
        "lcb": terms.shrinkage.lcb,
        "lcb_after": terms.widened.shrinkage.lcb,
        "signs": [asdict(sign) for sign in found],
    }


def sentence(found: Mapping[str, Any]) -> str:
    """Return a finding in plain words, from its evidence alone."""
    said = listed([_clause(one) for one in found["signs"]])
    then = "Nothing is changed."
    if found["lcb_after"] > found["lcb"]:
        before, after = number(found["lcb"], 2), number(found["lcb_after"], 2)
        then = f"From here on links are lowered by {after} standard errors, not {before}."
    return f"Drift at calibration {found['calibration']}: {said}. {then}"


def _clause(one: Mapping[str, Any]) -> str:
    observed, expected = number(one["observed"], 2), number(one["expected"], 2)
    match one["sign"]:
        case "link":
            return (
                f"the order at step {one['step']} agrees {observed} with step {one['end']} over the newest {one['n']} "
                f"trials and {expected} over all ({number(one['statistic'], 2)} standard errors)"
            )
        case "arrivals":
            better = "better" if one["observed"] < one["expected"] else "worse"
            return (
                f"the newest {one['n']} trials at step {one['step']} stand {better} than all, at {observed} of the "
                f"ranking ({number(one['statistic'], 2)} standard errors)"
            )
        case "wandering":
            return f"the mean place at step {one['step']} has wandered to {observed} of the ranking"
        case "ties":
            share = number(100 * one["observed"], 0)
            return f"{share} % of the newest {one['n']} values at step {one['step']} are tied"
        case _:
            return (
                f"{number(100 * one['observed'], 0)} % of {one['n']} spared trials beat the best of the others, which "
                f"the risk allows with probability {number(one['statistic'], 2)}"
            )


def _fisher(value: float) -> float:
    return math.atanh(max(-0.999, min(0.999, value)))
