"""Reading one series of every trial of a study at once: a few long arrays, whatever the number of trials."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trials.models import Attempt, SeriesChunk, SeriesTail, Study
from trials.series.codec import (
    CLOCK,
    SeriesKey,
    Steps,
    Values,
    canonical_labels,
    pack_steps,
    pack_values,
    unpack,
    unpack_batch,
)

_NO_LIMIT = np.iinfo(np.int64).max


class Flat(NamedTuple):
    """Curves one after the other, each ascending in step, as `trials.series.read` gives one of them."""

    trials: NDArray[np.int64]
    """Trial ids, ascending, int64[n]."""
    offsets: NDArray[np.int64]
    """Where each curve begins, and the end of the last, int64[n + 1]."""
    steps: Steps
    values: Values

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return how many points each curve has, int64[n]."""
        return np.diff(self.offsets)

    def curve(self, place: int) -> tuple[Steps, Values]:
        """Return the curve at this place."""
        span = slice(self.offsets[place], self.offsets[place + 1])
        return self.steps[span], self.values[span]

    def only(self, kept: NDArray[np.bool_]) -> Flat:
        """Return the curves for which `kept`, bool[n], holds."""
        points = np.repeat(kept, self.lengths)
        offsets = np.concatenate([[0], np.cumsum(self.lengths[kept])]).astype(np.int64)
        return Flat(self.trials[kept], offsets, self.steps[points], self.values[points])


class _Piece(NamedTuple):
    trial: int
    attempt: int
    is_tail: bool
    place: int
    steps: bytes
    values: bytes


def read_study(study: Study, metric: str, labels: Mapping[str, str] | None = None) -> Flat:
    """Return one series of every trial of a study that told it, in three queries."""
    pieces = _pieces(study, (metric, canonical_labels(labels)))
    return _joined(pieces, _resumptions(study))


def read_study_seconds(study: Study, *, whole: bool = False) -> Flat:
    """Return, for every trial whose reports carry times, the seconds it had trained at each step it told.

    As `trials.series.read_seconds` counts them, `whole` included. In three queries, four with `whole`.
    """
    pieces, spans = _pieces(study, CLOCK), _spans(study) if whole else {}
    shifts, last, before = np.zeros(len(pieces)), 0.0, 0.0
    for place, piece in enumerate(pieces):
        previous = pieces[place - 1] if place else None
        if previous is None or previous.trial != piece.trial:
            before, last = 0.0, 0.0
        elif previous.attempt != piece.attempt:
            before, last = before + max(last, spans.get(previous[:2], 0.0)), 0.0
        shifts[place] = before
        last = max(last, float(np.frombuffer(piece.values[-8:], "<f8")[0]))
    return _joined(pieces, _resumptions(study), shifts)


def sample(clock: Flat, curves: Flat) -> Values:
    """Return the seconds at every point of `curves`, float64; NaN where the trial's clock tells none."""
    if not clock.steps.size or not curves.steps.size:
        return np.full(curves.steps.size, np.nan)
    # One ascending key for trial and step together, so that one search finds all.
    room = int(max(clock.steps.max(), curves.steps.max())) + 1
    keys = np.repeat(clock.trials, clock.lengths) * room + clock.steps
    asked = np.repeat(curves.trials, curves.lengths) * room + curves.steps
    place = np.searchsorted(keys, asked, side="right") - 1
    found = (place >= 0) & (keys[np.maximum(place, 0)] // room == asked // room)
    return np.where(found, clock.values[np.maximum(place, 0)], np.nan)


def _pieces(study: Study, key: SeriesKey) -> list[_Piece]:
    """Return the stored pieces of one series, by trial and attempt, each attempt's in the order told."""
    chunks = SeriesChunk.objects.filter(trial__study=study, metric=key[0], labels=key[1])
    found = [
        _Piece(trial, attempt, False, place, bytes(steps), bytes(values))
        for trial, attempt, place, steps, values in chunks.values_list(
            "trial_id", "attempt_number", "id", "steps", "values"
        ).iterator(chunk_size=5000)
    ]
    tails = SeriesTail.objects.filter(trial__study=study, payload__isnull=False)
    rows = tails.values_list("trial_id", "attempt__number", "id", "payload")
    found += [
        _Piece(trial, attempt, True, place, pack_steps(steps), pack_values(values))
        for trial, attempt, place, payload in rows.iterator(chunk_size=5000)
        for told, steps, values in unpack_batch(bytes(payload or b""))
        if told == key
    ]
    return sorted(found, key=lambda piece: piece[:4])


def _spans(study: Study) -> Mapping[tuple[int, int], float]:
    """Return the seconds from start to end of every attempt that a later one followed, by trial and number."""
    ended = Attempt.objects.filter(trial__study=study, trial__n_attempts__gt=1, ended_at__isnull=False)
    return {
        (trial, number): (end - start).total_seconds()
        for trial, number, start, end in ended.values_list("trial_id", "number", "started_at", "ended_at")
        if end is not None
    }


def _resumptions(study: Study) -> Mapping[int, Sequence[tuple[int, int]]]:
    """Return (attempt number, step it resumed from) of every attempt after the first, by trial."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    later = Attempt.objects.filter(trial__study=study, number__gt=1)
    for trial, number, step in later.values_list("trial_id", "number", "resumed_from"):
        found[trial].append((number, step))
    return found


def _joined(
    pieces: Sequence[_Piece],
    resumptions: Mapping[int, Sequence[tuple[int, int]]],
    shifts: NDArray[np.float64] | None = None,
) -> Flat:
    """Join pieces; each attempt is cut where a later one took over. shifts: what is added to each piece's values."""
    steps, values = unpack(b"".join(p.steps for p in pieces), b"".join(p.values for p in pieces))
    lengths = np.array([len(piece.steps) // 4 for piece in pieces], dtype=np.int64)
    owners = np.repeat(np.array([piece.trial for piece in pieces], dtype=np.int64), lengths)
    if shifts is not None:
        values = values + np.repeat(shifts, lengths)
    limits = np.array(
        [
            min((step for number, step in resumptions.get(p.trial, ()) if number > p.attempt), default=_NO_LIMIT)
            for p in pieces
        ],
        dtype=np.int64,
    )
    kept = steps <= np.repeat(limits, lengths)
    steps, values, owners = steps[kept], values[kept], owners[kept]
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    return Flat(owners[starts], np.append(starts, owners.size).astype(np.int64), steps, values)
