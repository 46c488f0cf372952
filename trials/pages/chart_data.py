"""What the charts fetch: compact JSON with an ETag, 304 while nothing changed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from trials import head
from trials.charts import best, compare, curves
from trials.charts import trial as trial_chart
from trials.models import Study, Trial
from trials.pages.access import trial_of, visible_study
from trials.pages.curve_view import CurveView
from trials.pages.live import json_if_changed, paced_json
from trials.pages.selection import Selection


@require_GET
def curves_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return every trial's curve."""
    study = visible_study(request, study_id)
    version = head.live_version(study)
    return json_if_changed(
        request, version, lambda: curves.payload(study, looks_of(study), curves.study_curves(study), version)
    )


@require_GET
def best_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return the best value so far."""
    study = visible_study(request, study_id)
    version = str(study.version)
    key = f"{study.uid}-best"  # it reads every ended trial
    return paced_json(request, key, version, lambda: best.payload(study, best.best_so_far(study), version))


@require_GET
def compare_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return the curves of the selected trials, along what `?x=` names."""
    study = visible_study(request, study_id)
    selection, along = Selection.of(request, study), CurveView.of(request.GET).along

    def build() -> dict[str, object]:
        found = compare.comparison(study, chosen(study, selection), along)
        return compare.payload(study, looks_of(study), found, selection)

    return json_if_changed(request, f"{head.live_version(study)}-{selection.tag}-{along}", build)


@require_GET
def trial_json(request: HttpRequest, study_id: int, number: int) -> HttpResponse:
    """Return one trial's curves."""
    study = visible_study(request, study_id)
    trial = trial_of(study, number)
    version = f"{study.version}-{trial.last_step or 0}"
    return json_if_changed(
        request,
        version,
        lambda: trial_chart.payload(trial, looks_of(study), trial_chart.trial_curves(trial), version),
    )


def chosen(study: Study, selection: Selection) -> list[Trial]:
    """Return the selected trials that exist, in the order chosen."""
    found = Trial.objects.filter(study=study, number__in=selection.compared).select_related("study")
    return sorted(found, key=lambda trial: selection.numbers.index(trial.number))


def looks_of(study: Study) -> list[int]:
    """Return the decision points of the plan in force."""
    looks = study.revisions.order_by("-number").values_list("looks", flat=True).first()
    return list(looks or ())
