"""Sums over cells with intervals: means over orders, then studies, then families.

Trials and orders of one study are no independent evidence about another, so intervals come from a bootstrap that
draws whole studies within their family (cluster bootstrap). A family with one study cannot tell how studies differ:
there its orders are drawn instead, and the summary says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pruning.backtest.cells import FIGURES, Cell

Floats = NDArray[np.float64]
DRAWS = 4000
SEED = 0
TAILS = (0.025, 0.975)
CASES = BEST, WORST, LIKELY = 0, 1, 2
AGAINST = [WORST, BEST, LIKELY]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One figure of one policy with its 95 % interval."""

    at_least: float
    """In the best case of what recordings that break off leave open; else the mean itself."""
    at_most: float
    low: float | None
    """None where nothing was there to draw from: one order of one study."""
    high: float | None
    expected: float | None = None
    """Where bounds lie apart: the mean as if what breaks off had gone on like the control arm; None if unknown."""
    expected_low: float | None = None
    expected_high: float | None = None

    @property
    def is_open(self) -> bool:
        """Say whether recordings that break off leave the figure open."""
        return self.at_least != self.at_most

    @property
    def mean(self) -> float | None:
        """Return the mean; None where only bounds are known."""
        return None if self.is_open else self.at_least

    @property
    def value(self) -> float | None:
        """Return the mean, or its estimate where recordings leave it open; None where there is neither."""
        return self.expected if self.is_open else self.at_least

    @property
    def ends(self) -> tuple[float, float] | None:
        """Return the 95 % interval of `value`; None where there is none."""
        low, high = (self.expected_low, self.expected_high) if self.is_open else (self.low, self.high)
        return None if low is None or high is None else (low, high)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The figures of several policies over the same studies."""

    policies: tuple[str, ...]
    studies: int
    over: str
    """What the interval was drawn from, in words."""
    means: Floats
    """policies × (best case, worst case, estimate) × figures; the estimate is NaN where there is none."""
    draws: Floats | None
    """draws × policies × (best case, worst case, estimate) × figures, the same draws for all policies."""
    judged: int
    """On how many of the studies every policy's figures are known or estimated: estimates are means over these."""
    gone_on: tuple[float, ...]
    """By policy, trials an order with which it would have gone on beyond their recordings."""

    def estimate(self, policy: str, figure: str) -> Estimate:
        """Return one figure of one policy."""
        of, what = self.policies.index(policy), FIGURES.index(figure)
        draws = None if self.draws is None else self.draws[:, of, :, what]
        return _estimate(self.means[of, :, what], draws)

    def difference(self, policy: str, reference: str, figure: str) -> Estimate:
        """Return one policy's figure less another's, paired by study and order."""
        of, to, what = self.policies.index(policy), self.policies.index(reference), FIGURES.index(figure)
        if of == to:
            return _estimate(np.zeros(len(CASES)), np.zeros((1, len(CASES))))
        # The best case of a difference is the one's best case less the other's worst.
        means = self.means[of, :, what] - self.means[to, AGAINST, what]
        draws = None if self.draws is None else self.draws[:, of, :, what] - self.draws[:, to, AGAINST, what]
        return _estimate(means, draws)


class Scores:
    """What all cells say, by study, family and in total."""

    def __init__(self, cells: Sequence[Cell], policies: Sequence[str]) -> None:
        """policies: in the order of the tables. Families and total count the studies that every policy has played."""
        self.policies = tuple(policies)
        self.studies = sorted({(cell.family, cell.task) for cell in cells})
        self.orders = len({cell.order for cell in cells})
        self._cells: dict[tuple[str, str], dict[int, Cell]] = {}
        for cell in cells:
            self._cells.setdefault((cell.task, cell.policy), {})[cell.order] = cell

    @cached_property
    def compared(self) -> tuple[tuple[str, str], ...]:
        """Return (family, study) of those that every policy has played."""
        return tuple(one for one in self.studies if self.played(one[1]) == self.policies)

    @property
    def families(self) -> list[str]:
        """Return the families of the compared studies."""
        return sorted({family for family, _ in self.compared})

    def played(self, study: str) -> tuple[str, ...]:
        """Return the policies that were played on a study."""
        return tuple(policy for policy in self.policies if (study, policy) in self._cells)

    def study(self, study: str) -> Summary:
        """Return the figures of one study, of the policies that were played on it; drawn over its orders."""
        policies = self.played(study)
        orders = self._orders(study, policies)
        return Summary(
            policies=policies,
            studies=1,
            over=_of_orders(orders),
            means=orders.mean(axis=0),
            draws=_drawn(orders, study, most=self._rests_on(study)),
            judged=int(_judged(orders).all()),
            gone_on=self._gone_on([study], policies),
        )

    def family(self, family: str) -> Summary:
        """Return the figures of one family."""
        studies = [study for name, study in self.compared if name == family]
        if len(studies) == 1:  # what its orders differ by is all there is to draw from
            orders = self._orders(studies[0], self.policies)
            return replace(self.study(studies[0]), draws=_drawn(orders, family, most=self._rests_on(studies[0])))
        units = np.stack([self._orders(study, self.policies).mean(axis=0) for study in studies])
        return Summary(
            policies=self.policies,
            studies=len(studies),
            over=f"{len(studies)} studies",
            means=_means(units),
            draws=_of_studies(units, family),
            judged=int(_judged(units).sum()),
            gone_on=self._gone_on(studies, self.policies),
        )

    def total(self) -> Summary | None:
        """Return the mean over families; None if no study was played by all policies."""
        if not self.compared:
            return None
        families = [self.family(family) for family in self.families]
        draws = [family.draws for family in families if family.draws is not None]
        return Summary(
            policies=self.policies,
            studies=len(self.compared),
            over=_of_families(families),
            means=np.mean([family.means for family in families], axis=0),
            draws=np.mean(draws, axis=0) if len(draws) == len(families) else None,
            judged=sum(family.judged for family in families),
            gone_on=self._gone_on([study for _, study in self.compared], self.policies),
        )

    def _orders(self, study: str, policies: Sequence[str]) -> Floats:
        """Return orders × policies × (best case, worst case, estimate) × figures of one study."""
        by_policy = [self._cells[study, policy] for policy in policies]
        common = sorted(set.intersection(*(set(cells) for cells in by_policy)))
        return np.array([[_cases(cells[order]) for cells in by_policy] for order in common])

    def _rests_on(self, study: str) -> int | None:
        """Return as how many orders a study's estimates count, at least one; None without estimates."""
        cells = [self._cells[study, policy] for policy in self.played(study)]
        shares = [cell.known_share for found in cells for cell in found.values() if cell.expected is not None]
        return max(1, round(min(shares) * min(map(len, cells)))) if shares else None

    def _gone_on(self, studies: Sequence[str], policies: Sequence[str]) -> tuple[float, ...]:
        return tuple(
            float(np.mean([cell.gone_on for study in studies for cell in self._cells[study, policy].values()]))
            for policy in policies
        )


