"""What the figures of relations fetch, as JSON and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zlib import crc32

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from trials import explaining
from trials.charts import front, relations, spread
from trials.charts.front import Side
from trials.importance import readings
from trials.models import Study
from trials.pages.access import visible_study
from trials.pages.live import json_if_changed
from trials.pages.selection import MOST, Selection
from trials.pages.table_export import safe_cell


@require_GET
def relations_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return the trials that slices, parallel coordinates and the rank plot draw."""
    study = visible_study(request, study_id)
    selection = Selection.of(request, study)
    version = f"{study.version}-{selection.tag}"

    def build() -> Mapping[str, object]:
        found = relations.relations(study, selected=selection.numbers)
        space = study.plan().space
        chosen = selection.among(trial.number for trial in found.trials) if len(selection) > MOST else None
        return relations.payload(study, space, found, selected=selection.compared, chosen=chosen, version=version)

    return json_if_changed(request, version, build)


@require_GET
def relations_csv(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return the same trials as a table."""
    study = visible_study(request, study_id)
    selection = Selection.of(request, study)
    found, names = relations.relations(study, selected=selection.numbers), study.plan().space.names
    rows = ([trial.number, trial.kind, trial.value, *(trial.params.get(name, "") for name in names)]
            for trial in found.trials)  # fmt: skip
    return _csv(study, "relations", ["trial", "ending", study.metric, *names], rows)


@require_GET
def surface_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return what the model expects over two parameters, from the newest result; nothing where it has no such pair."""
    study = visible_study(request, study_id)
    result = explaining.known(study).result
    one, other = request.GET.get("x", ""), request.GET.get("y", "")
    tag = f"surface-{result['as_of'] if result is not None else 'none'}-{study.version}"
    return json_if_changed(request, tag, lambda: _surface(result, request.GET.get("reading", ""), one, other))


def _surface(result: Mapping[str, Any] | None, reading: str, one: str, other: str) -> Mapping[str, object]:
    found: Mapping[str, Any] = result["readings"] if result is not None else {}
    key = (
        reading if reading in found else next((key for key in readings.KEYS if found.get(key, {}).get("surfaces")), "")
    )
    names = result["names"] if result is not None else []
    for surface in found.get(key, {}).get("surfaces", ()):
        pair = [names[place] for place in surface["pair"]]
        if pair == [one, other]:
            return {"reading": key, "x": one, "y": other, "z": surface["z"]}
        if pair == [other, one]:
            return {"reading": key, "x": one, "y": other, "z": [list(row) for row in zip(*surface["z"], strict=True)]}
    return {"reading": key, "x": one, "y": other, "z": None}


@require_GET
def spread_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return the distribution of the study's values."""
    study = visible_study(request, study_id)
    version = str(study.version)
    return json_if_changed(request, version, lambda: spread.payload(study, spread.spread(study), version))


@require_GET
def spread_csv(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return it as a table of twentieths."""
    study = visible_study(request, study_id)
    return _csv(study, "values", ["trials", "share", study.metric], spread.rows(spread.spread(study)))


@require_GET
def front_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return the finished trials in two metrics."""
    study = visible_study(request, study_id)
    selection = Selection.of(request, study)
    one, other = sides(study, request)
    version = f"{study.version}-{selection.tag}"

    def build() -> Mapping[str, object]:
        found = front.front(study, one, other)
        chosen = selection.among(found.numbers.tolist()) if len(selection) > MOST else None
        return front.payload(found, one, other, selected=selection.compared, chosen=chosen, version=version)

    return json_if_changed(request, f"{version}-{crc32(repr((one, other)).encode()):x}", build)


@require_GET
def front_csv(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return all of them as a table, those on the front marked."""
    study = visible_study(request, study_id)
    one, other = sides(study, request)
    found = front.front(study, one, other)
    rows = zip(found.numbers.tolist(), found.x.tolist(), found.y.tolist(), found.on_front.tolist(), strict=True)
    return _csv(study, "front", ["trial", one.metric, other.metric, "on the front"], rows)


def sides(study: Study, request: HttpRequest) -> tuple[Side, Side]:
    """Return the two metrics asked for; by default the plan's first two objectives, else the objective and another."""
    objectives = {objective.metric: objective.direction for objective in study.plan().objectives}
    names = front.metrics_of(study)
    chosen = list(objectives) if len(objectives) > 1 else names
    one = _side(request, "x", objectives, chosen[0], names)
    others = [name for name in [*chosen[1:], *names] if name != one.metric]
    return one, _side(request, "y", objectives, others[0] if others else one.metric, names)


def _side(request: HttpRequest, axis: str, objectives: Mapping[str, str], otherwise: str, names: Sequence[str]) -> Side:
    asked = request.GET.get(axis, "")
    metric = asked if asked in names or asked in objectives else otherwise
    way = request.GET.get(f"{axis}_way") or objectives.get(metric, "minimize")
    return Side(metric, minimize=way != "maximize")


def _csv(study: Study, what: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="study-{study.pk}-{what}.csv"'
    writer = csv.writer(response)
    writer.writerow(map(safe_cell, header))
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return response
