"""The safety gate: what a policy would have done to similar past studies, summed up before it is trusted with another.

Pure: what was replayed comes in as cells, one per study and order, and a judgement with its sentences comes out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from pruning.backtest import Cell, Scores
from pruning.backtest.scores import Estimate
from pruning.intervals import clopper_pearson
from pruning.library.card import FIGURES, Played
from pruning.library.descriptors import NEAR
from pruning.library.neighbours import FEWEST
from pruning.library.record import expected_of
from pruning.library.winners import LOST, Winner
from pruning.rules.words import count

PLAN = "plan"
SIMILAR = "similar"
LIBRARY, REPLAY = "library", "replay"


class Finding(StrEnum):
    """What the past studies say about a policy."""

    KEPT = "kept"
    """It lost the best trial no more often than accepted."""
    DOUBTFUL = "doubtful"
    """It lost it more often, but by so little on so few replays that this may be chance."""
    EXCEEDED = "exceeded"
    """It lost it more often beyond doubt: the whole interval lies above the accepted share."""
    THIN = "thin"
    """Nobody can tell: the studies were pruned themselves, and too few of their trials trained to the end whatever."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """One past study and what the policy made of it."""

    name: str
    distance: float
    source: str
    """`replay` of its curves now, or `library`: figures that its card holds."""
    cells: tuple[Cell, ...]
    known: Played | None = None
    """Of `library`: the figures with their interval."""
    url: str = ""
    winner: Winner | None = None
    """What became of its best trial; None where only a card is known."""

    @property
    def saved(self) -> tuple[float, float]:
        """Return the share of the training it would have saved: in the worst case and in the best."""
        low, high = self._mean("compute")
        return 1 - high, 1 - low

    @property
    def lost(self) -> tuple[float, float]:
        """Return the share of the orders that would have lost the best trial: in the best case and in the worst."""
        return self._mean("lost")

    @property
    def likely_lost(self) -> float | None:
        """Return that share as far as it can be told; None if too little is known of trials that were stopped."""
        told = [cell.likely for cell in self.cells]
        return None if None in told else math.fsum(one[LOST] for one in told if one is not None) / len(told)

    @property
    def orders(self) -> int:
        """Return in how many random orders it was played."""
        return self.known.orders if self.known is not None else len(self.cells)

    @property
    def control(self) -> int | None:
        """Return on how many complete curves of the control arm `likely_lost` rests; None if nothing is estimated."""
        return min((cell.control for cell in self.cells if cell.likely is cell.expected), default=None)

    @property
    def weight(self) -> float:
        """Return how many observations it amounts to: its orders, estimated ones by the share of curves that tell."""
        return max(1.0, self.orders * min(cell.known_share for cell in self.cells))

    def _mean(self, figure: str) -> tuple[float, float]:
        place = FIGURES.index(figure)
        best, worst = ([getattr(cell, case)[place] for cell in self.cells] for case in ("figures", "worst"))
        return sum(best) / len(best), sum(worst) / len(worst)


def of_library(played: Played, *, name: str, distance: float, url: str = "") -> Past:
    """Return a past study whose figures are known without its curves."""
    figures = [getattr(played, figure) for figure in FIGURES]
    cell = Cell(
        family=SIMILAR,
        task=name,
        order=0,
        policy=PLAN,
        workers=0,
        fingerprint=played.fingerprint,
        figures=tuple(one.at_least for one in figures),
        worst=tuple(one.at_most for one in figures),
        expected=expected_of(figures) if played.control else None,
        control=played.control,
        broken_off=played.broken_off,
    )
    return Past(name=name, distance=distance, source=LIBRARY, cells=(cell,), known=played, url=url)


def replayed(cells: Sequence[Cell], *, name: str, distance: float, url: str = "", winner: Winner | None = None) -> Past:
    """Return a past study whose curves were replayed just now, an order a cell."""
    own = tuple(replace(cell, family=SIMILAR, task=name, policy=PLAN) for cell in cells)
    return Past(name=name, distance=distance, source=REPLAY, cells=own, url=url, winner=winner)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What all of them say together, each counting the same."""

    past: tuple[Past, ...]
    """The most similar first."""
    risk: float
    """The share of lost winners that the plan accepts."""

    @cached_property
    def judged(self) -> tuple[Past, ...]:
        """Return those of which it can be told how often the best trial was lost."""
        return tuple(one for one in self.past if one.likely_lost is not None)

    @cached_property
    def saved(self) -> Estimate:
        """Return the share of the training it would have saved."""
        compute = _estimate(self.judged or self.past, "compute")
        low, high = compute.ends or (None, None)
        told = {} if compute.expected is None else {"expected": 1 - compute.expected}
        if low is not None and high is not None:
            told |= {"expected_low": 1 - high, "expected_high": 1 - low}
        return Estimate(
            at_least=1 - compute.at_most,
            at_most=1 - compute.at_least,
            low=None if compute.high is None else 1 - compute.high,
            high=None if compute.low is None else 1 - compute.low,
            **(told if compute.is_open else {}),
        )

    @cached_property
    def lost(self) -> float | None:
        """Return the share of the runs that lost the best trial, over the judged studies; None without any."""
        return _mean([one.likely_lost for one in self.judged if one.likely_lost is not None])

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % interval of `lost`: how far other orders, or another control arm, might have had it."""
        return None if self.lost is None else _interval(self.lost, [one.weight for one in self.judged])

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Return the share lost over all studies in the best and in the worst case of what recordings leave open."""
        best, worst = zip(*(one.lost for one in self.past), strict=True)
        return math.fsum(best) / len(best), math.fsum(worst) / len(worst)

    @cached_property
    def finding(self) -> Finding:
        """Return what that means for the plan."""
        surely = _interval(self.bounds[0], [one.orders for one in self.past])
        if surely[0] > self.risk or (self.interval is not None and self.interval[0] > self.risk):
            return Finding.EXCEEDED
        if self.lost is None:
            return Finding.KEPT if self.bounds[1] <= self.risk else Finding.THIN
        return Finding.DOUBTFUL if self.lost > self.risk + 1e-9 else Finding.KEPT

    @property
    def is_exceeded(self) -> bool:
        """Say whether past winners were lost more often than accepted, beyond doubt."""
        return self.finding is Finding.EXCEEDED

    @property
    def sentence(self) -> str:
        """Return what it would have saved and lost."""
        return f"On the {self._where} this policy would have {self._saved}{self._lost}"

    @property
    def doubts(self) -> list[str]:
        """Return why that may not hold for the planned study, in sentences."""
        told = [self._source]
        if len(self.judged) < FEWEST:
            n = len(self.judged) or len(self.past)
            told.append(f"{_studies(n)} {'is' if n == 1 else 'are'} little evidence about the next one.")
        guessed = [one for one in self.judged if one.control is not None]
        if guessed:
            curves = sum(one.control or 0 for one in guessed)
            subject = "One of them was" if len(guessed) == 1 < len(self.past) else f"{_studies(len(guessed))} were"
            subject = "It was" if len(self.past) == 1 else subject
            told.append(
                f"{subject} pruned: what the stopped trials would have become is estimated from "
                f"{count(curves, 'complete curve')} that no rule chose, and counts by their share of all curves; "
                f"without that estimate it is {_between(self._of_judged)}."
            )
        if self.judged and len(self.judged) < len(self.past):
            left = len(self.past) - len(self.judged)
            told.append(f"{_studies(left)} more {'was' if left == 1 else 'were'} pruned too hard to be judged.")
        if self.finding is Finding.KEPT and self.interval is not None and self.interval[1] > self.risk:
            told.append(f"The interval reaches {percent(self.interval[1])}, above what the plan accepts.")
        return told

    @property
    def _of_judged(self) -> tuple[float, float]:
        best, worst = zip(*(one.lost for one in self.judged), strict=True)
        return math.fsum(best) / len(best), math.fsum(worst) / len(worst)

    @property
    def _where(self) -> str:
        n = len(self.judged) or len(self.past)
        return "most similar past study" if n == 1 else f"{n} most similar past studies"

    @property
    def _saved(self) -> str:
        return f"saved {share(self.saved)} of the training{interval_words(self.saved.ends)} and "

    @property
    def _lost(self) -> str:
        accepted = percent(self.risk)
        if self.lost is None or self.interval is None:
            return f"lost the best trial in {_between(self.bounds)} of the runs{self._unjudged(accepted)}"
        told = f"lost the best trial in {percent(self.lost)} of the runs{interval_words(self.interval)}"
        match self.finding:
            case Finding.EXCEEDED:
                return f"{told}: beyond doubt more often than the {accepted} that the plan accepts."
            case Finding.DOUBTFUL:
                return (
                    f"{told}. The plan accepts {accepted}; that it is more is not beyond doubt with so few replays, so "
                    "nothing is blocked."
                )
            case _:
                return f"{told}; the plan accepts {accepted}."

    def _unjudged(self, accepted: str) -> str:
        match self.finding:
            case Finding.EXCEEDED:
                return f": even in the best case more often than the {accepted} that the plan accepts."
            case Finding.KEPT:
                return f"; the plan accepts {accepted}."
            case _:
                whose = "It was pruned itself" if len(self.past) == 1 else "They were pruned themselves"
                return (
                    f", which is too little to judge by and blocks nothing. {whose}, and of what the stopped trials "
                    "would have become too few trials of a control arm tell. A study with `control_every: 10`, or one "
                    "under `policy: off`, would."
                )

    @property
    def _source(self) -> str:
        replays = [one for one in self.past if one.source == REPLAY]
        known = [one for one in self.past if one.source == LIBRARY]
        orders = sum(len(one.cells) for one in replays)
        played = f"{_studies(len(replays))} replayed just now ({count(orders, 'random order')} in all)"
        kept = f"figures that {count(len(known), 'card')} of the library hold{'s' if len(known) == 1 else ''}"
        return f"From {' and '.join(text for text, of in ((played, replays), (kept, known)) if of)}."


