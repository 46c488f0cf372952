"""Attempts as bars on lanes, one lane a slot; bars too short to be seen are drawn as one."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trials.resources.attempts import Attempts, Place

MOST_BARS = 2_400
FEWEST_BINS, MOST_BINS = 60, 1_200
WIDEST = 3
"""Pixels' worth of time that one bar of several attempts takes at most."""


@dataclass(frozen=True)
class Bar:
    """One attempt, or several that stand too close together to be told apart."""

    lane: int
    start: float
    end: float
    kind: str
    """How it ended; of several, one of their ends: on a lane each end is drawn about as often as it came."""
    n: int = 1
    trial: int | None = None
    attempt: int | None = None
    code: str = ""
    resumed: bool = False
    index: int | None = None
    """Of the attempt; None of several."""
    counts: Sequence[tuple[str, int]] = ()
    """Of several: how they ended, the most frequent first."""


class Lane(NamedTuple):
    """One slot, or a second lane of it where attempts overlap."""

    host: str
    slot: int


def lanes_of(attempts: Attempts) -> tuple[list[Lane], list[int]]:
    """Return the lanes, sorted by host and slot, and the lane of every attempt.

    Programs that claim over HTTP name no slot: where attempts overlap, the next one goes to the first lane that is
    free (greedy interval partitioning, which needs as few lanes as there are attempts at once).
    """
    at: dict[Place, list[tuple[float, int]]] = {}
    n_lanes: Counter[Place] = Counter()
    chosen: list[tuple[Place, int]] = []
    for index in range(len(attempts)):
        place = attempts.place[index]
        free = at.setdefault(place, [])
        if free and free[0][0] <= attempts.start[index]:
            _, lane = heapq.heappop(free)
        else:
            lane, n_lanes[place] = n_lanes[place], n_lanes[place] + 1
        heapq.heappush(free, (float(attempts.end[index]), lane))
        chosen.append((place, lane))
    every = sorted((place, lane) for place, n in n_lanes.items() for lane in range(n))
    where = {key: index for index, key in enumerate(every)}
    return [Lane(place.host, place.slot + lane) for place, lane in every], [where[key] for key in chosen]


def bars(attempts: Attempts, lanes: Sequence[int], *, n_lanes: int, window: tuple[float, float]) -> list[Bar]:
    """Return what is drawn in a window of time, at most about `MOST_BARS`.

    An attempt narrower than one pixel's worth of time joins the one before it on its lane, if that is as near.
    """
    low, high = window
    n_bins = int(np.clip(MOST_BARS / max(n_lanes, 1), FEWEST_BINS, MOST_BINS))
    least = max((high - low) / n_bins, 1e-9)
    shown = np.flatnonzero((attempts.end >= low) & (attempts.start <= high)).tolist()
    open_: dict[int, list[int]] = {}
    owed: dict[int, Counter[str]] = defaultdict(Counter)
    found: list[Bar] = []
    for index in shown:
        lane = lanes[index]
        group = open_.get(lane)
        if group is not None and _joins(attempts, group, index, least):
            group.append(index)
            continue
        if group is not None:
            found.append(_bar(attempts, lane, group, owed[lane]))
        open_[lane] = [index]
    found += [_bar(attempts, lane, group, owed[lane]) for lane, group in open_.items()]
    return sorted(found, key=lambda bar: (bar.lane, bar.start))


def idle_seconds(attempts: Attempts, lanes: Sequence[int]) -> float:
    """Return the seconds that slots stood idle between two attempts of the study."""
    last: dict[int, float] = {}
    idle = 0.0
    for index in range(len(attempts)):
        if (before := last.get(lanes[index])) is not None:
            idle += max(0.0, float(attempts.start[index]) - before)
        last[lanes[index]] = max(float(attempts.end[index]), last.get(lanes[index], 0.0))
    return idle


def _joins(attempts: Attempts, group: Sequence[int], index: int, least: float) -> bool:
    """Say whether an attempt is drawn with those before it on its lane: all narrow, near, and together not wide."""
    if attempts.end[index] - attempts.start[index] >= least or attempts.start[index] - attempts.end[group[-1]] >= least:
        return False
    begun = attempts.start[group[0]]
    return bool(attempts.end[group[0]] - begun < least and attempts.end[index] - begun < WIDEST * least)


def _bar(attempts: Attempts, lane: int, group: Sequence[int], owed: Counter[str]) -> Bar:
    first = group[0]
    start, end = float(attempts.start[first]), float(attempts.end[list(group)].max())
    if len(group) == 1:
        return Bar(
            lane=lane,
            start=start,
            end=end,
            kind=attempts.kind[first],
            trial=int(attempts.trial[first]),
            attempt=int(attempts.number[first]),
            code=attempts.code[first],
            resumed=bool(attempts.resumed[first]),
            index=first,
        )
    counts = Counter(attempts.kind[index] for index in group)
    # What an end was not drawn in one bar it is owed in the next (error diffusion): rare ends stay visible.
    for kind, n in counts.items():
        owed[kind] += n / len(group)  # type: ignore[assignment]  # a share of a bar
    kind = max(counts, key=lambda one: owed[one])
    owed[kind] -= 1
    return Bar(lane=lane, start=start, end=end, kind=kind, n=len(group), counts=counts.most_common())
