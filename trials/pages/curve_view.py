"""What the page of curves shows, as its address asks for it: every choice is a parameter, so a link reproduces it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Literal, cast

from django.http import HttpRequest, QueryDict

from trials.series import canonical_labels

AXES = ("step", "seconds", "cost")
SCALES = ("linear", "log")
SMOOTHINGS = (0.0, 0.5, 0.8, 0.9, 0.95)
SPLITS = ("", "state", "motive", "metric")
DRAWINGS = ("", "lines", "density")
LAYERS = ("quantiles", "marks", "cuts")
SELECTION = "selection"
NONE_HIDDEN: tuple[str, ...] = ()
ADDRESS_MAX = 500

AlongName = Literal["step", "seconds", "cost"]


@dataclass(frozen=True)
class CurveView:
    """One picture of a study's curves."""

    metric: str = ""
    """Empty: the objective."""
    labels: str = "{}"
    """Canonical JSON."""
    along: AlongName = "step"
    x_log: bool = False
    y_log: bool = False
    smooth: float = 0.0
    draw: str = ""
    """lines, density, or empty: as their number asks for."""
    split: str = ""
    """One small picture per state, motive or metric; empty: one picture."""
    group: str = ""
    """`param:NAME` or `label:NAME`: mean and band of each value; `selection`: of the selected trials and the others."""
    hidden: tuple[str, ...] = NONE_HIDDEN
    """Layers switched off."""
    window: tuple[float, float, float, float] | None = None
    """x0, x1, y0, y1 in the units of the axes; None shows everything."""

    @classmethod
    def of(cls, query: QueryDict) -> CurveView:
        """Read the address; what makes no sense counts as not asked for."""
        smooth = _number(query.get("smooth", "")) or 0.0
        return cls(
            metric=_text(query, "metric"),
            labels=_labels(_text(query, "labels")),
            along=cast("AlongName", _one(query, "x", AXES)),
            x_log=_one(query, "xs", ("", *SCALES)) == "log",
            y_log=_one(query, "ys", ("", *SCALES)) == "log",
            smooth=smooth if smooth in SMOOTHINGS else 0.0,
            draw=_one(query, "draw", DRAWINGS),
            split=_one(query, "split", SPLITS),
            group=_group(_text(query, "group")),
            hidden=tuple(layer for layer in LAYERS if layer in _text(query, "hide").split(",")),
            window=_window(_text(query, "window")),
        )

    @property
    def told_labels(self) -> dict[str, str]:
        """Return the labels by name."""
        return cast("dict[str, str]", json.loads(self.labels))

    def shows(self, layer: str) -> bool:
        """Say whether a layer is drawn."""
        return layer not in self.hidden


PARAMETERS = ("metric", "labels", "x", "xs", "ys", "smooth", "draw", "split", "group", "hide", "window")
"""What the address may say about the picture."""


def tag(request: HttpRequest) -> str:
    """Return the part of the address that the picture depends on."""
    asked = [f"{name}={_text(request.GET, name)}" for name in PARAMETERS]
    return "&".join([*asked, f"sel={request.GET.get('sel', '')}"])


def _text(query: QueryDict, name: str) -> str:
    return query.get(name, "")[:ADDRESS_MAX]


def _one(query: QueryDict, name: str, known: tuple[str, ...]) -> str:
    asked = _text(query, name)
    return asked if asked in known else known[0]


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _labels(text: str) -> str:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return "{}"
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        return "{}"
    return canonical_labels(found)


def _group(text: str) -> str:
    kind, _, name = text.partition(":")
    if text == SELECTION:
        return text
    return text if kind in {"param", "label"} and name else ""


def _window(text: str) -> tuple[float, float, float, float] | None:
    found = [_number(part) for part in text.split(",")]
    if len(found) != 4 or any(value is None for value in found):
        return None
    x0, x1, y0, y1 = cast("list[float]", found)
    return (x0, x1, y0, y1) if x0 < x1 and y0 < y1 else None
