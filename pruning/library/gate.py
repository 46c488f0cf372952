"""The safety gate: what a policy would have done to similar past studies, summed up before it is trusted with another.

Pure: what was replayed comes in as cells, one per study and order, and a judgement with its sentences comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pruning.backtest import Cell, Scores
from pruning.backtest.scores import Estimate
from pruning.library.card import FIGURES, Played
from pruning.library.descriptors import NEAR
from pruning.library.neighbours import FEWEST
from pruning.rules.words import count

PLAN = "plan"
SIMILAR = "similar"
LIBRARY, REPLAY = "library", "replay"


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

    @property
    def saved(self) -> tuple[float, float]:
        """Return the share of the training it would have saved: in the worst case and in the best."""
        low, high = self._mean("compute")
        return 1 - high, 1 - low

    @property
    def lost(self) -> tuple[float, float]:
        """Return the share of the orders that would have lost the best trial: in the best case and in the worst."""
        return self._mean("lost")

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
    )
    return Past(name=name, distance=distance, source=LIBRARY, cells=(cell,), known=played, url=url)


def replayed(cells: Sequence[Cell], *, name: str, distance: float, url: str = "") -> Past:
    """Return a past study whose curves were replayed just now, an order a cell."""
    own = tuple(replace(cell, family=SIMILAR, task=name, policy=PLAN) for cell in cells)
    return Past(name=name, distance=distance, source=REPLAY, cells=own, url=url)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What all of them say together."""

    past: tuple[Past, ...]
    saved: Estimate
    lost: Estimate
    risk: float

    @property
    def is_exceeded(self) -> bool:
        """Say whether past winners were lost more often than accepted, even in the best case."""
        return self.lost.at_least > self.risk

    @property
    def sentence(self) -> str:
        """Return what it would have saved and lost."""
        n = len(self.past)
        where = "most similar past study" if n == 1 else f"{n} most similar past studies"
        said = (
            f"On the {where} this policy would have saved {share(self.saved)} of the training{_interval(self.saved)} "
            f"and lost the best trial in {share(self.lost)} of the runs{_interval(self.lost)}; "
        )
        risk = percent(self.risk)
        return said + (
            f"more often than the {risk} that the plan accepts." if self.is_exceeded else f"the plan accepts {risk}."
        )

    @property
    def doubts(self) -> list[str]:
        """Return why that may not hold for the planned study, in sentences."""
        told = [self._source]
        if len(self.past) < FEWEST:
            told.append(f"{_studies(len(self.past))} {'is' if len(self.past) == 1 else 'are'} little evidence.")
        if not self.is_exceeded and self.lost.at_most > self.risk:
            told.append(f"Where recordings break off it may have lost {percent(self.lost.at_most)}.")
        elif not self.is_exceeded and self.lost.high is not None and self.lost.high > self.risk:
            told.append(f"The interval reaches {percent(self.lost.high)}, above what the plan accepts.")
        return told

    @property
    def _source(self) -> str:
        replays = [one for one in self.past if one.source == REPLAY]
        known = [one for one in self.past if one.source == LIBRARY]
        orders = sum(len(one.cells) for one in replays)
        played = f"{_studies(len(replays))} replayed just now ({count(orders, 'random order')} in all)"
        kept = f"figures that {count(len(known), 'card')} of the library hold{'s' if len(known) == 1 else ''}"
        return f"From {' and '.join(text for text, of in ((played, replays), (kept, known)) if of)}."


def forecast(past: Sequence[Past], *, risk: float) -> Forecast | None:
    """Return what the past studies say together, each counting the same; None without any."""
    if not past:
        return None
    nearest = tuple(sorted(past, key=lambda one: one.distance))
    compute, lost = (_estimate(nearest, figure) for figure in ("compute", "lost"))
    saved = Estimate(
        at_least=1 - compute.at_most,
        at_most=1 - compute.at_least,
        low=None if compute.high is None else 1 - compute.high,
        high=None if compute.low is None else 1 - compute.low,
    )
    return Forecast(past=nearest, saved=saved, lost=lost, risk=risk)


def _estimate(past: Sequence[Past], figure: str) -> Estimate:
    """Return one figure; of several studies the interval is drawn over them, of one over its orders."""
    if len(past) == 1 and past[0].known is not None:
        known: Estimate = getattr(past[0].known, figure)
        return known
    cells = [cell for one in past for cell in one.cells]
    return Scores(cells, [PLAN]).family(SIMILAR).estimate(PLAN, figure)


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
    """Return a share in percent, or the bounds where only those are known."""
    low, high = percent(one.at_least), percent(one.at_most)
    return low if low == high else f"{low[:-2]} to {high}"


def percent(value: float) -> str:
    """Return a share in whole percent.

    >>> percent(0.2)
    '20 %'
    """
    return f"{100 * value:.0f} %"


def _interval(one: Estimate) -> str:
    if one.low is None or one.high is None:
        return ""
    return f" [{100 * one.low:.0f}, {100 * one.high:.0f}]"
