"""A picture of curves as a table: how many are alive at a dozen steps, their quantiles, and who was stopped there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trials.charts.panels import Panel
from trials.charts.raster import COLUMNS, rasterise
from trials.pages import words

ROWS = 12


@dataclass(frozen=True)
class Row:
    """The curves at one place of the axis, worded."""

    at: str
    alive: str
    low: str
    median: str
    high: str
    stopped: str


def rows(looks: Sequence[int], span: float, panel: Panel) -> list[Row]:
    """Return the rows of one picture: at the looks, where they are few, else at even distances."""
    flat = panel.sheet.flat
    grid = panel.grid
    if grid is None or panel.sheet.groups is not None:
        grid = rasterise(panel.sheet.x, flat.values, flat.offsets, along=panel.along, up=panel.up)
    quantiles, alive = grid.quantiles(), grid.alive()
    wanted = [float(look) for look in looks if look < span][:ROWS] if 0 < len(looks) <= ROWS else []
    wanted = [*wanted, span] if wanted else np.linspace(span / ROWS, span, ROWS).tolist()
    places = grid.x.place(np.array(wanted))
    columns = np.clip(np.floor(places * COLUMNS), 0, COLUMNS - 1).astype(int)
    shown = (places > 0) & (places <= 1.0001)
    before = [-np.inf, *wanted[:-1]]
    return [
        Row(
            at=words.whole(at) if at >= 10 or float(at).is_integer() else words.number(at),
            alive=words.whole(alive[column]),
            low=_told(quantiles[0, column]),
            median=_told(quantiles[2, column]),
            high=_told(quantiles[4, column]),
            stopped=words.whole(_stopped(panel, earlier, at)),
        )
        for at, earlier, column, is_shown in zip(wanted, before, columns, shown, strict=True)
        if is_shown
    ]


def _stopped(panel: Panel, after: float, until: float) -> int:
    """Count the stops after one place and up to another."""
    if panel.stops:
        return sum(s.speed + s.risk + s.generalisation for s in panel.stops if after < s.at <= until)
    stopped = ("speed", "risk", "generalisation")
    return sum(after < end.step <= until for end in panel.ends if end.kind in stopped)


def _told(value: float) -> str:
    return words.number(float(value)) if np.isfinite(value) else words.NOT_TOLD
