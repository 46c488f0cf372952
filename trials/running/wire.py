"""What travels between a supervisor and the child it watches: one JSON object a message, never a pickled one.

Non-finite floats travel as `"nan"`, `"inf"` and `"-inf"`, as they do over HTTP.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

Message = dict[str, Any]  # loose by nature: each message says what it `is`
BYTES_MAX = 16 * 1_048_576


def encode(message: Mapping[str, object]) -> bytes:
    """Return the bytes of one message.

    >>> encode({"is": "report", "metrics": numbers({"loss": float("nan")})})
    b'{"is":"report","metrics":{"loss":"nan"}}'
    """
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode()


def decode(data: bytes) -> Message:
    """Return the message in `data`; ValueError if it is none."""
    message = json.loads(data)
    if not isinstance(message, dict):
        raise ValueError(f"a message is an object, not {type(message).__name__}")
    return message


def numbers(metrics: Mapping[str, float]) -> dict[str, float | str]:
    """Return the metrics in the form that JSON can carry."""
    return {str(name): _number(float(value)) for name, value in metrics.items()}


def floats(metrics: Mapping[str, float | str]) -> dict[str, float]:
    """Return the metrics that `numbers` wrapped."""
    return {name: float(value) for name, value in metrics.items()}


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
