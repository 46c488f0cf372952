"""All curves of a study on a page of their own; every choice stands in the address."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from trials import head
from trials.charts import along, curve_table, members, picture
from trials.charts.picture import Picture
from trials.facts import provider
from trials.models import Study
from trials.pages import curve_choices, live, saved_views, words
from trials.pages.access import readable, trial_of, visible_study
from trials.pages.chart_data import looks_of
from trials.pages.curve_view import LAYERS, PARAMETERS, SELECTION, SMOOTHINGS, CurveView, tag
from trials.pages.frame import Frame
from trials.pages.parts import Option
from trials.pages.selection import Selection, address
from trials.pages.tray import selection_context

LAYER_NAMES = {"quantiles": "Quantiles", "marks": "Stop marks", "cuts": "Cuts"}
DRAW_NAMES = {"": "As they fit", "lines": "Lines", "density": "Density"}
SPLIT_NAMES = {"": "One picture", "state": "By state", "motive": "By motive", "metric": "By metric"}


@require_GET
def curves(request: HttpRequest, study_id: int) -> HttpResponse:
    """Show every curve of a study."""
    access = readable(request, study_id)
    version = head.live_version(access.study)
    if unchanged := live.unchanged(request, version):
        return unchanged
    if default := saved_views.default_for(request, access.study, "curves"):
        return redirect(default)
    frame = Frame(request, access)
    context = {
        **frame.context("curves"),
        **_context(frame),
        **saved_views.context(frame, "curves"),
        **selection_context(frame),
    }
    ended = access.study.state == Study.State.ENDED
    return live.page(request, "trials/curves", context, version=version, ended=ended)


@require_GET
def curves_view_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return the picture that the address asks for."""
    study = visible_study(request, study_id)
    version = head.live_version(study)
    asked = hashlib.sha256(tag(request).encode()).hexdigest()[:16]

    def build() -> Mapping[str, object]:
        found = _picture(request, study, version)
        return picture.payload(study, looks_of(study), found, version)

    return live.paced_json(request, f"{study.uid}-{asked}", f"{version}-{asked}", build)


@require_GET
def curves_table(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return the picture as a table: what the curves are at a dozen steps, for readers who cannot see it."""
    access = readable(request, study_id)
    frame = Frame(request, access)
    found = _picture(request, frame.study, head.live_version(frame.study))
    context = {
        **frame.context("curves"),
        "live": None,
        "tables": [(panel.sheet.title, curve_table.rows(frame.looks, found.span, panel)) for panel in found.panels],
        "metric": found.view.metric or frame.study.metric,
        "along": found.view.along,
        "problem": found.problem,
        "back_url": address(reverse("trials:curves", args=[frame.study.pk]), request.GET),
    }
    part = "trials/parts/curves_table.html" if request.headers.get("HX-Request") else "trials/curves_table.html"
    return render(request, part, context)


@require_GET
def trial_cuts_json(request: HttpRequest, study_id: int, number: int) -> HttpResponse:
    """Return the cuts that one trial met, as they were when it met them."""
    study = visible_study(request, study_id)
    trial = trial_of(study, number)
    rulings = [ruling for ruling in provider().rulings(trial) if ruling.cut is not None]

    def build() -> Mapping[str, object]:
        return {
            "trial": number,
            "cuts": [
                {
                    "step": ruling.step,
                    "value": ruling.cut,
                    "own": ruling.value,
                    "rank": ruling.rank,
                    "of": ruling.of,
                    "quota": ruling.quota,
                    "sentence": ruling.sentence,
                    "url": ruling.url,
                }
                for ruling in rulings
                if ruling.cut is not None and abs(ruling.cut) <= 1.7e308
            ],
        }

    newest = rulings[-1].sequence if rulings else 0
    return live.json_if_changed(request, f"{number}-{newest}", build)


def _picture(request: HttpRequest, study: Study, version: str) -> Picture:
    view = CurveView.of(request.GET)
    space = study.newest_revision().parsed().space
    selection = Selection.of(request, study)
    return picture.picture_of(
        study, view, version=version, space=space, selected=selection.compared, selection=selection.among
    )


def _context(frame: Frame) -> dict[str, Any]:
    study, query = frame.study, frame.request.GET
    view = CurveView.of(query)
    carried = {name: query.get(name) for name in (*PARAMETERS, "sel")}
    timed = study.n_trials == study.n_waiting or members.is_timed(study)
    told = members.series_told(study)
    return {
        "data_url": reverse("trials:curves_view_json", args=[study.pk]),
        "src": address(reverse("trials:curves_view_json", args=[study.pk]), None, **carried),
        "table_url": address(reverse("trials:curves_table", args=[study.pk]), None, **carried),
        "cuts_url": reverse("trials:trial_cuts_json", args=[study.pk, 0]),
        "trials_url": reverse("trials:trials_table", args=[study.pk]),
        "view": view,
        "axis": curve_choices.axis(frame, view.along, timed=timed),
        "x_scale": curve_choices.switch(frame, "xs", {"": "Linear", "log": "Log"}, "log" if view.x_log else ""),
        "y_scale": curve_choices.switch(frame, "ys", {"": "Linear", "log": "Log"}, "log" if view.y_log else ""),
        "not_timed": "" if timed else along.NOT_RECORDED,
        "layers": [Option(layer, LAYER_NAMES[layer], chosen=view.shows(layer)) for layer in LAYERS],
        "metrics": _metrics(told, study, view),
        "smoothings": [
            Option("" if not s else f"{s:g}", f"{s:g}" if s else "None", chosen=view.smooth == s) for s in SMOOTHINGS
        ],
        "drawings": [Option(value, name, chosen=view.draw == value) for value, name in DRAW_NAMES.items()],
        "splits": [Option(value, name, chosen=view.split == value) for value, name in SPLIT_NAMES.items()],
        "groups": _groups(frame, told, view),
        "n_told": words.whole(study.n_trials - study.n_waiting),
    }


def _metrics(told: Sequence[tuple[str, str]], study: Study, view: CurveView) -> list[Option]:
    """Return every metric that is told, and of each the series with labels."""
    found = []
    for metric, labels in told or [(study.metric, "{}")]:
        said = metric if labels == "{}" else f"{metric} {labels}"
        value = "" if (metric, labels) == (study.metric, "{}") else metric
        chosen = (view.metric or study.metric, view.labels) == (metric, labels)
        found.append(Option(value, said, chosen=chosen, more=labels))
    return found


def _groups(frame: Frame, told: Sequence[tuple[str, str]], view: CurveView) -> list[Option]:
    metric = view.metric or frame.study.metric
    found = [Option("", "Not grouped", chosen=not view.group)]
    if frame.selection or view.group == SELECTION:
        found.append(Option(SELECTION, "Selected against the others", chosen=view.group == SELECTION))
    found += [
        Option(f"param:{name}", f"By {name}", chosen=view.group == f"param:{name}") for name in frame.plan.space.names
    ]
    found += [
        Option(f"label:{name}", f"By {name} (label)", chosen=view.group == f"label:{name}")
        for name in members.labels_of(told, metric)
    ]
    return found
