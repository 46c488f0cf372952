"""Storing batches, and packing what has piled up. Callers hold the trial's lock and a transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from django.db.models import Sum

from trials.models import Attempt, MetricSummary, SeriesChunk, SeriesTail, Trial
from trials.models.values import split
from trials.series import live
from trials.series.codec import (
    CLOCK,
    Point,
    SeriesKey,
    Steps,
    Values,
    by_series,
    clock_of,
    pack_batch,
    pack_steps,
    pack_values,
    unpack_batch,
)
from trials.series.reading import read_all
from trials.statements import Upsert

CHUNK_FROM, CHUNK_MAX = 256, 1000
"""Points of a trial that wait in tails before they are packed, and the most that one chunk holds."""
COUNT_EVERY = 16
"""Small batches between two counts of what waits."""


def append(attempt: Attempt, batch: int, points: Sequence[Point], *, received_s: float | None = None) -> SeriesTail:
    """Store one batch of an attempt; a unique constraint refuses the same number twice.

    received_s: seconds from the attempt's start to the batch's arrival, for points that state no time of their own;
    None, as on import, stores none for them.
    """
    series = by_series(points)
    n_points = sum(len(steps) for steps, _ in series.values())
    clock = clock_of(points, received_s)
    payload = pack_batch(series if clock is None else {**series, CLOCK: clock})
    tail = SeriesTail.objects.create(
        trial_id=attempt.trial_id, attempt=attempt, batch=batch, payload=payload, n_points=n_points
    )
    summaries = live.summaries_before(attempt, batch)
    live.extend(attempt, batch, series, _summarise(attempt.trial, series, summaries))
    is_time = batch % COUNT_EVERY == 0 or n_points >= COUNT_EVERY * len(series)
    if is_time and _waiting(attempt.trial) >= CHUNK_FROM * max(1, len(series)):
        compact(attempt.trial)
    return tail


def compact(trial: Trial) -> int:
    """Pack a trial's tails into chunks, one series of one attempt at a time; return how many chunks were written."""
    tails = list(SeriesTail.objects.filter(trial=trial, payload__isnull=False).select_related("attempt").order_by("id"))
    pieces: dict[tuple[int, SeriesKey], list[tuple[Steps, Values]]] = defaultdict(list)
    for tail in tails:
        for key, steps, values in unpack_batch(bytes(tail.payload or b"")):
            pieces[tail.attempt.number, key].append((steps, values))
    chunks = [
        chunk
        for (number, key), found in pieces.items()
        for chunk in _chunks(trial, number, key, np.concatenate([f[0] for f in found]), found)
    ]
    SeriesChunk.objects.bulk_create(chunks)
    SeriesTail.objects.filter(pk__in=[tail.pk for tail in tails]).update(payload=None)
    return len(chunks)


def inherit(trial: Trial, source: Trial, *, until: int) -> None:
    """Let a trial that has told nothing yet take over the points of the one it continues, up to a step.

    They stand as told by an attempt 0: an attempt that begins before `until` after all supersedes them.
    """
    found: dict[SeriesKey, tuple[Steps, Values]] = {}
    for key, (steps, values) in read_all([source.pk]).get(source.pk, {}).items():
        kept = steps <= until
        if kept.any():
            found[key] = steps[kept], values[kept]
    SeriesChunk.objects.bulk_create(
        chunk for key, piece in found.items() for chunk in _chunks(trial, 0, key, piece[0], [piece])
    )
    _summarise(trial, found, {})


def _waiting(trial: Trial) -> int:
    total = SeriesTail.objects.filter(trial=trial, payload__isnull=False).aggregate(n=Sum("n_points"))["n"]
    return total or 0


def _chunks(
    trial: Trial, number: int, key: SeriesKey, steps: Steps, found: list[tuple[Steps, Values]]
) -> list[SeriesChunk]:
    values = np.concatenate([piece[1] for piece in found])
    return [
        SeriesChunk(
            trial=trial,
            attempt_number=number,
            metric=key[0],
            labels=key[1],
            first_step=int(steps[at : at + CHUNK_MAX].min()),
            last_step=int(steps[at : at + CHUNK_MAX].max()),
            n_points=len(steps[at : at + CHUNK_MAX]),
            steps=pack_steps(steps[at : at + CHUNK_MAX]),
            values=pack_values(values[at : at + CHUNK_MAX]),
        )
        for at in range(0, len(steps), CHUNK_MAX)
    ]


def _summarise(
    trial: Trial, series: dict[SeriesKey, tuple[Steps, Values]], known: dict[SeriesKey, MetricSummary] | None
) -> dict[SeriesKey, MetricSummary]:
    """Move the summaries of the series that a batch touched; return all that are known of the trial.

    known: the trial's summaries up to here; read from the database where there are none.
    """
    if known is None:
        known = {(found.metric, found.labels): found for found in MetricSummary.objects.filter(trial=trial)}
    for key, (steps, values) in series.items():
        summary = known.setdefault(key, _first_summary(trial, key, steps, values))
        summary.n_points += len(steps)
        summary.last_step = int(steps[-1])
        summary.last_value, summary.last_value_state = split(float(values[-1]))
        _move_extremes(summary, steps, values)
    _upsert([known[key] for key in series])
    return known


_upsert = Upsert(
    MetricSummary,
    unique=("trial", "metric", "labels"),
    moved=(
        "n_points",
        "last_value",
        "last_value_state",
        "last_step",
        "low_value",
        "low_step",
        "high_value",
        "high_step",
    ),
)


def _first_summary(trial: Trial, key: SeriesKey, steps: Steps, values: Values) -> MetricSummary:
    first, _ = split(float(values[0]))
    return MetricSummary(
        trial=trial,
        study_id=trial.study_id,
        metric=key[0],
        labels=key[1],
        first_value=first,
        first_step=int(steps[0]),
        last_step=int(steps[-1]),
    )


def _move_extremes(summary: MetricSummary, steps: Steps, values: Values) -> None:
    finite = np.isfinite(values)
    if not finite.any():
        return
    steps, values = steps[finite], values[finite]
    low, high = int(values.argmin()), int(values.argmax())
    if summary.low_value is None or values[low] < summary.low_value:
        summary.low_value, summary.low_step = float(values[low]), int(steps[low])
    if summary.high_value is None or values[high] > summary.high_value:
        summary.high_value, summary.high_step = float(values[high]), int(steps[high])
