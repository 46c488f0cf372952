"""The compared trials' curves over the others that finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trials import series
from trials.charts.curves import axes
from trials.charts.packing import Gapped, gapped, pack
from trials.facts import Cut, provider
from trials.models import Study, Trial
from trials.pages import words
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


def comparison(study: Study, trials: Sequence[Trial]) -> Comparison:
    """Read every metric of the compared trials, and the objective of some others that finished."""
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
    return Comparison(
        trials=trials,
        series={
            metric: {pk: found[metric, "{}"] for pk, found in told.items() if (metric, "{}") in found}
            for metric in metrics
        },
        others=gapped((number, *curves[pk]) for pk, number in behind if pk in curves),
        cuts=provider().cuts(study),
        spared=provider().spared_numbers(study),
    )


def payload(study: Study, looks: Sequence[int], found: Comparison, selection: Selection) -> dict[str, object]:
    """Return the JSON of docs/charts.md."""
    return {
        **axes(study, looks),
        "cuts": [{"step": cut.step, "value": cut.value} for cut in found.cuts],
        "trials": [_trial(trial, found, selection) for trial in found.trials],
        "others": {
            "trials": found.others.trials,
            "offsets": found.others.offsets,
            "x": pack(found.others.x),
            "y": pack(found.others.y),
        },
    }


def _trial(trial: Trial, found: Comparison, selection: Selection) -> dict[str, object]:
    spared = trial.number in found.spared
    return {
        "letter": selection.letter(trial.number),
        "trial": trial.number,
        "kind": words.kind_of(trial.state, trial.ending_motive, spared=spared),
        "ending": words.ending_of(trial.state, trial.ending_code, spared=spared),
        "step": trial.ending_step if trial.ending_step is not None else trial.last_step,
        "series": {
            metric: {"x": pack(curves[trial.pk][0]), "y": pack(curves[trial.pk][1])}
            for metric, curves in found.series.items()
            if trial.pk in curves
        },
    }
