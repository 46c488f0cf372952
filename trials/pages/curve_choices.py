"""The switches of pages that draw curves; each is a link that sets one parameter of the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trials.pages.curve_view import AlongName
from trials.pages.frame import Frame
from trials.pages.parts import Choice
from trials.pages.selection import address

AXIS_NAMES = {"step": "Step", "seconds": "Seconds", "cost": "Cost"}


def axis(frame: Frame, chosen: AlongName, *, timed: bool) -> list[Choice]:
    """Return what curves may be drawn along; only steps where no report carries a time."""
    return switch(frame, "x", AXIS_NAMES, chosen, refused=() if timed else ("seconds", "cost"))


def switch(
    frame: Frame, name: str, names: Mapping[str, str], chosen: str, *, refused: Sequence[str] = ()
) -> list[Choice]:
    """Return the links of one switch; a choice that cannot be had keeps its place."""
    first = next(iter(names))
    request = frame.request
    return [
        Choice(
            name,
            value,
            label,
            address(request.path, request.GET, **{name: None if value == first else value, "window": None}),
            chosen=value == chosen,
            refused=value in refused,
        )
        for value, label in names.items()
    ]
