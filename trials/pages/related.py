"""What the figures of relations need of the Importance page: where their data are, and the tables behind them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.urls import reverse

from trials.charts import front, spread
from trials.charts.front import Side
from trials.charts.relations import MOST_DRAWN
from trials.facts import provider
from trials.models import Study, Trial
from trials.pages import ranges, words
from trials.pages.frame import Frame
from trials.pages.parts import BestRow, FrontRow, FrontSide
from trials.pages.relations import sides
from trials.pages.selection import address

TABLE_ROWS = 50
MOST_PARAMETERS = 12
SPREAD_WORDS = {"finished": "finished", "seen": "at their best"}
FRONT_FIELDS = ("x", "x_way", "y", "y_way")


def context(frame: Frame, *, order: Sequence[str], pair: tuple[str, str] | None = None) -> dict[str, Any]:
    """Return the figures' addresses and tables.

    order: the parameters, the most important first, where known. pair: the two that explain most together.
    """
    study, request = frame.study, frame.request
    selected = str(frame.selection) or None

    def to(name: str, **query: str | int | None) -> str:
        return address(reverse(f"trials:{name}", args=[study.pk]), None, **query)

    asked = {field: request.GET.get(field) for field in FRONT_FIELDS}
    one, other = sides(study, request)
    first = [*order, *(name for name in frame.plan.space.names if name not in order)]
    metrics = front.metrics_of(study)
    one_of = pair or (first[0], first[min(1, len(first) - 1)]) if first else ("", "")
    return {
        "relations_url": to("relations_json", sel=selected),
        "relations_csv_url": to("relations_csv", sel=selected),
        "surface_url": to("surface_json", reading=request.GET.get("reading")),
        "has_pair": len(first) > 1,
        "has_front": len(metrics) > 1,
        "pair_one": one_of[0],
        "pair_other": one_of[1],
        "slice_order_json": json.dumps(first),
        "slices_note": _drawn_note(study),
        "table_names": frame.plan.space.names[:MOST_PARAMETERS],
        "best_rows": _best_rows(frame),
        "spread_url": to("spread_json"),
        "spread_csv_url": to("spread_csv"),
        **_spread_table(study),
        "front_url": to("front_json", sel=selected, **asked),
        "front_csv_url": to("front_csv", **asked),
        "front_note": _front_note(frame),
        "front_metrics": metrics,
        "front_sides": [
            FrontSide("x", "Across", one.metric, one.minimize),
            FrontSide("y", "Up", other.metric, other.minimize),
        ],
        **_front_table(frame, one, other),
        "front_carried": [
            (name, value) for name, value in request.GET.items() if name not in (*FRONT_FIELDS, "version")
        ],
    }


def _drawn_note(study: Study) -> str:
    told = study.n_trials - study.n_waiting
    if told <= MOST_DRAWN:
        return f"{study.metric} of every trial, at its best"
    return f"{study.metric} at its best: the best trials and an even draw of the others, {MOST_DRAWN:,} of {told:,}"


def _front_note(frame: Frame) -> str:
    if len(frame.plan.objectives) > 1:
        return "finished trials, as last told"
    return "the plan has one objective; any two metrics can be set against each other, as last told"


def _best_rows(frame: Frame) -> list[BestRow]:
    study, names = frame.study, frame.plan.space.names[:MOST_PARAMETERS]
    way = "value" if study.minimises else "-value"
    best = list(Trial.objects.filter(study=study, value__isnull=False).order_by(way, "number")[:TABLE_ROWS])
    spared = provider().spared_numbers(study, [trial.number for trial in best])
    return [
        BestRow(
            number=trial.number,
            url=address(reverse("trials:trial", args=[study.pk, trial.number]), sel=str(frame.selection) or None),
            kind=words.kind_of(trial.state, trial.ending_motive, spared=trial.number in spared),
            ending=words.ending_of(trial.state, trial.ending_code, spared=trial.number in spared),
            value=words.number(trial.value),
            params=[
                ranges.text(frame.plan.space, name, trial.params[name]) if name in trial.params else words.NOT_TOLD
                for name in names
            ],
        )
        for trial in best
    ]


def _spread_table(study: Study) -> dict[str, Any]:
    """Return every twentieth of the finished trials' values, and of all at their best, side by side."""
    found = spread.spread(study)
    told = {name: values for name, values in found.items() if values.size}
    at: dict[float, list[str]] = {}
    for _, share, value in spread.rows(told):
        at.setdefault(share, []).append(words.number(value))
    return {
        "spread_heads": [f"{words.whole(values.size)} {SPREAD_WORDS[name]}" for name, values in told.items()],
        "spread_rows": [(words.percent(share), cells) for share, cells in at.items()],
    }


def _front_table(frame: Frame, one: Side, other: Side) -> dict[str, Any]:
    """Return the trials of the front, from the best in the first metric on; of a long one, evenly drawn."""
    study, found = frame.study, front.front(frame.study, one, other)
    places = np.flatnonzero(found.on_front)
    places = places[np.argsort(one.sign * found.x[places], kind="stable")]
    drawn = places
    if places.size > TABLE_ROWS:
        drawn = places[np.unique(np.linspace(0, places.size - 1, TABLE_ROWS).astype(int))]
    counts = (
        f"{words.whole(places.size)} of {words.whole(found.numbers.size)} finished trials are beaten by none in both"
    )
    selected = str(frame.selection) or None
    return {
        "front_told": "" if not places.size else f"{counts}{', evenly drawn' if drawn.size < places.size else ''}.",
        "front_rows": [
            FrontRow(
                number=number,
                url=address(reverse("trials:trial", args=[study.pk, number]), sel=selected),
                x=words.number(x),
                y=words.number(y),
            )
            for number, x, y in zip(
                found.numbers[drawn].tolist(), found.x[drawn].tolist(), found.y[drawn].tolist(), strict=True
            )
        ],
        "front_x": one.metric,
        "front_y": other.metric,
    }
