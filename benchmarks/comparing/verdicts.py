"""What the cells say: ours beside every peer at its compute, the dial, the oracle, and where we lose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.comparing.contestants import DIAL, GRID, ORACLE
from benchmarks.peers.registry import PEERS
from pruning.backtest import Cell, Scores
from pruning.backtest.cells import FIGURES
from pruning.backtest.scores import BEST, TAILS, Estimate, Summary
from pruning.judgement.brier import Brier, Uttered, brier

HALVINGS = ("Optuna halving", "Ray ASHA", "Syne ASHA", "Syne ASHA, promotion", "Syne PASHA")
"""Asynchronous halving in one bracket: so cheap that ours may spend three points more, for a tenth less regret."""
ALLOWANCE = 0.03
LOST = FIGURES.index("lost")
TARGET, TARGET_HALVING = 0.5, 0.9
SLACK = {0.05: 0.08, 0.1: 0.05, 0.2: 0.05}
"""By how much more than the dial says the best may be lost, by the dial."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """Ours beside one peer: the setting of the grid whose compute lies nearest below the peer's."""

    peer: str
    ours: str
    is_below: bool
    """False: no setting is as cheap, so the cheapest stands beside it."""
    allowance: float
    """Share of compute by which ours may exceed the peer's."""
    compute: Estimate
    """Ours less theirs, as the next two; paired by task and order."""
    regret: Estimate
    lost: Estimate
    ratio: Estimate
    """Our regret as a share of theirs."""
    target: float

    @property
    def is_reached(self) -> bool:
        """Say whether the ratio is at most what is aimed at."""
        return self.is_below and self.ratio.at_most <= self.target

    @property
    def is_settled(self) -> bool:
        """Say whether the interval of the difference in regret excludes 0 in our favour."""
        return self.regret.high is not None and self.regret.high < 0


@dataclass(frozen=True, kw_only=True)
class DialReading:
    """What one dial promises and what it kept."""

    name: str
    dial: float
    lost: Estimate
    families: tuple[tuple[str, float], ...]
    brier: Brier | None
    """Of saying the dial before every run, against the winners lost; every run counts the same."""

    @property
    def is_honest(self) -> bool:
        """Say whether the best is lost as rarely as the dial says, or nearly."""
        return self.lost.at_most <= self.dial + SLACK[self.dial]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A task on which a peer does better than ours at its compute."""

    peer: str
    ours: str
    task: str
    compute: Estimate
    regret: Estimate
    lost: Estimate


def match(total: Summary, peer: str) -> Match:
    """Return ours beside a peer."""
    theirs = total.estimate(peer, "compute").at_most
    allowance = ALLOWANCE if peer in HALVINGS else 0.0
    costs = {name: total.estimate(name, "compute").at_most for name in GRID if name in total.policies}
    below = [name for name in costs if costs[name] <= theirs + allowance]
    ours = max(below, key=costs.__getitem__) if below else min(costs, key=costs.__getitem__)
    return Match(
        peer=peer,
        ours=ours,
        is_below=bool(below),
        allowance=allowance,
        compute=total.difference(ours, peer, "compute"),
        regret=total.difference(ours, peer, "regret"),
        lost=total.difference(ours, peer, "lost"),
        ratio=ratio(total, ours, peer, "regret"),
        target=TARGET_HALVING if allowance else TARGET,
    )


def matches(total: Summary) -> list[Match]:
    """Return ours beside every peer that was played."""
    return [match(total, peer) for peer in PEERS if peer in total.policies]


def ratio(total: Summary, policy: str, reference: str, figure: str) -> Estimate:
    """Return one policy's figure as a share of another's, with the interval of the paired draws."""
    of, to, what = total.policies.index(policy), total.policies.index(reference), FIGURES.index(figure)
    mean = _share(total.means[of, BEST, what], total.means[to, BEST, what])
    if total.draws is None:
        return Estimate(at_least=mean, at_most=mean, low=None, high=None)
    drawn = np.sort([_share(*pair) for pair in total.draws[:, [of, to], BEST, what]])
    low, high = (float(drawn[round(tail * (drawn.size - 1))]) for tail in TAILS)  # no mean of two: some are infinite
    return Estimate(at_least=mean, at_most=mean, low=low, high=high)


def _share(ours: float, theirs: float) -> float:
    """Return ours / theirs; where nobody loses anything both are as good."""
    if theirs == 0:
        return 1.0 if ours == 0 else float("inf")
    return float(ours / theirs)


def dial(scores: Scores, total: Summary, cells: Sequence[Cell]) -> list[DialReading]:
    """Return what each setting with a dial kept of its promise."""
    return [
        DialReading(
            name=name,
            dial=risk,
            lost=total.estimate(name, "lost"),
            families=tuple(
                (family, scores.family(family).estimate(name, "lost").at_most) for family in scores.families
            ),
            brier=brier(Uttered(risk, bool(cell.figures[LOST])) for cell in cells if cell.policy == name),
        )
        for name, risk in sorted(DIAL.items(), key=lambda one: one[1])
        if name in total.policies
    ]


def oracle_distances(total: Summary) -> list[tuple[str, float]]:
    """Return how many times the oracle's compute everyone spends, from the least."""
    least = total.estimate(ORACLE, "compute").at_most
    times = [(name, total.estimate(name, "compute").at_most / least) for name in total.policies if name != ORACLE]
    return sorted(times, key=lambda one: one[1])


def losses(scores: Scores, found: Sequence[Match], *, margin: float = 0.01) -> list[Loss]:
    """Return the tasks on which a peer's regret is lower than ours by more than the margin, the worst first."""
    lost: list[Loss] = []
    for one in found:
        for _, task in scores.compared:
            study = scores.study(task)
            regret = study.difference(one.ours, one.peer, "regret")
            if regret.at_most > margin:
                compute, best = (study.difference(one.ours, one.peer, figure) for figure in ("compute", "lost"))
                lost.append(Loss(peer=one.peer, ours=one.ours, task=task, compute=compute, regret=regret, lost=best))
    return sorted(lost, key=lambda loss: -loss.regret.at_most)
