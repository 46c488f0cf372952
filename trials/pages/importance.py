"""Which parameters mattered, and how far that can be trusted when most trials were cut short."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from trials import explaining, head
from trials.explaining import Known
from trials.importance import MIN_TRIALS, refits
from trials.models import Job, Study
from trials.pages import live, related, words
from trials.pages.access import editable_study, readable, visible_study
from trials.pages.frame import Frame
from trials.pages.importance_found import names_of, readings_of, said_of
from trials.pages.parts import Computing, Live
from trials.pages.selection import address
from trials.pages.table_export import safe_cell
from trials.pages.tray import selection_context


@require_GET
def importance(request: HttpRequest, study_id: int) -> HttpResponse:
    """Show the newest importance of a study, and offer to compute it."""
    access = readable(request, study_id)
    known = explaining.known(access.study)
    version = _version(access.study, known)
    if unchanged := live.unchanged(request, version):
        return unchanged
    frame = Frame(request, access)
    over = access.study.state == Study.State.ENDED and not _is_open(known)
    context = {**frame.context("importance"), **_context(frame, known)}
    context["live"] = None if over else Live(address(request.path, request.GET), version, live.EVERY_S)
    return live.page(request, "trials/importance", context, version=version, ended=over)


@require_POST
def compute_importance(request: HttpRequest, study_id: int) -> HttpResponse:
    """Have importance computed."""
    study = editable_study(request, study_id)
    if explaining.ask(study, at=timezone.now()) is None:
        messages.info(request, "Importance is being computed already.")
    return redirect(address(reverse("trials:importance", args=[study.pk]), request.GET))


@require_GET
def importance_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return the newest result as it is kept; before the first, no readings."""
    result = explaining.known(visible_study(request, study_id)).result or {"as_of": None, "names": [], "readings": {}}
    return live.json_if_changed(request, f"importance-{result['as_of']}", lambda: result)


@require_GET
def importance_csv(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return every evaluator's figures under every reading, and the pairs, as one table."""
    study = visible_study(request, study_id)
    result = explaining.known(study).result
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="study-{study.pk}-importance.csv"'
    writer = csv.writer(response)
    writer.writerow(["reading", "trials", "evaluator", "parameter", "with", "share", "low", "high"])
    names = names_of(result) if result is not None else []
    for key, reading in (readings_of(result) if result is not None else {}).items():
        for by, shares in reading.get("by", {}).items():
            for name, share in zip(names, shares, strict=True):
                writer.writerow(map(safe_cell, [key, reading["n"], by, name, "", *share]))
        for one, other, *share in reading.get("pairs", ()):
            writer.writerow(map(safe_cell, [key, reading["n"], refits.FANOVA, names[one], names[other], *share]))
    return response


def _version(study: Study, known: Known) -> str:
    job = known.job
    under_way = f"-{job.pk}-{job.state}-{job.done:g}" if job is not None else ""
    return f"{head.live_version(study)}{under_way}"


def _is_open(known: Known) -> bool:
    return known.job is not None and known.job.state in explaining.OPEN


def _context(frame: Frame, known: Known) -> dict[str, Any]:
    study, result = frame.study, known.result
    context: dict[str, Any] = {
        "computing": _computing(known),
        "compute_url": _compute_url(frame, known),
        "compute_label": "Recompute" if result is not None else "Compute importance",
        "may_edit": frame.may_edit,
        "result": None,
        "empty_text": _empty(study),
        **selection_context(frame),
        "has_trials": study.n_trials > study.n_waiting,
        "metric": study.metric,
    }
    said = {} if result is None else _found(frame, result)
    if "version" in frame.request.GET:
        return context | said  # what is swapped in holds none of the figures below
    order = [row.name for row in said.get("rows", ())]
    return context | said | related.context(frame, order=order, pair=said.get("first_pair"))


def _found(frame: Frame, result: Mapping[str, Any]) -> dict[str, Any]:
    request, study = frame.request, frame.study

    def to(**changes: str) -> str:
        return address(request.path, request.GET, **changes)

    asked = {name: request.GET.get(name, "") for name in ("reading", "by")}
    return {
        **said_of(study, result, to=to, **asked),
        "json_url": reverse("trials:importance_json", args=[study.pk]),
        "csv_url": reverse("trials:importance_csv", args=[study.pk]),
    }


def _computing(known: Known) -> Computing:
    job = known.job
    if job is None:
        return Computing()
    if job.state == Job.State.FAILED:
        return Computing("failed", job.message)
    if job.state == Job.State.WAITING:
        return Computing("waiting", "Importance: waiting for a worker. You can leave this page.")
    share = job.done / job.total if job.total else None
    text = f"Importance: {job.message}. You can leave this page." if job.message else "Importance: begun."
    return Computing("running", text, share)


def _compute_url(frame: Frame, known: Known) -> str:
    """Return where to ask for it; empty for those who may not, while it is under way, and before it makes sense."""
    if not frame.may_edit or _is_open(known) or frame.study.n_ended < MIN_TRIALS:
        return ""
    return address(reverse("trials:compute_importance", args=[frame.study.pk]), frame.request.GET)


def _empty(study: Study) -> str:
    if study.n_ended < MIN_TRIALS:
        return f"{MIN_TRIALS} ended trials are needed. {words.whole(study.n_ended)} have ended."
    return "It has not been computed for this study yet. It takes a minute or two, and you can leave the page."
