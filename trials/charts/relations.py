"""Parameters against the objective: the trials that slices, parallel coordinates and rank plots draw.

At most `MOST_DRAWN` trials travel, however many there are: the best, the selected, and of the others every so manieth,
so that what is drawn is a fair picture; the answer says how many of how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models.functions import Coalesce

from trials.charts.curves import GROUPS
from trials.charts.packing import pack
from trials.facts import provider
from trials.models import Study, Trial
from trials.models.trial import TrialQuerySet
from trials.pages import words
from trials.query import choice_text, named, quoted
from trials.space import Categorical, Parameter, Space
from trials.space.parameters import same

MOST_DRAWN = 1_000
BEST = 100
AT_ONCE = 500
"""Numbers asked for in one query; a database takes only so many variables."""


@dataclass(frozen=True)
class Drawn:
    """One trial as the charts of relations show it."""

    number: int
    kind: str
    params: dict[str, object]
    value: float | None
    """Its value, else the best it was seen at."""


@dataclass(frozen=True)
class Relations:
    """What is drawn, and of how many."""

    trials: Sequence[Drawn]
    told: int
    """About how many trials have been told any value."""


def relations(study: Study, *, selected: Sequence[int] = (), most: int = MOST_DRAWN) -> Relations:
    """Read the trials to draw, in the order of their numbers."""
    told = study.n_trials - study.n_waiting
    trials = _of(study)
    if study.n_trials <= most:
        rows = list(trials.exclude(last_step=None))
    else:
        rows = _sampled(study, trials, selected, most)
    spared = provider().spared_numbers(study, [row.number for row in rows])
    return Relations([_drawn(row, spared) for row in rows], max(told, len(rows)))


def _of(study: Study) -> TrialQuerySet:
    trials = Trial.objects.filter(study=study).annotate(shown=Coalesce("value", "best_value")).order_by("number")
    return trials.only("number", "state", "ending_motive", "params", "value", "best_value")


def _sampled(study: Study, trials: TrialQuerySet, selected: Sequence[int], most: int) -> list[Trial]:
    """Return the best, the selected and every so manieth trial, by number: no query reads the whole table."""
    way = "value" if study.minimises else "-value"
    best = (
        Trial.objects.filter(study=study, value__isnull=False).order_by(way, "number").values_list("number", flat=True)
    )
    # A long selection is drawn from its beginning: what is compared comes first.
    chosen = {*list(selected)[:BEST], *best[:BEST]}
    room = most - len(chosen)
    spread = np.unique(np.linspace(0, max(0, study.next_number - 1), max(1, room)).astype(int)).tolist()
    numbers = sorted({*chosen, *spread})
    rows: list[Trial] = []
    for start in range(0, len(numbers), AT_ONCE):
        rows += trials.filter(number__in=numbers[start : start + AT_ONCE]).exclude(last_step=None)
    return rows


def _drawn(trial: Trial, spared: frozenset[int]) -> Drawn:
    kind = words.kind_of(trial.state, trial.ending_motive, spared=trial.number in spared)
    return Drawn(trial.number, kind, trial.params, getattr(trial, "shown", None))


def payload(
    study: Study,
    space: Space,
    found: Relations,
    *,
    selected: Sequence[int],
    chosen: frozenset[int] | None = None,
    version: str,
) -> dict[str, Any]:
    """Return the JSON of docs/charts.md.

    selected: the compared trials. chosen: where more are selected, those of the drawn ones that are.
    """
    columns = [_axis(parameter, found.trials) for parameter in space]
    return {
        "objective": study.metric,
        "direction": study.direction,
        "axes": [{**axis, "values": pack(values)} for axis, values in columns],
        "trials": [trial.number for trial in found.trials],
        "kinds": list(GROUPS),
        "kind": [GROUPS.index(trial.kind) if trial.kind in GROUPS else 0 for trial in found.trials],
        "value": pack([np.nan if trial.value is None else trial.value for trial in found.trials]),
        "best": study.best_number,
        "selected": list(selected),
        "chosen": None if chosen is None else sorted(chosen),
        "told": found.told,
        "version": version,
    }


def _axis(parameter: Parameter, trials: Sequence[Drawn]) -> tuple[dict[str, Any], list[float]]:
    """Return an axis and each trial's value on it: a number, or the index of a choice; NaN where it does not vary."""
    name = parameter.name
    if isinstance(parameter, Categorical):
        choices = [str(choice) for choice in parameter.choices]
        said = [quoted(choice_text(choice)) for choice in parameter.choices]
        axis: dict[str, Any] = {"name": name, "field": named(name), "choices": choices, "words": said, "log": False}
        axis |= {"low": 0, "high": max(1, len(choices) - 1)}
        return axis, [_index(parameter, trial.params[name]) if name in trial.params else np.nan for trial in trials]
    numbers = [_number(trial.params.get(name)) for trial in trials]
    finite = [number for number in numbers if np.isfinite(number)]
    # An amended range may leave earlier trials outside of it; they are drawn all the same.
    low, high = min([parameter.low, *finite]), max([parameter.high, *finite])
    log = parameter.log and low > 0
    axis = {"name": name, "field": named(name), "choices": None, "log": log, "low": float(low), "high": float(high)}
    return axis, numbers


def _index(parameter: Categorical, value: object) -> float:
    return next((float(index) for index, choice in enumerate(parameter.choices) if same(choice, value)), np.nan)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else np.nan
