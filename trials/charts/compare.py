"""The compared trials' curves over the others that finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trials import series
from trials.charts import along as axis
from trials.charts.along import Clocks
from trials.charts.curves import axes
from trials.charts.packing import Gapped, gapped, pack
from trials.facts import Cut, provider
from trials.models import Study, Trial
from trials.pages import words
from trials.pages.curve_view import AlongName
from trials.pages.selection import Selection

OTHERS = 30
Series = tuple[NDArray[np.int64], NDArray[np.float64]]


class Comparison(NamedTuple):
    """The selected trials in order, every metric of each, and some others to stand behind them."""

    trials: Sequence[Trial]
    series: Mapping[str, Mapping[int, Series]]
    """By metric, then by trial id; the objective first."""
    others: Gapped
    cuts: Sequence[Cut]
    spared: frozenset[int]
    along: AlongName
    """What they are drawn along; an equal budget is one of steps all the same."""
    clocks: Clocks
    """Of the compared trials, by id."""
    problem: str
    """Why the axis asked for cannot be drawn, of all or of some; empty if it can."""


def comparison(study: Study, trials: Sequence[Trial], along: AlongName = "step") -> Comparison:
    """Read every metric of the compared trials, and the objective of some others that finished.

    Where no compared trial carries times they are drawn by step, and `problem` says so.
    """
    ids = [trial.pk for trial in trials]
    told = series.read_all(ids)
    names = {metric for found in told.values() for metric, labels in found if labels == "{}"}
    metrics = sorted(names, key=lambda metric: (metric != study.metric, metric))
    behind = list(
        Trial.objects.filter(study=study, state=Trial.State.COMPLETE)
        .exclude(pk__in=ids)
        .order_by("number")
        .values_list("pk", "number")[:OTHERS]
    )
    curves = series.read_many([pk for pk, _ in behind], study.metric)
    clocks = axis.clocks([*ids, *(pk for pk, _ in behind)], along)
    along, problem = _recorded(trials, clocks, along)
    return Comparison(
        trials=trials,
        series={
            metric: {pk: found[metric, "{}"] for pk, found in told.items() if (metric, "{}") in found}
            for metric in metrics
        },
        others=gapped(_placed(number, curves[pk], clocks.get(pk), along) for pk, number in behind if pk in curves),
        cuts=provider().cuts(study),
        spared=provider().spared_numbers(study, [trial.number for trial in trials]),
        along=along,
        clocks=clocks,
        problem=problem,
    )


def _recorded(trials: Sequence[Trial], clocks: Clocks, along: AlongName) -> tuple[AlongName, str]:
    """Return the axis, by step where no compared trial has a clock, and what is missing."""
    without = [trial.number for trial in trials if trial.pk not in clocks and trial.last_step is not None]
    if along == "step" or not without:
        return along, ""
    if not any(trial.pk in clocks for trial in trials):
        return "step", f"{along.capitalize()} {axis.NOT_RECORDED}"
    named = ", ".join(map(str, without))
    return along, f"Trial {named} told no times and is not drawn" if len(without) == 1 else (
        f"Trials {named} told no times and are not drawn"
    )


def _placed(
    number: int, curve: Series, clock: Series | None, along: AlongName
) -> tuple[int, NDArray[np.int64] | NDArray[np.float64], NDArray[np.float64]]:
    """Return a curve along the axis; without points if its places are not known."""
    if along == "step":
        return number, *curve
    at = axis.places(clock, curve[0]) if clock is not None else None
    return (number, np.empty(0), np.empty(0)) if at is None else (number, at, curve[1])


def payload(study: Study, looks: Sequence[int], found: Comparison, selection: Selection) -> dict[str, object]:
    """Return the JSON of docs/charts.md."""
    return {
        **axes(study, looks),
        "along": found.along,
        "unit": axis.unit(study, found.along),
        "step_unit": study.step_unit,
        "span": _span(study, found),
        "problem": found.problem,
        # A cut stands at a step, which is another place for each trial on any other axis.
        "cuts": [{"step": cut.step, "value": cut.value} for cut in found.cuts] if found.along == "step" else [],
        "trials": [_trial(trial, found, selection) for trial in found.trials],
        "others": {
            "trials": found.others.trials,
            "offsets": found.others.offsets,
            "x": pack(found.others.x),
            "y": pack(found.others.y),
        },
    }


def _span(study: Study, found: Comparison) -> float:
    """Return where the horizontal axis ends."""
    if found.along == "step":
        return float(study.horizon)
    ends = [float(found.clocks[trial.pk][1][-1]) for trial in found.trials if trial.pk in found.clocks]
    return max(ends, default=1.0) or 1.0


def _trial(trial: Trial, found: Comparison, selection: Selection) -> dict[str, object]:
    spared = trial.number in found.spared
    return {
        "letter": selection.letter(trial.number),
        "trial": trial.number,
        "kind": words.kind_of(trial.state, trial.ending_motive, spared=spared),
        "ending": words.ending_of(trial.state, trial.ending_code, spared=spared),
        "step": trial.ending_step if trial.ending_step is not None else trial.last_step,
        "series": {
            metric: _series(curves[trial.pk], found.clocks.get(trial.pk), found.along)
            for metric, curves in found.series.items()
            if trial.pk in curves
        },
    }


def _series(curve: Series, clock: Series | None, along: AlongName) -> dict[str, object]:
    """Return steps and values; `at`, where they are drawn, if that is not at the steps (null: nowhere)."""
    packed: dict[str, object] = {"x": pack(curve[0]), "y": pack(curve[1])}
    if along == "step":
        return packed
    at = axis.places(clock, curve[0]) if clock is not None else None
    return {**packed, "at": None if at is None else pack(at)}
