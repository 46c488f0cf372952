"""Which trials stand in which group of a picture: by how they stand, by motive, by a parameter's value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trials import series
from trials.models import MetricSummary, Study, Trial, TrialParam
from trials.pages import ranges, words
from trials.space import Space

TITLES = {
    "control": "spared, control arm",
    "speed": "stopped for speed",
    "risk": "stopped for risk",
    "generalisation": "stopped for generalisation",
    "stopped": "stopped by a person or the study's end",
}
MOST_GROUPS = 8
QUARTERS = 4
SAMPLE = 100
"""Trials at either end of a study whose metrics and labels are taken for all."""


class Roll(NamedTuple):
    """Every trial of a study that was told anything, ascending in id; one entry per trial in each."""

    ids: NDArray[np.int64]
    numbers: NDArray[np.int64]
    kinds: Sequence[str]
    states: Sequence[str]
    ended_at_step: NDArray[np.int64]


class Groups(NamedTuple):
    """Named groups, and each curve's place among them; below zero: in none."""

    names: Sequence[str]
    kinds: Sequence[str]
    of: NDArray[np.int64]


def roll_of(study: Study, spared: frozenset[int]) -> Roll:
    """Return the roll of a study, in one query."""
    rows = list(
        Trial.objects.filter(study=study, last_step__isnull=False)
        .order_by("id")
        .values_list("id", "number", "state", "ending_motive", "ending_step", "last_step")
    )
    return Roll(
        ids=np.array([row[0] for row in rows], dtype=np.int64),
        numbers=np.array([row[1] for row in rows], dtype=np.int64),
        kinds=[words.kind_of(row[2], row[3], spared=row[1] in spared) for row in rows],
        states=[row[2] for row in rows],
        ended_at_step=np.array([row[4] if row[4] is not None else row[5] for row in rows], dtype=np.int64),
    )


def places(roll: Roll, trials: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each trial, by id, stands in the roll; -1 if it does not."""
    if not roll.ids.size:
        return np.full(len(trials), -1, dtype=np.int64)
    found = np.minimum(np.searchsorted(roll.ids, trials), roll.ids.size - 1)
    return np.where(roll.ids[found] == trials, found, -1)


def by_kind(roll: Roll, trials: NDArray[np.int64], order: Sequence[str]) -> Groups:
    """Group by the glyph under which a trial stands, in this order; kinds outside it are in no group."""
    codes = {kind: place for place, kind in enumerate(order)}
    of_roll = np.array([codes.get(kind, -1) for kind in roll.kinds] or [-1], dtype=np.int64)
    found = places(roll, trials)
    of = np.where(found >= 0, of_roll[np.maximum(found, 0)], -1)
    present = [place for place in range(len(order)) if (of == place).any()]
    again = np.full(len(order) + 1, -1, dtype=np.int64)
    for new, old in enumerate(present):
        again[old] = new
    return Groups(
        [TITLES.get(order[place], order[place]) for place in present], [order[place] for place in present], again[of]
    )


def by_selection(roll: Roll, selected: frozenset[int], trials: NDArray[np.int64]) -> Groups:
    """Group into the selected trials, by number, and all others."""
    found = places(roll, trials)
    chosen = np.isin(roll.numbers, sorted(selected)) if selected else np.zeros(len(roll.numbers), dtype=bool)
    of = np.array([-1 if place < 0 else int(not chosen[place]) for place in found.tolist()], dtype=np.int64)
    return Groups(["selected", "all others"], ["", ""], of)


def by_parameter(study: Study, space: Space, name: str, trials: NDArray[np.int64]) -> Groups:
    """Group by a parameter's value; many numbers are cut into quarters of the trials."""
    rows = list(TrialParam.objects.filter(study=study, name=name).values_list("trial_id", "number", "text"))
    told = {trial: text if number is None else number for trial, number, text in rows}
    values = [told.get(trial) for trial in trials.tolist()]
    present = sorted({value for value in values if value is not None}, key=lambda v: (isinstance(v, str), v))
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) == sum(value is not None for value in values) and len(present) > MOST_GROUPS:
        return _quarters(space, name, values, np.array(numbers))
    kept = present[:MOST_GROUPS]
    of = np.array([kept.index(value) if value in kept else -1 for value in values], dtype=np.int64)
    return Groups([f"{name} {ranges.text(space, name, value)}" for value in kept], [""] * len(kept), of)


def _quarters(space: Space, name: str, values: Sequence[object], numbers: NDArray[np.float64]) -> Groups:
    edges = np.quantile(numbers, np.linspace(0, 1, QUARTERS + 1), method="inverted_cdf")
    said = [ranges.text(space, name, float(edge)) for edge in edges]
    numeric = np.array([value if isinstance(value, float) else np.nan for value in values])
    of = np.clip(np.searchsorted(edges[1:-1], numeric, side="right"), 0, QUARTERS - 1).astype(np.int64)
    of[np.isnan(numeric)] = -1
    return Groups([f"{name} {said[i]} to {said[i + 1]}" for i in range(QUARTERS)], [""] * QUARTERS, of)


def series_told(study: Study) -> Sequence[tuple[str, str]]:
    """Return (metric, canonical labels) of what a study's trials tell, the objective first, in two queries.

    Taken from the first and the newest hundred trials: the names of a hundred thousand are the same few.
    """
    told = Trial.objects.filter(study=study, last_step__isnull=False)
    some = [*told.order_by("number").values_list("id", flat=True)[:SAMPLE]]
    some += [*told.order_by("-number").values_list("id", flat=True)[:SAMPLE]]
    rows = MetricSummary.objects.filter(trial__in=some).values_list("metric", "labels").distinct()
    return sorted(set(rows), key=lambda row: (row != (study.metric, "{}"), row[0] != study.metric, row[1] != "{}", row))


def labels_of(told: Sequence[tuple[str, str]], metric: str) -> list[str]:
    """Return the names of the labels that series of a metric carry, in order."""
    found: dict[str, None] = {}
    for name, labels in told:
        if name == metric:
            found.update(dict.fromkeys(json.loads(labels)))
    return list(found)


def is_timed(study: Study) -> bool:
    """Say whether the newest trials' reports carry times, in four queries."""
    newest = Trial.objects.filter(study=study, last_step__isnull=False).order_by("-number")
    return bool(series.read_seconds(newest.values_list("id", flat=True)[:3]))
