"""Reading chart data as the browser does."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Curve = tuple[NDArray[np.float32], NDArray[np.float32]]


def unpacked(packed: Mapping[str, Any]) -> NDArray[np.float32]:
    """Return a packed array."""
    assert packed["dtype"] == "f4"
    return np.frombuffer(base64.b64decode(packed["b64"]), dtype="<f4")


def split(group: Mapping[str, Any]) -> dict[int, Curve]:
    """Cut a gapped group into one curve per trial."""
    x, y = unpacked(group["x"]), unpacked(group["y"])
    ends = [*(offset - 1 for offset in group["offsets"][1:]), len(x)]
    pieces = zip(group["trials"], group["offsets"], ends, strict=True)
    return {number: (x[start:end], y[start:end]) for number, start, end in pieces}


def curves_of(payload: Mapping[str, Any]) -> dict[int, Curve]:
    """Return every curve of a study's chart by trial number."""
    found: dict[int, Curve] = {}
    for group in payload["groups"]:
        found |= split(group)
    return found
