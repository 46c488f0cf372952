"""Counting halted configurations against those that went on: by parameter, over two, by step, reason and rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pruning.halted.outcomes import STOPPED, Floats, Mask, Outcomes, Places

KINDS = ("finished", "control", "speed", "risk", "generalisation")
"""What is counted, in the order in which it is drawn: what went on, then what was stopped."""
BINS = 10
MOST_BARS = 24
"""Values of a whole-number range that have a bar each; of more, each bar holds as many."""
MOST_CHOICES = 12
"""Choices told apart; the rarest of more are counted together."""
CELLS = (7, 5)
MOST_GROUPS = 160
FEWEST_COMPARED = 5
OTHERS = "others"


@dataclass(frozen=True)
class Histogram:
    """Counts of ended trials over one parameter.

    counts: int64[kinds, bins]. edges: places of the bins' borders from 0 to 1, empty of a categorical parameter;
    labels: its choices. p: of the difference between the stopped and the finished, adjusted for all parameters; None if
    there are too few of either.
    """

    name: str
    counts: NDArray[np.int64]
    edges: Sequence[float]
    labels: Sequence[str]
    p: float | None


@dataclass(frozen=True)
class Grid:
    """Counts over two parameters: int64[rows, columns] each; the second parameter is the vertical one."""

    across: Histogram
    down: Histogram
    stopped: NDArray[np.int64]
    ended: NDArray[np.int64]
    spared: NDArray[np.int64]


class Passing(NamedTuple):
    """Trials at one step: how many of those that have ended got further, and how many were stopped there, by motive."""

    step: int
    remaining: int
    stopped: dict[str, int]


class Stops(NamedTuple):
    """Stops for one reason, or by one rule."""

    name: str
    """The reason's code, or the rule's name; empty where the ledger does not tell."""
    kind: str
    """The motive, of several the most frequent."""
    stopped: int
    median_step: float
    steps_saved: int
    spared: int
    """Trials that it would have stopped, and the control arm protected."""


class Group(NamedTuple):
    """Trials that began one after the other: how they ended, and how far they got on average."""

    first: int
    last: int
    counts: dict[str, int]
    mean_step: float


def histograms(outcomes: Outcomes) -> list[Histogram]:
    """Return a histogram for every parameter, those that tell most apart first."""
    raw = [_difference(outcomes, places) for places in outcomes.places.values()]
    adjusted = _holm(raw)
    found = []
    for places, p in zip(outcomes.places.values(), adjusted, strict=True):
        where, edges, labels = _bins(places, BINS, most=MOST_BARS)
        n = len(labels) or len(edges) - 1
        found.append(Histogram(places.name, _counted(outcomes, where, n), edges, labels, p))
    return sorted(found, key=lambda one: 2.0 if one.p is None else one.p)


def grid(outcomes: Outcomes, across: str, down: str) -> Grid:
    """Return counts over two parameters, which must be among those of the outcomes."""
    columns, rows = outcomes.places[across], outcomes.places[down]
    x, x_edges, x_labels = _bins(columns, CELLS[0], most=CELLS[0])
    y, y_edges, y_labels = _bins(rows, CELLS[1], most=CELLS[1])
    shape = (len(y_labels) or len(y_edges) - 1, len(x_labels) or len(x_edges) - 1)

    def counted(mask: Mask) -> NDArray[np.int64]:
        chosen = mask & (x >= 0) & (y >= 0)
        found = np.zeros(shape, dtype=np.int64)
        np.add.at(found, (y[chosen], x[chosen]), 1)
        return found

    empty = np.empty((0, 0), dtype=np.int64)
    return Grid(
        across=Histogram(across, empty, x_edges, x_labels, None),
        down=Histogram(down, empty, y_edges, y_labels, None),
        stopped=counted(outcomes.stopped),
        ended=counted(outcomes.stopped | outcomes.finished),
        spared=counted(outcomes.spared),
    )


def passing(outcomes: Outcomes) -> list[Passing]:
    """Return, for every step at which a trial ended, how many went further and how many were stopped there."""
    ended = outcomes.stopped | outcomes.finished
    remaining = int(ended.sum())
    found = []
    for step in np.unique(outcomes.step[ended]):
        here = np.flatnonzero(ended & (outcomes.step == step))
        counts = Counter(outcomes.kind[place] for place in here.tolist())
        remaining -= len(here)
        found.append(Passing(int(step), remaining, {kind: counts[kind] for kind in KINDS[2:] if counts[kind]}))
    return found


def reasons(outcomes: Outcomes, *, horizon: int, spared_for: Mapping[int, str]) -> list[Stops]:
    """Return stops by reason, the most frequent first; spared_for: why a rule spoke against the spared, by number."""
    return _stops(outcomes, outcomes.reason, horizon, Counter(spared_for.values()))


def rules(
    outcomes: Outcomes, *, horizon: int, stopped_by: Mapping[int, str], spared_by: Mapping[int, str]
) -> list[Stops]:
    """Return stops by rule, the most frequent first; stopped_by: the rule that spoke last, spared_by: the one that was
    overruled; both by the trial's number.
    """
    names = [stopped_by.get(number, "") for number in outcomes.number.tolist()]
    return _stops(outcomes, names, horizon, Counter(spared_by.values()))


def _stops(outcomes: Outcomes, names: Sequence[str], horizon: int, spared: Counter[str]) -> list[Stops]:
    by_name: dict[str, list[int]] = {}
    for place in np.flatnonzero(outcomes.stopped).tolist():
        by_name.setdefault(names[place], []).append(place)
    rows = [
        Stops(
            name=name,
            kind=Counter(outcomes.kind[place] for place in here).most_common(1)[0][0],
            stopped=len(here),
            median_step=float(median(outcomes.step[here].tolist())),
            steps_saved=int(np.maximum(horizon - outcomes.step[here], 0).sum()),
            spared=spared[name],
        )
        for name, here in by_name.items()
    ]
    return sorted(rows, key=lambda row: -row.stopped)


def groups(outcomes: Outcomes, *, most: int = MOST_GROUPS) -> list[Group]:
    """Return the trials in the order of their numbers, one by one or, of more than `most`, some at a time."""
    order = np.argsort(outcomes.number, kind="stable")
    found = []
    for part in np.array_split(order, min(most, len(order)) or 1):
        if not len(part):
            continue
        counts = Counter(outcomes.kind[place] for place in part.tolist())
        first, last = int(outcomes.number[part[0]]), int(outcomes.number[part[-1]])
        found.append(Group(first, last, dict(counts), float(outcomes.step[part].mean())))
    return found


def _bins(places: Places, n: int, *, most: int) -> tuple[NDArray[np.int64], Sequence[float], Sequence[str]]:
    """Return the bin of every trial (-1: it has none), the bins' borders, and the labels of choices.

    n: about how many bins a range is cut into; most: values that have a bin each.
    """
    known = np.isfinite(places.at)
    if not places.choices:
        edges = [0.0, *_borders(places.grid, n, most), 1.0]
        where = np.searchsorted(edges[1:-1], np.where(known, places.at, 0.0), side="right")
        return np.where(known, where, -1), edges, ()
    index = np.where(known, places.at, 0).astype(np.int64)
    counts = np.bincount(index[known], minlength=len(places.choices))
    if len(places.choices) <= MOST_CHOICES:
        return np.where(known, index, -1), (), list(places.choices)
    common = np.sort(np.argsort(-counts, kind="stable")[: MOST_CHOICES - 1])
    place_of = {int(choice): place for place, choice in enumerate(common)}
    moved = np.array([place_of.get(int(one), MOST_CHOICES - 1) for one in index], dtype=np.int64)
    return np.where(known, moved, -1), (), [*(places.choices[int(one)] for one in common), OTHERS]


def _borders(grid: Sequence[float], n: int, most: int) -> Sequence[float]:
    """Return the borders between bins: halfway between two values, where a range has so few that they are told apart.

    An uneven one (by the logarithm) is cut into stretches of one width, as far as each holds a value.
    """
    m = len(grid)
    if not m:
        return [edge / n for edge in range(1, n)]
    gaps = np.diff(grid)
    starts: Sequence[int]
    if m <= most:
        starts = range(1, m)
    elif np.ptp(gaps) < 1e-6 * gaps.mean():
        width = _values_a_bin(m, n)
        starts = range(width, m, width)
    else:
        starts = sorted({int(np.searchsorted(grid, edge / n - 1e-9)) for edge in range(1, n)} - {0, m})
    return [(grid[start - 1] + grid[start]) / 2 for start in starts]


def _values_a_bin(m: int, n: int) -> int:
    """Return how many of m values each of about n bins holds, so that the last one, which holds the rest, lacks least.

    >>> _values_a_bin(29, 10), _values_a_bin(64, 10), _values_a_bin(501, 10)
    (3, 8, 56)
    """
    widths = range(max(1, -(-5 * m // (6 * n))), max(1, 5 * m // (4 * n)) + 1)
    full = {width: ((m - 1) % width + 1) / width for width in widths}
    return max(full, key=lambda width: (full[width], -abs(m / width - n)), default=-(-m // n))


def _counted(outcomes: Outcomes, where: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    found = np.zeros((len(KINDS), n), dtype=np.int64)
    for row, kind in enumerate(KINDS):
        found[row] = np.bincount(where[(where >= 0) & (outcomes.kinds == kind)], minlength=n)
    return found


def _difference(outcomes: Outcomes, places: Places) -> float | None:
    """Return the p-value of a difference between stopped and finished: Kolmogorov-Smirnov, of choices chi-squared."""
    from scipy import stats  # takes a third of a second, which starting the site need not wait for

    known = np.isfinite(places.at)
    stopped, finished = places.at[known & outcomes.stopped], places.at[known & outcomes.finished]
    if min(len(stopped), len(finished)) < FEWEST_COMPARED:
        return None
    if not places.choices:
        return float(stats.ks_2samp(stopped, finished, method="asymp").pvalue)
    table = np.stack([np.bincount(one.astype(np.int64), minlength=len(places.choices)) for one in (stopped, finished)])
    table = table[:, table.sum(axis=0) > 0]
    return float(stats.chi2_contingency(table).pvalue) if table.shape[1] > 1 else None


def _holm(values: Sequence[float | None]) -> list[float | None]:
    """Return p-values adjusted for their number (Holm 1979); None stays None.

    >>> _holm([0.01, None, 0.04])
    [0.02, None, 0.04]
    """
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    found: list[float | None] = [None] * len(values)
    highest = 0.0
    for rank, (value, place) in enumerate(known):
        highest = max(highest, min(1.0, value * (len(known) - rank)))
        found[place] = highest
    return found


def survivors(outcomes: Outcomes, values: Floats) -> list[tuple[str, int, tuple[float, float, float] | None]]:
    """Return (who, how many, quartiles) of the values of those that finished, were spared, and were stopped.

    values: float64[n], the end's value of the finished, the best seen of the stopped, as told.
    """
    found = []
    for who, mask in (
        ("finished", outcomes.finished & ~outcomes.spared),
        ("control", outcomes.spared),
        ("stopped", outcomes.stopped),
    ):
        known = values[mask & np.isfinite(values)]
        quartiles = tuple(float(one) for one in np.quantile(known, [0.25, 0.5, 0.75])) if len(known) else None
        found.append((who, int(mask.sum()), quartiles))
    return found  # type: ignore[return-value]  # three quantiles were asked for


__all__ = [
    "KINDS",
    "STOPPED",
    "Grid",
    "Group",
    "Histogram",
    "Passing",
    "Stops",
    "grid",
    "groups",
    "histograms",
    "passing",
    "reasons",
    "rules",
    "survivors",
]
