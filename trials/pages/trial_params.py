"""A trial's configuration: each parameter in its range among the others, and as text to copy."""

from __future__ import annotations

import pprint
from collections.abc import Mapping, Sequence

from trials.models import Study, Trial
from trials.pages import ranges
from trials.pages.frame import Frame
from trials.pages.parts import (
    ParamPlace,
)
from trials.space import Categorical

# Ticks of other trials on a range; more would be a bar.
MOST_TICKS = 120


def places(frame: Frame, found: Trial) -> list[ParamPlace]:
    """Return each parameter in its range, the other trials as ticks, the best one as a ring."""
    study = frame.study
    others = list(
        Trial.objects.filter(study=study).exclude(pk=found.pk).order_by("-number").values_list("params", flat=True)[
            :MOST_TICKS
        ]
    )  # fmt: skip
    best: Mapping[str, object] = {}
    if study.best_number is not None and study.best_number != found.number:
        best = (
            Trial.objects.filter(study=study, number=study.best_number).values_list("params", flat=True).first() or {}
        )
    shown = [_place_of(frame, name, found.params, others, best) for name in frame.plan.space.names]
    unknown = [ParamPlace(name, str(value)) for name, value in found.params.items() if name not in frame.plan.space]
    return [*(place for place in shown if place is not None), *unknown]


def note(study: Study) -> str:
    """Say how the ranges are to be read."""
    if study.best_number is None:
        return "Each value in its range; ticks are other trials."
    return f"Each value in its range; ticks are other trials, the ring is the best, trial {study.best_number}."


def as_python(found: Trial) -> str:
    """Return the configuration as a dictionary that a program can be given."""
    return f"params = {pprint.pformat(dict(found.params), sort_dicts=False, width=100)}\n"


def _place_of(
    frame: Frame,
    name: str,
    params: Mapping[str, object],
    others: Sequence[Mapping[str, object]],
    best: Mapping[str, object],
) -> ParamPlace | None:
    if name not in params:
        return None
    space = frame.plan.space
    parameter = space[name]
    low, high = ranges.bounds(parameter)
    # A tick says how values are spread; choices without an order have no spread.
    ticks = [] if isinstance(parameter, Categorical) else [ranges.place(parameter, one.get(name)) for one in others]
    return ParamPlace(
        name=name,
        text=ranges.text(space, name, params[name]),
        low=low,
        high=high,
        place=ranges.place(parameter, params[name]),
        others=[tick for tick in ticks if tick is not None],
        best=ranges.place(parameter, best[name]) if name in best else None,
    )
