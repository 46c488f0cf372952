"""What trials had told at one step, kept in this process: observations are never rewritten, only newer ones are read.

Whoever opens the newest entry of a large study would else read a hundred thousand rows for it.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from typing import NamedTuple
from uuid import UUID

import numpy as np
from django.db.models import BigIntegerField, F, Value
from django.db.models.functions import Coalesce
from numpy.typing import NDArray

from trials.models import Observation, Study
from trials.models.values import join

ROWS = 2_000_000
"""Observations kept at a time, some 64 MB; the steps not asked for longest go first."""


class Rung(NamedTuple):
    """The observations at one step in the order told; one entry for each in every array."""

    sequences: NDArray[np.int64]
    numbers: NDArray[np.int64]
    """Of the trials."""
    values: NDArray[np.float64]
    bests: NDArray[np.float64]
    """NaN while nothing finite was told."""

    def until(self, sequence: int) -> Rung:
        """Return what had been told by then, of each trial what it told last."""
        end = int(np.searchsorted(self.sequences, sequence, side="right"))
        _, newest = np.unique(self.numbers[:end][::-1], return_index=True)
        return self.at(np.sort(end - 1 - newest) if newest.size < end else np.arange(end))

    def at(self, places: NDArray[np.int64]) -> Rung:
        """Return the observations at these places."""
        return Rung(self.sequences[places], self.numbers[places], self.values[places], self.bests[places])

    def joined(self, newer: Rung) -> Rung:
        """Return these observations with newer ones behind them."""
        return Rung(
            np.concatenate([self.sequences, newer.sequences]),
            np.concatenate([self.numbers, newer.numbers]),
            np.concatenate([self.values, newer.values]),
            np.concatenate([self.bests, newer.bests]),
        )


NOTHING = Rung(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))
_kept: OrderedDict[tuple[UUID, int], Rung] = OrderedDict()
_guard = threading.Lock()


def rung_of(study: Study, step: int) -> Rung:
    """Return all that a study's trials have told at a step."""
    key = (study.uid, step)
    with _guard:
        kept = _kept.get(key, NOTHING)
    newer = _read(study, step, after=int(kept.sequences[-1]) if kept.sequences.size else None)
    found = kept.joined(newer) if newer.sequences.size else kept
    with _guard:
        _kept[key] = found
        _kept.move_to_end(key)
        while len(_kept) > 1 and sum(rung.sequences.size for rung in _kept.values()) > ROWS:
            _kept.popitem(last=False)
    return found


def forget() -> None:
    """Forget all that was read; for tests that write the same rows again."""
    _kept.clear()


def _read(study: Study, step: int, *, after: int | None) -> Rung:
    rows = Observation.objects.filter(study=study)
    if after is None:
        rows = rows.filter(step=step)
    else:
        # By the index of sequences: named as a column, the step would have its whole rung read again.
        at_step = Coalesce(F("step"), Value(0), output_field=BigIntegerField())
        rows = rows.filter(sequence__gt=after).annotate(at_step=at_step).filter(at_step=step)
    columns = ("sequence", "trial__number", "value", "value_state", "best")
    told = list(rows.order_by("sequence").values_list(*columns))
    return Rung(
        np.array([row[0] for row in told], dtype=np.int64),
        np.array([row[1] for row in told], dtype=np.int64),
        np.array([_float(join(row[2], row[3])) for row in told], dtype=np.float64),
        np.array([_float(row[4]) for row in told], dtype=np.float64),
    )


def _float(value: float | None) -> float:
    return math.nan if value is None else value
