"""The starter library: cards of recorded studies that others published, shipped with the software."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from pruning.library.card import Card

FILE = Path(__file__).with_name("starter.json")


@lru_cache(maxsize=1)
def starter() -> tuple[Card, ...]:
    """Return its cards; they are made by `benchmarks/starter_library.py` and never change while the program runs."""
    return tuple(Card.from_mapping(card) for card in _read()["cards"])


def made() -> dict[str, Any]:
    """Return how the file was made."""
    return dict(_read()["made"])


def _read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
