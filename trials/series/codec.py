"""Points, and the bytes they are packed into: int32 steps and float64 values, little endian."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Steps: TypeAlias = npt.NDArray[np.int64]
Values: TypeAlias = npt.NDArray[np.float64]
SeriesKey: TypeAlias = tuple[str, str]
"""(metric, canonical labels)"""

CLOCK: SeriesKey = ("", "{}")
"""Where an attempt's elapsed seconds stand, as a series of their own; no metric's name is empty."""
STEP_MAX = 2**31 - 1
_STEP, _VALUE = np.dtype("<i4"), np.dtype("<f8")
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, kw_only=True)
class Point:
    """What was told at one step: metrics by name; labels such as `{"fold": "2"}` are part of their identity."""

    step: int
    metrics: Mapping[str, float]
    labels: Mapping[str, str] = field(default_factory=dict)
    elapsed_s: float | None = None
    """Seconds since this attempt began to train, by the sender's own monotonic clock; None where it keeps none."""


def canonical_labels(labels: Mapping[str, str] | None) -> str:
    """Return labels as the text that identifies them: JSON with sorted keys."""
    return json.dumps(dict(labels or {}), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def by_series(points: Sequence[Point]) -> dict[SeriesKey, tuple[Steps, Values]]:
    """Turn points into one pair of arrays per series, in the order told."""
    columns: dict[SeriesKey, tuple[list[int], list[float]]] = {}
    for point in points:
        labels = canonical_labels(point.labels)
        for metric, value in point.metrics.items():
            steps, values = columns.setdefault((metric, labels), ([], []))
            steps.append(point.step)
            values.append(value)
    return {key: (np.array(s, dtype=np.int64), np.array(v, dtype=np.float64)) for key, (s, v) in columns.items()}


def clock_of(points: Sequence[Point], received_s: float | None) -> tuple[Steps, Values] | None:
    """Return the steps of a batch and the attempt's seconds at each; None where nobody kept the time.

    received_s: when the batch arrived; it stands for what the sender did not say.
    """
    told: dict[int, float] = {}
    for point in [point for point in points if not point.labels] or points:
        seconds = received_s if point.elapsed_s is None else point.elapsed_s
        if seconds is not None:
            told[point.step] = seconds
    if not told:
        return None
    return np.array(list(told), dtype=np.int64), np.array(list(told.values()), dtype=np.float64)


def pack_steps(steps: Steps) -> bytes:
    """Return steps as int32 bytes."""
    return steps.astype(_STEP).tobytes()


def pack_values(values: Values) -> bytes:
    """Return values as float64 bytes."""
    return values.astype(_VALUE).tobytes()


def unpack(steps: bytes, values: bytes) -> tuple[Steps, Values]:
    """Return what `pack_steps` and `pack_values` wrote."""
    return np.frombuffer(steps, _STEP).astype(np.int64), np.frombuffer(values, _VALUE).astype(np.float64)


def pack_batch(series: Mapping[SeriesKey, tuple[Steps, Values]]) -> bytes:
    """Return one payload: a JSON header with each series' name and length, then steps and values of each."""
    header = json.dumps([[metric, labels, len(steps)] for (metric, labels), (steps, _) in series.items()])
    encoded = header.encode()
    body = b"".join(pack_steps(steps) + pack_values(values) for steps, values in series.values())
    return _LENGTH.pack(len(encoded)) + encoded + body


def unpack_batch(payload: bytes) -> Iterator[tuple[SeriesKey, Steps, Values]]:
    """Yield the series of a payload that `pack_batch` wrote."""
    (length,) = _LENGTH.unpack_from(payload)
    offset = _LENGTH.size + length
    for metric, labels, n in json.loads(payload[_LENGTH.size : offset]):
        middle, end = offset + n * _STEP.itemsize, offset + n * (_STEP.itemsize + _VALUE.itemsize)
        yield (metric, labels), *unpack(payload[offset:middle], payload[middle:end])
        offset = end