def _cases(cell: Cell) -> list[tuple[float, ...]]:
    return [cell.figures, cell.worst, cell.likely or (np.nan,) * len(FIGURES)]


def _judged(units: Floats) -> NDArray[np.bool_]:
    """Return which units have figures, known or estimated, of every policy."""
    return np.asarray(np.isfinite(units[:, :, LIKELY]).all(axis=(1, 2)))


def _means(studies: Floats) -> Floats:
    """Return the means over studies; of estimates over those that have them, if any has."""
    means, judged = studies.mean(axis=0), studies[_judged(studies)]
    if len(judged):
        means[:, LIKELY] = judged[:, :, LIKELY].mean(axis=0)
    return np.asarray(means)


def _of_studies(studies: Floats, name: str) -> Floats:
    """Return means of resamples of the studies; estimates are drawn among those that have them, if any has."""
    draws, judged = _drawn(studies, name), studies[_judged(studies)]
    assert draws is not None, "a family of one study is drawn from its orders"  # noqa: S101 - `family` sees to it
    if 0 < len(judged) < len(studies):
        told = _drawn(judged, name)
        draws[:, :, LIKELY] = np.nan if told is None else told[:, :, LIKELY]  # a single one tells no interval
    return draws


def _drawn(units: Floats, name: str, *, most: int | None = None) -> Floats | None:
    """Return means of resamples of the units; None of a single unit. The name and nothing else decides the draws.

    most: of so many units an estimate is drawn at a time, its bounds among them: the fewer curves tell what became of
    those that break off, the further its interval reaches towards what is certain.
    """
    if len(units) < 2:
        return None
    random = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    even = np.full(len(units), 1 / len(units))
    draws = np.asarray(np.tensordot(random.multinomial(len(units), even, size=DRAWS) / len(units), units, axes=1))
    if most is not None:
        told = np.concatenate([units[:, :, LIKELY], units[:, :, [BEST, WORST]].mean(axis=0).transpose(1, 0, 2)])
        fewer = random.multinomial(most, np.full(len(told), 1 / len(told)), size=DRAWS) / most
        drawn = np.tensordot(fewer, told, axes=1)
        draws[:, :, LIKELY] = np.clip(drawn, draws[:, :, BEST], draws[:, :, WORST])
    return draws


def _estimate(means: Floats, draws: Floats | None) -> Estimate:
    """Return one figure; means: by case, draws: draws × cases."""
    is_guessed = bool(means[BEST] != means[WORST] and np.isfinite(means[LIKELY]))
    guess: Mapping[str, float] = {"expected": float(means[LIKELY])} if is_guessed else {}
    best, worst = float(means[BEST]), float(means[WORST])
    if draws is None:
        return Estimate(at_least=best, at_most=worst, low=None, high=None, **guess)
    low, high = np.quantile(draws[:, BEST], TAILS[0]), np.quantile(draws[:, WORST], TAILS[1])
    if is_guessed and np.isfinite(draws[:, LIKELY]).all():
        ends = np.quantile(draws[:, LIKELY], TAILS)
        guess = {**guess, "expected_low": float(ends[0]), "expected_high": float(ends[1])}
    return Estimate(at_least=best, at_most=worst, low=float(low), high=float(high), **guess)


def _of_orders(orders: Floats) -> str:
    return f"{len(orders)} orders of one study" if len(orders) > 1 else "nothing: one order of one study"


def _of_families(families: Sequence[Summary]) -> str:
    if len(families) == 1:
        return families[0].over
    alone = [family for family in families if family.studies == 1]
    if any(family.draws is None for family in alone):
        return "nothing: a family has one order of one study"
    if len(alone) == len(families):
        return f"orders, in {len(families)} families of one study each"
    within = f"studies, within {len(families)} families"
    return f"{within}; orders in those with one study ({len(alone)})" if alone else within