def forecast(past: Sequence[Past], *, risk: float) -> Forecast | None:
    """Return what the past studies say together; None without any."""
    return Forecast(past=tuple(sorted(past, key=lambda one: one.distance)), risk=risk) if past else None


def _estimate(past: Sequence[Past], figure: str) -> Estimate:
    """Return one figure; of several studies the interval is drawn over them, of one over its orders."""
    if len(past) == 1 and past[0].known is not None:
        known: Estimate = getattr(past[0].known, figure)
        return known
    cells = [cell for one in past for cell in one.cells]
    return Scores(cells, [PLAN]).family(SIMILAR).estimate(PLAN, figure)


def _interval(mean: float, weights: Sequence[float]) -> tuple[float, float]:
    """Return the interval of a mean over studies; weights: how many observations each study's share rests on.

    Exact (Clopper and Pearson) with the number of observations that a plain share of the same variance would have.
    """
    n = len(weights) ** 2 / math.fsum(1 / weight for weight in weights)
    return clopper_pearson(min(n, max(0.0, mean * n)), n)


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def nothing_known(nearest: float | None) -> str:
    """Return what the gate says where no past study speaks about the planned one."""
    if nearest is None:
        return "No past study can be compared with this plan, so nothing is known about what this policy would lose."
    return (
        f"No past study is similar enough to say what this policy would save and lose: the nearest is at a distance of "
        f"{nearest:.2f}, and {NEAR:g} is the most that counts."
    )


def _studies(n: int) -> str:
    return "1 study" if n == 1 else f"{n} studies"


def share(one: Estimate) -> str:
    """Return a share in percent; the bounds where only those are known."""
    return _between((one.at_least, one.at_most)) if one.value is None else percent(one.value)


def percent(value: float) -> str:
    """Return a share in whole percent.

    >>> percent(0.2)
    '20 %'
    """
    return f"{100 * value:.0f} %"


def _between(ends: tuple[float, float]) -> str:
    low, high = map(percent, ends)
    return low if low == high else f"{low[:-2]} to {high}"


def interval_words(ends: tuple[float, float] | None) -> str:
    """Return an interval of shares in brackets; empty without one.

    >>> interval_words((0.1, 0.25))
    ' [10, 25]'
    """
    return "" if ends is None else f" [{100 * ends[0]:.0f}, {100 * ends[1]:.0f}]"
