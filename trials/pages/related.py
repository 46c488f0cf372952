"""What the figures of relations need of the Importance page: where their data are, and the tables behind them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from trials.charts import front, spread
from trials.charts.relations import MOST_DRAWN
from trials.facts import provider
from trials.models import Study, Trial
from trials.pages import ranges, words
from trials.pages.frame import Frame
from trials.pages.parts import BestRow, FrontSide
from trials.pages.relations import sides
from trials.pages.selection import address

TABLE_ROWS = 50
MOST_PARAMETERS = 12
MOST_TABLED = 5_000
"""Up to so many trials the distribution stands in the page as a table too; of more, it is fetched."""
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
    one_of = pair or (first[0], first[min(1, len(first) - 1)]) if first else ("", "")
    return {
        "relations_url": to("relations_json", sel=selected),
        "relations_csv_url": to("relations_csv", sel=selected),
        "surface_url": to("surface_json", reading=request.GET.get("reading")),
        "pair_one": one_of[0],
        "pair_other": one_of[1],
        "slice_order_json": json.dumps(first),
        "slices_note": _drawn_note(study),
        "table_names": frame.plan.space.names[:MOST_PARAMETERS],
        "best_rows": _best_rows(frame),
        "spread_url": to("spread_json"),
        "spread_csv_url": to("spread_csv"),
        "spread_rows": _spread_rows(study),
        "front_url": to("front_json", sel=selected, **asked),
        "front_csv_url": to("front_csv", **asked),
        "front_note": _front_note(frame),
        "front_metrics": front.metrics_of(study),
        "front_sides": [
            FrontSide("x", "Across", one.metric, one.minimize),
            FrontSide("y", "Up", other.metric, other.minimize),
        ],
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
    best = Trial.objects.filter(study=study, value__isnull=False).order_by(way, "number")[:TABLE_ROWS]
    spared = provider().spared_numbers(study)
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


def _spread_rows(study: Study) -> list[tuple[str, str, str]]:
    if study.n_trials > MOST_TABLED:
        return []
    return [
        (name, words.percent(share), words.number(value)) for name, share, value in spread.rows(spread.spread(study))
    ]
