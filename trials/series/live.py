"""The series of running attempts, kept in this process from report to report.

A gate looks at a trial's own curve at every report. Read from the store each time, a curve of n reports costs n
readings of up to n batches; kept here, a report costs its own points. What is kept is only ever a copy: whatever
does not fit exactly is forgotten and read anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from trials.models import Attempt, MetricSummary
from trials.series.codec import SeriesKey, Steps, Values, canonical_labels
from trials.series.reading import read_all
from trials.settling import Settling

UNLABELLED = canonical_labels(None)
Number = TypeVar("Number", np.int64, np.float64)

ATTEMPTS = 256
"""Attempts kept at a time; the one that has not reported for longest is forgotten first."""


class _Grown:
    """One series, in arrays with room to grow."""

    def __init__(self, steps: Steps, values: Values) -> None:
        self.steps, self.values, self.n = steps, values, len(steps)

    def extend(self, steps: Steps, values: Values) -> None:
        n = self.n + len(steps)
        if n > len(self.steps):
            room = max(2 * n, 32)
            self.steps, self.values = _wider(self.steps, self.n, room), _wider(self.values, self.n, room)
        self.steps[self.n : n], self.values[self.n : n] = steps, values
        self.n = n

    def read(self) -> tuple[Steps, Values]:
        return self.steps[: self.n], self.values[: self.n]


class _Kept(Settling):
    """The series of one attempt up to a batch, and whether the transaction that told it went through."""

    def __init__(self, batch: int, series: Mapping[SeriesKey, tuple[Steps, Values]]) -> None:
        super().__init__()
        self.batch = batch
        self.summaries: dict[SeriesKey, MetricSummary] | None = None
        self.series = {key: _Grown(steps, values) for key, (steps, values) in series.items()}

    @property
    def last_step(self) -> int | None:
        """Return the last step told without labels, as the attempt's row states it."""
        told = [grown.steps[grown.n - 1] for (_, labels), grown in self.series.items() if labels == UNLABELLED]
        return int(max(told)) if told else None

    def is_continued_by(self, batch: int) -> bool:
        """Say whether this batch is the next one, and nothing kept was rolled back."""
        return batch == self.batch + 1 and self.holds()

    def extend(self, batch: int, series: Mapping[SeriesKey, tuple[Steps, Values]]) -> None:
        """Take in one batch."""
        for key, (steps, values) in series.items():
            if key in self.series:
                self.series[key].extend(steps, values)
            else:
                self.series[key] = _Grown(steps, values)
        self.batch = batch
        self.settle_on_commit()


_Place = tuple[int, UUID]
"""Attempt and trial: the trial's uid outlives a row number that a rollback or a deletion gave back."""
_kept: OrderedDict[_Place, _Kept] = OrderedDict()
_guard = threading.Lock()


def is_next(attempt: Attempt, batch: int) -> bool:
    """Say whether this batch follows all that was stored of an attempt, whose row was just read."""
    kept = _kept.get(_place(attempt))
    return kept is not None and kept.is_continued_by(batch) and kept.last_step == attempt.last_step


def summaries_before(attempt: Attempt, batch: int) -> dict[SeriesKey, MetricSummary] | None:
    """Return the summaries of the attempt's trial as they stood before this batch; None where they are not known."""
    kept = _kept.get(_place(attempt))
    return kept.summaries if kept is not None and kept.is_continued_by(batch) else None


def extend(
    attempt: Attempt,
    batch: int,
    series: Mapping[SeriesKey, tuple[Steps, Values]],
    summaries: dict[SeriesKey, MetricSummary],
) -> None:
    """Hear that a batch of an attempt was stored, in the transaction that stores it."""
    kept = _kept.get(_place(attempt))
    if kept is None and batch == attempt.number == 1 and not attempt.trial.inherited_step:
        kept = _Kept(0, {})
    if kept is None or not kept.is_continued_by(batch):
        forget(attempt)
        return
    kept.extend(batch, series)
    kept.summaries = summaries
    _keep(_place(attempt), kept)


def forget(attempt: Attempt) -> None:
    """Forget an attempt: what is kept of it may be behind."""
    _keep(_place(attempt), None)


def of_attempt(attempt: Attempt, *, batch: int) -> Mapping[SeriesKey, tuple[Steps, Values]]:
    """Return every series as a running attempt knows it, each (steps int64[n], values float64[n]) ascending in step.

    batch: the attempt's newest stored batch; the caller holds the trial's lock. The arrays are not to be changed.
    """
    kept = _kept.get(_place(attempt))
    if kept is None or kept.batch != batch or not kept.holds():
        kept = _Kept(batch, read_all([attempt.trial_id]).get(attempt.trial_id, {}))
        kept.settle_on_commit()
        _keep(_place(attempt), kept)
    return {key: grown.read() for key, grown in kept.series.items()}


def _place(attempt: Attempt) -> _Place:
    return attempt.pk, attempt.trial.uid


def _keep(place: _Place, kept: _Kept | None) -> None:
    with _guard:
        _kept.pop(place, None)
        if kept is not None:
            _kept[place] = kept
        while len(_kept) > ATTEMPTS:
            _kept.popitem(last=False)


def _wider(array: NDArray[Number], n: int, room: int) -> NDArray[Number]:
    wider = np.empty(room, dtype=array.dtype)
    wider[:n] = array[:n]
    return wider
