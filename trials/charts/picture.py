"""The page of curves: every trial at once, as lines or as a density with quantiles, in one picture or several."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trials import series
from trials.charts import along, members, panels, stock
from trials.charts.curves import GROUPS, axes
from trials.charts.members import Groups, Roll
from trials.charts.panels import Panel, Sheet
from trials.charts.raster import Axis
from trials.charts.scale import axis_of
from trials.facts import Cut, provider
from trials.models import Study
from trials.pages.curve_view import SELECTION, CurveView
from trials.series import Flat
from trials.space import Space

LINES_UP_TO = 1_500
"""More curves than this in the window are drawn as a density, unless the address asks for lines."""
MOST_LINES = 5_000
MOST_METRICS = 6
MOTIVES = ("speed", "risk", "generalisation")
SPLIT_STATES = ("finished", "control", "speed", "risk", "generalisation", "stopped", "paused", "running", "failed")


class Picture(NamedTuple):
    """What the page shows."""

    view: CurveView
    panels: Sequence[Panel]
    cuts: Sequence[Cut]
    span: float
    """Where the horizontal axis ends when nothing is zoomed."""
    problem: str
    """Why the axis asked for cannot be drawn; the picture is then by step."""
    selected: Sequence[int] = ()
    """The compared trials, in the order of their letters."""


Among = Callable[[Iterable[int]], frozenset[int]]
"""Which of some trials are selected, by number."""


def picture_of(
    study: Study,
    view: CurveView,
    *,
    version: str,
    space: Space,
    selected: Sequence[int] = (),
    selection: Among = lambda numbers: frozenset(),
) -> Picture:
    """Read and draw what the view asks for; `selected` are the compared trials, `selection` knows all selected ones."""
    metric = view.metric or study.metric
    spared = provider().spared_numbers(study)
    roll = members.roll_of(study, spared)
    view, problem = _recorded(study, view, version)
    metrics = _metrics(study, view, metric)
    sheets = [
        sheet
        for name in metrics
        for sheet in _sheets(
            study, replace(view, metric=name), version=version, space=space, roll=roll, among=selection
        )
    ]
    span = _span(study, view, sheets)
    drawn = [
        panel
        for sheet in sheets
        if (panel := _panel(study, view, sheet, span=span, roll=roll, selected=selected, small=len(sheets) > 1))
        is not None
    ]
    own = metric == study.metric and view.labels == "{}" and view.along == "step" and len(metrics) == 1
    cuts = provider().cuts(study) if own and view.shows("cuts") else ()
    return Picture(view, drawn, cuts, span, problem, selected)


def payload(study: Study, looks: Sequence[int], found: Picture, version: str) -> dict[str, object]:
    """Return the JSON of docs/charts.md."""
    view = found.view
    return {
        **axes(study, looks),
        "metric": view.metric or study.metric,
        "labels": view.told_labels,
        "along": view.along,
        "unit": along.unit(study, view.along),
        "span": found.span,
        "x_log": view.x_log,
        "y_log": view.y_log,
        "window": view.window,
        "problem": found.problem,
        "cuts": [asdict(cut) for cut in found.cuts],
        "best": study.best_number,
        "best_value": study.best_value if (view.metric or study.metric, view.labels) == (study.metric, "{}") else None,
        "selected": list(found.selected),
        "panels": [panels.payload(panel) for panel in found.panels],
        "version": version,
    }


def _recorded(study: Study, view: CurveView, version: str) -> tuple[CurveView, str]:
    """Return the view, by step if no time is known, and why."""
    if view.along == "step" or _clock(study, view, version).steps.size:
        return view, ""
    return replace(view, along="step", window=None), f"{view.along.capitalize()} {along.NOT_RECORDED}"


def _clock(study: Study, view: CurveView, version: str) -> Flat:
    return stock.seconds(study, version, whole=view.along == "cost")


def _metrics(study: Study, view: CurveView, metric: str) -> Sequence[str]:
    if view.split != "metric":
        return [metric]
    names = list(dict.fromkeys(name for name, labels in members.series_told(study) if labels == view.labels))
    return names[:MOST_METRICS] or [metric]


def _sheets(study: Study, view: CurveView, *, version: str, space: Space, roll: Roll, among: Among) -> list[Sheet]:
    """Return one sheet of curves for each picture of a metric."""
    kind, _, name = view.group.partition(":")
    groups: Groups | None
    if kind == "label":
        flat, groups = _by_label(study, view, name, version)
    else:
        flat = stock.curves(study, version, view.metric, view.told_labels)
        groups = members.by_parameter(study, space, name, flat.trials) if kind == "param" else None
        if kind == SELECTION:
            groups = members.by_selection(roll, among(roll.numbers.tolist()), flat.trials)
    x = _along(study, view, flat, version)
    if view.along != "step":
        # Trials without times have no place on this axis.
        kept = _timed(x, flat)
        if not kept.all():
            points = np.repeat(kept, flat.lengths)
            flat, x = flat.only(kept), x[points]
            groups = groups._replace(of=groups.of[kept]) if groups is not None else None
    whole = Sheet(view.metric if view.split == "metric" else "", "", view.metric, flat, x, groups)
    if view.split not in {"state", "motive"}:
        return [whole]
    order = SPLIT_STATES if view.split == "state" else MOTIVES
    split = members.by_kind(roll, flat.trials, order)
    return [_part(whole, split, place) for place in range(len(split.names))]


def _timed(x: NDArray[np.float64], flat: Flat) -> NDArray[np.bool_]:
    """Say of each curve whether every point of it has a time, bool[n]."""
    owners = np.repeat(np.arange(len(flat.trials)), flat.lengths)
    timed: NDArray[np.bool_] = np.bincount(owners, weights=np.isnan(x), minlength=len(flat.trials)) == 0
    return timed


def _part(whole: Sheet, split: Groups, place: int) -> Sheet:
    kept = split.of == place
    groups = whole.groups._replace(of=whole.groups.of[kept]) if whole.groups is not None else None
    x = whole.x[np.repeat(kept, whole.flat.lengths)]
    return Sheet(split.names[place], split.kinds[place], whole.metric, whole.flat.only(kept), x, groups)


def _by_label(study: Study, view: CurveView, label: str, version: str) -> tuple[Flat, Groups]:
    """Return the series that carry a label, one curve per trial and value, grouped by value."""
    found: dict[str, Flat] = {}
    for metric, labels in members.series_told(study):
        carried: dict[str, str] = json.loads(labels)
        if metric == view.metric and label in carried and len(found) < members.MOST_GROUPS:
            name = carried[label] if len(carried) == 1 else ", ".join(f"{k} {v}" for k, v in carried.items())
            found[f"{label} {name}"] = stock.curves(study, version, metric, carried)
    flats = list(found.values())
    of = np.concatenate([np.full(len(flat.trials), place) for place, flat in enumerate(flats)] or [np.empty(0)])
    return _stacked(flats), Groups(list(found), [""] * len(found), of.astype(np.int64))


def _stacked(flats: Sequence[Flat]) -> Flat:
    """Put curves of several readings one after the other; a trial may then stand in it more than once."""
    if not flats:
        return Flat(*(np.empty(0, dtype=np.int64), np.zeros(1, dtype=np.int64)), np.empty(0, np.int64), np.empty(0))
    lengths = np.concatenate([flat.lengths for flat in flats])
    return Flat(
        np.concatenate([flat.trials for flat in flats]),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.concatenate([flat.steps for flat in flats]),
        np.concatenate([flat.values for flat in flats]),
    )


def _along(study: Study, view: CurveView, flat: Flat, version: str) -> NDArray[np.float64]:
    """Return the horizontal place of every point."""
    if view.along == "step":
        return flat.steps.astype(np.float64)
    return along.scaled(series.sample(_clock(study, view, version), flat), view.along)


def _span(study: Study, view: CurveView, sheets: Sequence[Sheet]) -> float:
    if view.along == "step":
        return float(study.horizon)
    return max((float(sheet.x.max()) for sheet in sheets if sheet.x.size), default=1.0) or 1.0


def _panel(
    study: Study,
    view: CurveView,
    sheet: Sheet,
    *,
    span: float,
    roll: Roll,
    selected: Sequence[int],
    small: bool,
) -> Panel | None:
    """Draw one sheet; None if nothing of it can be drawn."""
    up = axis_of(sheet.flat.values, sheet.flat.offsets, minimises=study.minimises, log=view.y_log)
    first = sheet.x[sheet.x > 0].min(initial=span) if view.x_log else 0.0
    along = Axis(float(first) if view.x_log and first < span else 0.0, span, log=view.x_log and first < span)
    if up is None:
        return None
    if view.window is not None and not small:
        along, up = _windowed(view, along, up)
        sheet = panels.within(sheet, along)
    crowded = len(sheet.flat.trials) > (LINES_UP_TO if not small else LINES_UP_TO // 3)
    lines = view.draw == "lines" or (view.draw == "" and not crowded)
    if lines and sheet.groups is None:
        return panels.lines(study, sheet, along, up, roll=roll, order=GROUPS, most=MOST_LINES)
    return panels.density(study, sheet, along, up, roll=roll, selected=selected, by_step=view.along == "step")


def _windowed(view: CurveView, along: Axis, up: Axis) -> tuple[Axis, Axis]:
    """Return the axes of the window; a part of it that a logarithm has no place for is left out."""
    x0, x1, y0, y1 = view.window or (0.0, 0.0, 0.0, 0.0)
    found = []
    for axis, low, high in ((along, x0, x1), (up, y0, y1)):
        low = max(low, axis.low * 1e-6) if axis.log else low
        found.append(Axis(low, high, axis.log) if low < high else axis)
    return found[0], found[1]
