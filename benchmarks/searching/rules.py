"""The candidates: calibrated halving with its parts to be exchanged, and what was tried in their place."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy.special import ndtr, ndtri

from benchmarks.searching.scores import Floats, normal_scores
from benchmarks.searching.study import Study
from pruning.links import LIBRARY, prior_agreement
from pruning.quotas import LEVELS

_LEVEL_SCORES = np.append(ndtri(LEVELS[:-1]), math.inf)
FIRM = 0.999


@dataclass(kw_only=True)
class Halving:
    """Calibrated halving that pauses (`pruning.rules.calibrated_halving`): the formulas are explained there."""

    risk: float = 0.2
    aim: str = "risk"
    lcb: float = 1.0
    tail: float = 0.0
    tail_fades: bool = False
    """The tail shrinks as the order comes to agree with the end: tail times (1 - agreement)."""
    is_shared: bool = False
    """A winner missed at one look is taken to be missed at the others, too: every look may spend the whole risk."""
    score: str = "best"
    wait: int = 8
    waits_for_all: bool = False
    """`wait` and nothing else counts those that were eliminated below the look, too."""
    min_members: int = 8
    min_keep: int = 3
    min_pairs: int = 5
    min_pairs_jump: int = 8
    prior_weight: float = 6.0
    prior: tuple[float, ...] = LIBRARY
    first: int = 1
    factor: float = 2.0
    late: int = 0
    """So many more looks, evenly spread between the last one and the end."""

    study: Study = field(init=False, repr=False, compare=False)

    def start(self, study: Study) -> None:
        """Hear that a study begins."""
        self.study = study
        self.keep = np.ones(study.looks)
        self.is_known = np.zeros(study.looks, dtype=bool)
        self.agreements: list[float | None] = [None] * study.looks
        self.keys = study.score(self.score)
        self._calibrated_at: int | None = None

    def goes_on(self, look: int, trial: int) -> bool:
        """Say whether a trial that has just come to a look trains on."""
        self.calibrate_if_due()
        reached = int(self.study.reached[look].sum())
        if self._gathered(look) < self.wait:
            return False
        if reached < self.min_members or not self.is_known[look]:
            return True
        return self.is_within(look, trial)

    def next_to_resume(self, *, is_closing: bool) -> int | None:
        """Return the best paused trial of the highest look at which it is within the quota."""
        if not self.study.paused:
            return None
        self.calibrate_if_due()
        for look, trial in self.leaders():
            if (self._gathered(look) >= self.wait or is_closing) and self.is_within(look, trial):
                return trial
        return None

    def leaders(self) -> list[tuple[int, int]]:
        """Return (look, best paused trial), the highest look first."""
        best: dict[int, tuple[float, int]] = {}
        for trial, look in self.study.paused.items():
            key = float(self.keys[look][trial])
            if math.isfinite(key):
                best[look] = min(best.get(look, (key, trial)), (key, trial))
        return [(look, best[look][1]) for look in sorted(best, reverse=True)]

    def is_within(self, look: int, trial: int) -> bool:
        """Say whether a trial's rank at a look is within the quota."""
        return self.rank(self.keys, look, trial) <= self.quota(look)

    def rank(self, keys: Floats, look: int, trial: int) -> int:
        """Return the place among those that reached the look; ties go to the earlier trial."""
        here, row = self.study.reached[look], keys[look]
        own = row[trial]
        return int((row[here] < own).sum() + ((row == own) & here)[:trial].sum() + 1)

    def quota(self, look: int) -> int:
        """Return how many go on from a look."""
        population = self.study.population(look)
        return min(population, max(self.min_keep, math.floor(self.share(look) * population)))

    def share(self, look: int) -> float:
        """Return the share that goes on from a look."""
        return float(self.keep[look])

    def calibrate_if_due(self) -> None:
        """Calibrate anew after every max(5, arrivals / 12) arrivals."""
        arrivals, last = self.study.arrivals, self._calibrated_at
        if last is None or arrivals - last >= max(5, last // 12):
            self.calibrate()
            self._calibrated_at = arrivals

    def calibrate(self) -> None:
        """Measure the agreement of every look with the end and set the shares."""
        study = self.study
        ended = self.normal(study.ends, study.looks)
        told = [*(self.normal(self.keys[look], look) for look in range(study.looks)), ended]
        agreements: list[float | None] = [None] * study.looks + [1.0]
        for look in reversed(range(study.looks)):
            agreements[look] = self.best_chain(told[look], look, told, agreements)
        self.set_shares(agreements[:-1])

    def best_chain(self, own: Floats, look: int, told: list[Floats], agreements: list[float | None]) -> float | None:
        """Return the largest product of a pessimistic link from this look and the agreement where it leads."""
        last, found = self.study.looks, None
        for leap in sorted({1, 2, 4, 8, last - look}):
            end = look + leap
            onward = agreements[end] if end <= last else None
            link = None if onward is None else self.link(own, told[end], look, end)
            if link is not None and onward is not None:
                found = max(found or 0.0, link * onward)
        return found

    def link(self, before: Floats, after: Floats, look: int, end: int) -> float | None:
        """Return the pessimistic agreement between two looks (`pruning.links.measure`); None while unknown."""
        study = self.study
        pairs, corrected = self.measured(before, after, look, end)
        if pairs < (self.min_pairs_jump if end > look + 1 else self.min_pairs) or (corrected is None and pairs):
            return None
        weight = 0 if corrected is None else max(0, pairs - 3)
        shares = [*(study.steps / study.horizon).tolist(), 1.0]
        prior = min(FIRM, prior_agreement(shares[look], self.prior) / prior_agreement(shares[end], self.prior))
        total = max(weight + self.prior_weight, 1.0)
        z = (weight * math.atanh(corrected or 0.0) + self.prior_weight * math.atanh(prior)) / total
        return max(0.0, math.tanh(z - self.errors(pairs) / math.sqrt(total)))

    def measured(self, before: Floats, after: Floats, look: int, end: int) -> tuple[int, float | None]:
        """Return how many have come to both looks, and their correlation, corrected for those that did not."""
        both = self.study.reached[look] & self.study.reached[end]
        raw = _correlation(before[both], after[both])
        if raw is None:
            return int(both.sum()), None
        narrow, everyone = float(np.std(before[both])), float(np.std(before[self.study.reached[look]]))
        u = min(4.0, max(1.0, everyone / narrow)) if narrow > 0 else 1.0
        return int(both.sum()), max(-FIRM, min(FIRM, raw * u / math.sqrt(1 + raw * raw * (u * u - 1))))

    def errors(self, pairs: int) -> float:
        """Return how many standard errors are taken off a link of so many pairs."""
        return self.lcb

    def normal(self, keys: Floats, look: int) -> Floats:
        """Return the normal scores of those that reached a look; NaN for the others."""
        here = self.study.reached[look]
        found = np.full(self.study.n, math.nan)
        if here.any():
            found[here] = normal_scores(keys[here])
        return found

    def set_shares(self, agreements: list[float | None]) -> None:
        """Set the shares of least compute for the risk, or of most winners per compute (`pruning.quotas`)."""
        study = self.study
        self.agreements = agreements
        self.is_known = np.array([agreement is not None for agreement in agreements])
        trials = self.trials()
        everyone = np.where(LEVELS == 1, 0.0, math.inf)
        loss = np.array(
            [
                everyone if agreement is None else -np.log(np.maximum(self.survival(agreement, trials), 1e-300))
                for agreement in agreements
            ]
        )
        cost = LEVELS * np.array([after - before for before, after in pairwise([*study.steps, study.horizon])])[:, None]
        rows = np.arange(study.looks)

        def spent(choice: np.ndarray) -> float:
            return float(loss[rows, choice].sum())

        def cheapest(price: float) -> np.ndarray:
            return np.asarray(np.argmin(cost + math.exp(price) * loss, axis=1))

        if self.is_shared:
            choice = np.argmax(loss <= -math.log1p(-self.risk), axis=1)  # levels ascend: the first that holds it
        elif self.aim == "payoff":
            options = [cheapest(price / 4) for price in range(-80, 161, 2)]
            choice = min(options, key=lambda one: math.log(study.steps[0] + float(cost[rows, one].sum())) + spent(one))
        else:
            low, high = -20.0, 40.0
            for _ in range(34):
                middle = (low + high) / 2
                low, high = (low, middle) if spent(cheapest(middle)) <= -math.log1p(-self.risk) else (middle, high)
            choice = cheapest(high)
        largest = 0
        for look in reversed(range(study.looks)):
            level = int(choice[look])
            if self.is_known[look]:
                level = largest = max(largest, level)
            self.keep[look] = LEVELS[level]

    def trials(self) -> int:
        """Return among how many the winner is looked for: those that have come to the first look."""
        return self.study.population(0)

    def survival(self, agreement: float, trials: int) -> Floats:
        """Return the probability that the winner stands within the best share, for every share in `LEVELS`."""
        rho = max(0.0, min(FIRM, agreement))
        score = (_LEVEL_SCORES - rho * ndtri(1 / (max(1, trials) + 1))) / math.sqrt(1 - rho * rho)
        tail = self.tail * (1 - rho) if self.tail_fades else self.tail
        return np.asarray((1 - tail) * ndtr(score) + tail * LEVELS)

    def _gathered(self, look: int) -> int:
        return self.study.population(look) if self.waits_for_all else int(self.study.reached[look].sum())


@dataclass(kw_only=True)
class Adaptive(Halving):
    """At every look the one of several scores that agrees best with the end, by what the study has told so far."""

    scores: tuple[str, ...] = ("best", "ahead 0.5", "ahead 1")
    margin: float = 0.0
    """By how much a score must beat the first one."""

    def start(self, study: Study) -> None:
        """Hear that a study begins."""
        super().start(study)
        self._all = [study.score(name) for name in self.scores]
        self.keys = self._all[0].copy()

    def calibrate(self) -> None:
        """Choose the score of every look, from the end backwards, and set the shares."""
        study = self.study
        told = [np.full(study.n, math.nan)] * study.looks + [self.normal(study.ends, study.looks)]
        agreements: list[float | None] = [None] * study.looks + [1.0]
        for look in reversed(range(study.looks)):
            best: tuple[float, float, int] | None = None
            for place, keys in enumerate(self._all):
                found = self.best_chain(self.normal(keys[look], look), look, told, agreements)
                if found is not None:
                    option = (found - (self.margin if place else 0.0), found, place)
                    best = option if best is None or option[0] > best[0] else best
            if best is not None:
                agreements[look] = best[1]
                self.keys[look] = self._all[best[2]][look]
            told[look] = self.normal(self.keys[look], look)
        self.set_shares(agreements[:-1])


@dataclass(kw_only=True)
class Either(Halving):
    """Whoever is within the quota by one of two scores goes on."""

    second: str = "ahead 1"

    def start(self, study: Study) -> None:
        """Hear that a study begins."""
        super().start(study)
        self._others = study.score(self.second)

    def is_within(self, look: int, trial: int) -> bool:
        """Say whether a trial is within the quota by either score."""
        if super().is_within(look, trial):
            return True
        here, row = self.study.reached[look], self._others[look]
        return int((row[here] < row[trial]).sum() + 1) <= self.quota(look)


@dataclass(kw_only=True)
class Late(Halving):
    """Promotions are put off: a paused trial goes on only when all have begun."""

    pauses_all: bool = False
    """Nobody passes a calibrated look before all have begun, either."""
    lowest_first: bool = False
    """Then the lowest look is served first, so that ranks are complete before much is spent."""

    def start(self, study: Study) -> None:
        """Hear that a study begins."""
        super().start(study)
        self._early: set[int] = set()

    def goes_on(self, look: int, trial: int) -> bool:
        """Say whether a trial that has just come to a look trains on."""
        self.calibrate_if_due()
        if self._gathered(look) < self.wait:
            self._early.add(trial)
            return False
        self._early.discard(trial)
        if int(self.study.reached[look].sum()) < self.min_members or not self.is_known[look]:
            return True
        return (not self.pauses_all or self.study.is_closing) and self.is_within(look, trial)

    def next_to_resume(self, *, is_closing: bool) -> int | None:
        """Return the paused trial that goes on now."""
        if not self.study.paused:
            return None
        self.calibrate_if_due()
        leaders = self.leaders()
        for look, trial in reversed(leaders) if self.lowest_first and is_closing else leaders:
            held = bool(self.is_known[look]) and not (not self.pauses_all and trial in self._early)
            if not is_closing and (self._gathered(look) < self.wait or held):
                continue
            if self.is_within(look, trial):
                self._early.discard(trial)
                return trial
        return None


@dataclass(kw_only=True)
class Persistence(Halving):
    """As many go on as `widen` times the worst place that the best `top` of the next look held at this one."""

    top: int = 5
    widen: float = 1.25
    later: str = "next"
    """`next`: of the next look; `all`: of every later one, the end included."""
    joined: str = "alone"
    """`alone`; or the `larger` or the `smaller` of this share and the calibrated one."""

    def share(self, look: int) -> float:
        """Return the share that goes on from a look."""
        study, worst = self.study, 0
        last = study.looks + 1 if self.later == "all" else look + 2
        for end in range(look + 1, last):
            there = np.flatnonzero(study.reached[end])
            if there.size >= self.min_members:
                keys = (self.keys[end] if end < study.looks else study.ends)[there]
                leading = there[np.argsort(keys, kind="stable")[: self.top]]
                worst = max([worst, *(self.rank(self.keys, look, int(trial)) for trial in leading)])
        if not worst:
            return 1.0 if self.joined == "alone" else super().share(look)
        found = min(1.0, self.widen * worst / study.population(look))
        if self.joined == "alone":
            return found
        return (max if self.joined == "larger" else min)(found, super().share(look))


def _correlation(before: Floats, after: Floats) -> float | None:
    if not before.size:
        return None
    x, y = before - before.mean(), after - after.mean()
    spread = float((x @ x) * (y @ y))
    return float(x @ y) / math.sqrt(spread) if spread > 0 else None
