"""One picture of curves: lines with their endings, or a density with quantiles, a few lines and the stops by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trials.charts.curves import End, end_of
from trials.charts.members import Groups, Roll, places
from trials.charts.packing import Gapped, gapped, pack
from trials.charts.raster import COLUMNS, ROWS, Axis, Grid, rasterise
from trials.charts.thinning import thinned
from trials.models import Study, Trial
from trials.series import Flat

POINTS_SENT, MOST_PER_CURVE, FEWEST_PER_CURVE = 120_000, 1_000, 40
"""Points of all lines together, and the bounds on those of one; a window is sent at the resolution it allows."""
RUNNING, STOPPED, LATE = 30, 8, 6
"""Lines over a density: running trials, the newest stopped, and those stopped last along the steps."""
MOTIVES = ("speed", "risk", "generalisation")


class Sheet(NamedTuple):
    """The curves of one picture, with the horizontal place of every point."""

    title: str
    kind: str
    metric: str
    flat: Flat
    x: NDArray[np.float64]
    groups: Groups | None


class Stops(NamedTuple):
    """How many trials each motive stopped at one place of the axis."""

    at: float
    speed: int
    risk: int
    generalisation: int


class Panel(NamedTuple):
    """One picture."""

    sheet: Sheet
    along: Axis
    up: Axis
    lines: Mapping[str, Gapped]
    ends: Sequence[End]
    stops: Sequence[Stops]
    grid: Grid | None = None
    """None where all curves are drawn as lines."""
    left_out: int = 0


def within(sheet: Sheet, along: Axis) -> Sheet:
    """Keep the curves with a point in the window, and of each the points in it and one on either side."""
    flat, x = sheet.flat, sheet.x
    inside = (x >= along.low) & (x <= along.high)
    owners = np.repeat(np.arange(len(flat.trials)), flat.lengths)
    before = np.append(inside[1:], False) & np.append(owners[1:] == owners[:-1], False)
    after = np.insert(inside[:-1], 0, False) & np.insert(owners[1:] == owners[:-1], 0, False) if len(x) else inside
    points = inside | before | after
    lengths = np.bincount(owners[points], minlength=len(flat.trials))
    kept = lengths > 0
    offsets = np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64)
    cut = Flat(flat.trials[kept], offsets, flat.steps[points], flat.values[points])
    groups = sheet.groups._replace(of=sheet.groups.of[kept]) if sheet.groups is not None else None
    return sheet._replace(flat=cut, x=x[points], groups=groups)


def lines(study: Study, sheet: Sheet, along: Axis, up: Axis, *, roll: Roll, order: Sequence[str], most: int) -> Panel:
    """Draw every curve as a line, the newest `most` of them and the best, with a mark where each stands."""
    where = places(roll, sheet.flat.trials)
    known = np.flatnonzero(where >= 0)
    newest = known[np.argsort(roll.numbers[where[known]])][::-1]
    best = [place for place in newest[most:] if roll.numbers[where[place]] == study.best_number]
    chosen = [*newest[:most].tolist(), *best]
    each = int(np.clip(POINTS_SENT // max(1, len(chosen)), FEWEST_PER_CURVE, MOST_PER_CURVE))
    by_kind: dict[str, list[int]] = {}
    for place in chosen:
        by_kind.setdefault(roll.kinds[where[place]], []).append(place)
    return Panel(
        sheet,
        along,
        up,
        lines={kind: _line(sheet, roll, where, by_kind[kind], each) for kind in order if kind in by_kind},
        ends=_ends(study, sheet, roll, where, chosen),
        stops=(),
        left_out=len(known) - len(chosen),
    )


def density(
    study: Study, sheet: Sheet, along: Axis, up: Axis, *, roll: Roll, selected: Sequence[int], by_step: bool
) -> Panel:
    """Draw all curves as a density, with lines for the few that matter and the stops counted along the axis."""
    groups = sheet.groups
    n_groups = len(groups.names) if groups is not None else 1
    grid = rasterise(
        sheet.x,
        sheet.flat.values,
        sheet.flat.offsets,
        along=along,
        up=up,
        groups=groups.of if groups is not None else None,
        n_groups=max(1, n_groups),
    )
    where = places(roll, sheet.flat.trials)
    chosen = [] if groups is not None else _matter(study, roll, where, selected)
    by_kind: dict[str, list[int]] = {}
    for place in chosen:
        by_kind.setdefault(roll.kinds[where[place]], []).append(place)
    return Panel(
        sheet,
        along,
        up,
        lines={kind: _line(sheet, roll, where, found, MOST_PER_CURVE) for kind, found in by_kind.items()},
        ends=_ends(study, sheet, roll, where, chosen),
        stops=_stops(sheet, roll, where, along, by_step=by_step),
        grid=grid,
    )


def payload(panel: Panel) -> dict[str, object]:
    """Return the JSON of docs/charts.md."""
    sheet, grid = panel.sheet, panel.grid
    return {
        "title": sheet.title,
        "kind": sheet.kind,
        "metric": sheet.metric,
        "n": len(np.unique(sheet.flat.trials)),
        "left_out": panel.left_out,
        "x": [panel.along.low, panel.along.high],
        "y": [panel.up.low, panel.up.high],
        "groups": [
            {"kind": kind, "trials": group.trials, "offsets": group.offsets, "x": pack(group.x), "y": pack(group.y)}
            for kind, group in panel.lines.items()
            if group.trials
        ],
        "ends": [end._asdict() for end in panel.ends],
        "stops": [stops._asdict() for stops in panel.stops],
        "density": None if grid is None or sheet.groups is not None else _density(grid),
        "bands": [] if grid is None or sheet.groups is None else _bands(grid, sheet.groups),
        "beyond": 0 if grid is None else sum(grid.beyond(group) for group in range(grid.fine.shape[0])),
    }


def _density(grid: Grid) -> dict[str, object]:
    """Return the cells in rows from low to high, logarithms of one plus their counts, and the quantiles."""
    names = ("p10", "p25", "p50", "p75", "p90")
    return {
        "columns": COLUMNS,
        "rows": ROWS,
        "cells": pack(np.log1p(grid.cells().astype(np.float64)).ravel()),
        "x_edges": pack(grid.x.at(np.arange(COLUMNS + 1) / COLUMNS)),
        "y_edges": pack(grid.y.at(np.arange(ROWS + 1) / ROWS)),
        "x": pack(grid.centres()),
        **{name: pack(row) for name, row in zip(names, grid.quantiles(), strict=True)},
        "alive": pack(grid.alive()),
    }


def _bands(grid: Grid, groups: Groups) -> list[dict[str, object]]:
    """Return mean and middle eight tenths of each group."""
    found: list[dict[str, object]] = []
    for place, name in enumerate(groups.names):
        low, _, _, _, high = grid.quantiles(place)
        found.append(
            {
                "name": name,
                "n": int((groups.of == place).sum()),
                "x": pack(grid.centres()),
                "mean": pack(grid.means(place)),
                "p10": pack(low),
                "p90": pack(high),
            }
        )
    return found


def _line(sheet: Sheet, roll: Roll, where: NDArray[np.int64], chosen: Sequence[int], most: int) -> Gapped:
    def curve(place: int) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
        span = slice(sheet.flat.offsets[place], sheet.flat.offsets[place + 1])
        return int(roll.numbers[where[place]]), *thinned(sheet.x[span], sheet.flat.values[span], most)

    return gapped(curve(place) for place in sorted(chosen))


def _matter(study: Study, roll: Roll, where: NDArray[np.int64], selected: Sequence[int]) -> list[int]:
    """Return the places of the curves that are drawn as lines over a density."""
    known = np.flatnonzero(where >= 0)
    numbers = roll.numbers[where[known]]
    kinds = np.array([roll.kinds[place] for place in where[known]] or [""], dtype=object)[: len(known)]
    wanted = {number for number in (study.best_number, *selected) if number is not None}
    wanted |= set(numbers[kinds == "running"][-RUNNING:].tolist())
    wanted |= set(_just_stopped(study))
    stopped = np.flatnonzero(np.isin(kinds, MOTIVES))
    latest = stopped[np.argsort(roll.ended_at_step[where[known]][stopped], kind="stable")[-LATE:]]
    wanted |= set(numbers[latest].tolist())
    return known[np.isin(numbers, list(wanted))].tolist()  # type: ignore[no-any-return]


def _just_stopped(study: Study) -> list[int]:
    stopped = Trial.objects.filter(study=study, state=Trial.State.PRUNED).exclude(ending_motive="")
    return list(stopped.order_by("-ended_at", "-id").values_list("number", flat=True)[:STOPPED])


def _ends(study: Study, sheet: Sheet, roll: Roll, where: NDArray[np.int64], chosen: Sequence[int]) -> list[End]:
    """Return where the drawn trials stand or ended, on the axes of the picture."""
    ids = [int(sheet.flat.trials[place]) for place in chosen]
    fields = ("number", "study_id", "state", "ending_code", "ending_motive", "ending_sentence", "ending_step",
              "last_step", "last_value", "last_value_state", "halt_code")  # fmt: skip
    trials = Trial.objects.filter(study=study, pk__in=ids).only(*fields).in_bulk() if ids else {}
    return [end_of(trials[pk], roll.kinds[where[place]]) for pk, place in zip(ids, chosen, strict=True) if pk in trials]


def _stops(sheet: Sheet, roll: Roll, where: NDArray[np.int64], along: Axis, *, by_step: bool) -> list[Stops]:
    """Count the stops along the axis: by step at the very step, else in sixtieths of the span."""
    known = np.flatnonzero(where >= 0)
    kinds = np.array([roll.kinds[place] for place in where[known]] or [""], dtype=object)[: len(known)]
    if not known.size:
        return []
    last = sheet.x[sheet.flat.offsets[1:][known] - 1]
    at = roll.ended_at_step[where[known]].astype(np.float64) if by_step else last
    width = (along.high - along.low) / 60
    at = np.round(at / width) * width if width > 0 and not by_step else at
    counts: dict[float, list[int]] = {}
    for place, motive in enumerate(MOTIVES):
        values, n = np.unique(at[(kinds == motive) & (at >= along.low) & (at <= along.high)], return_counts=True)
        for value, count in zip(values.tolist(), n.tolist(), strict=True):
            counts.setdefault(value, [0, 0, 0])[place] = count
    return [Stops(value, *counts[value]) for value in sorted(counts)]
