"""Reading series back. A resumed attempt's points supersede the older attempts' from its checkpoint on."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from trials.models import Attempt, MetricSummary, SeriesChunk, SeriesTail, Trial
from trials.series.codec import CLOCK, SeriesKey, Steps, Values, canonical_labels, unpack, unpack_batch

_Pieces = dict[int, list[tuple[Steps, Values]]]
"""Pieces of one series by attempt number, each attempt's in the order told."""


def read(
    trial: Trial, metric: str, labels: Mapping[str, str] | None = None, *, attempt: int | None = None
) -> tuple[Steps, Values]:
    """Return one series as (steps int64[n], values float64[n]), ascending in step; both empty if never told.

    attempt: read it as that attempt knew it, before later ones superseded any point.
    """
    return read_many([trial.pk], metric, labels, attempt=attempt).get(trial.pk, _empty())


def read_many(
    trial_ids: Iterable[int], metric: str, labels: Mapping[str, str] | None = None, *, attempt: int | None = None
) -> dict[int, tuple[Steps, Values]]:
    """Return one metric's series of many trials by trial id, in three queries."""
    ids = list(trial_ids)
    pieces, starts = _gathered(ids, (metric, canonical_labels(labels))), _starts(ids)
    joined = {trial_id: _join(*_until(attempt, found, starts[trial_id])) for trial_id, found in pieces.items()}
    return {trial_id: series for trial_id, series in joined.items() if len(series[0])}


def read_seconds(trial_ids: Iterable[int], *, whole: bool = False) -> dict[int, tuple[Steps, Values]]:
    """Return (steps int64[n], seconds float64[n]) by trial id: how long it had trained when it told each step.

    Seconds of earlier attempts count, also those whose work had to be done again; `whole` counts each of them from
    its start to its end, as slots are paid for, and not only up to its last report. Trials whose reports carry no
    times, such as imported ones, are left out. In three queries.
    """
    ids = list(trial_ids)
    pieces, starts = _gathered(ids, CLOCK), _starts(ids)
    spans = _spans(ids) if whole else {}
    found = {}
    for trial_id, of_trial in pieces.items():
        before, shifted = 0.0, {}
        for number in sorted(of_trial):
            steps = np.concatenate([piece[0] for piece in of_trial[number]])
            seconds = np.maximum.accumulate(np.concatenate([piece[1] for piece in of_trial[number]]))
            shifted[number] = [(steps, before + seconds)]
            before += max(float(seconds[-1]), spans.get((trial_id, number), 0.0))
        found[trial_id] = _join(shifted, starts[trial_id])
    return found


def read_instances(
    trial: Trial, metric: str, label: str, *, attempt: int | None = None
) -> dict[str, tuple[Steps, Values]]:
    """Return the series of one metric that carry this label, in three queries.

    Named by the label's value, such as `3`; one that carries more labels by all of them, as canonical JSON. A point
    that was told after a later or equal step of the same attempt is left out: what was told by then cannot change.
    """
    pieces: dict[str, _Pieces] = defaultdict(lambda: defaultdict(list))
    chunks = SeriesChunk.objects.filter(trial=trial, metric=metric).exclude(labels="{}").order_by("id")
    for chunk in chunks.values_list("labels", "attempt_number", "steps", "values"):
        pieces[chunk[0]][chunk[1]].append(unpack(bytes(chunk[2]), bytes(chunk[3])))
    for _, number, (found, labels), steps, values in _open_tails([trial.pk]):
        if found == metric:
            pieces[labels][number].append((steps, values))
    starts = _starts([trial.pk])[trial.pk]
    instances: dict[str, tuple[Steps, Values]] = {}
    for labels, of_series in sorted(pieces.items()):
        carried: dict[str, str] = json.loads(labels)
        if label in carried:
            rising = {number: [_rising(found)] for number, found in of_series.items()}
            name = carried[label] if len(carried) == 1 else labels
            instances[name] = _join(*_until(attempt, rising, starts))
    return {name: told for name, told in instances.items() if len(told[0])}


def read_all(trial_ids: Iterable[int]) -> dict[int, dict[SeriesKey, tuple[Steps, Values]]]:
    """Return every series of a few trials by trial id and series, in three queries."""
    ids = list(trial_ids)
    pieces: dict[tuple[int, SeriesKey], _Pieces] = defaultdict(lambda: defaultdict(list))
    chunks = SeriesChunk.objects.filter(trial__in=ids).exclude(metric=CLOCK[0]).order_by("id")
    for chunk in chunks.values_list("trial_id", "metric", "labels", "attempt_number", "steps", "values"):
        pieces[chunk[0], (chunk[1], chunk[2])][chunk[3]].append(unpack(bytes(chunk[4]), bytes(chunk[5])))
    for trial_id, number, key, steps, values in _open_tails(ids):
        if key != CLOCK:
            pieces[trial_id, key][number].append((steps, values))
    starts = _starts(ids)
    found: dict[int, dict[SeriesKey, tuple[Steps, Values]]] = defaultdict(dict)
    for (trial_id, key), of_series in sorted(pieces.items()):
        found[trial_id][key] = _join(of_series, starts[trial_id])
    return dict(found)


def names(trial: Trial) -> list[SeriesKey]:
    """Return (metric, canonical labels) of every series of a trial, sorted."""
    return sorted(MetricSummary.objects.filter(trial=trial).values_list("metric", "labels"))


def _gathered(ids: list[int], key: SeriesKey) -> dict[int, _Pieces]:
    """Return the pieces of one series of many trials, by trial."""
    pieces: dict[int, _Pieces] = defaultdict(lambda: defaultdict(list))
    chunks = SeriesChunk.objects.filter(trial__in=ids, metric=key[0], labels=key[1]).order_by("id")
    for chunk in chunks.values_list("trial_id", "attempt_number", "steps", "values"):
        pieces[chunk[0]][chunk[1]].append(unpack(bytes(chunk[2]), bytes(chunk[3])))
    for trial_id, number, found, steps, values in _open_tails(ids):
        if found == key:
            pieces[trial_id][number].append((steps, values))
    return pieces


def _spans(ids: list[int]) -> dict[tuple[int, int], float]:
    """Return, by trial and attempt number, the seconds from an attempt's start to its end; live ones are left out."""
    ended = Attempt.objects.filter(trial__in=ids, ended_at__isnull=False)
    return {
        (trial_id, number): (end - start).total_seconds()
        for trial_id, number, start, end in ended.values_list("trial_id", "number", "started_at", "ended_at")
        if end is not None
    }


def _open_tails(ids: list[int]) -> Iterable[tuple[int, int, SeriesKey, Steps, Values]]:
    tails = SeriesTail.objects.filter(trial__in=ids, payload__isnull=False).order_by("id")
    for trial_id, number, payload in tails.values_list("trial_id", "attempt__number", "payload"):
        for key, steps, values in unpack_batch(bytes(payload or b"")):
            yield trial_id, number, key, steps, values


def _starts(ids: list[int]) -> dict[int, dict[int, int]]:
    """Return, by trial, each attempt's number and the step it resumed from."""
    starts: dict[int, dict[int, int]] = defaultdict(dict)
    for trial_id, number, step in Attempt.objects.filter(trial__in=ids).values_list(
        "trial_id", "number", "resumed_from"
    ):
        starts[trial_id][number] = step
    return starts


def _until(attempt: int | None, pieces: _Pieces, starts: Mapping[int, int]) -> tuple[_Pieces, Mapping[int, int]]:
    """Leave out what attempts later than `attempt` told and superseded."""
    if attempt is None:
        return pieces, starts
    told = {number: found for number, found in pieces.items() if number <= attempt}
    return told, {number: step for number, step in starts.items() if number <= attempt}


def _rising(found: list[tuple[Steps, Values]]) -> tuple[Steps, Values]:
    """Return one attempt's points in the order told, without those at or before a step that was told already."""
    steps, values = np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])
    before = np.concatenate([[-1], np.maximum.accumulate(steps)[:-1]])
    return steps[steps > before], values[steps > before]


def _join(pieces: _Pieces, starts: Mapping[int, int]) -> tuple[Steps, Values]:
    """Join attempts in order, each cut where a later one took over."""
    kept: list[tuple[Steps, Values]] = []
    for number in sorted(pieces):
        steps = np.concatenate([piece[0] for piece in pieces[number]])
        values = np.concatenate([piece[1] for piece in pieces[number]])
        limit = min((step for later, step in starts.items() if later > number), default=None)
        keep = slice(None) if limit is None else steps <= limit
        kept.append((steps[keep], values[keep]))
    if not kept:
        return _empty()
    steps, values = np.concatenate([k[0] for k in kept]), np.concatenate([k[1] for k in kept])
    order = np.argsort(steps, kind="stable")
    return steps[order], values[order]


def _empty() -> tuple[Steps, Values]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
