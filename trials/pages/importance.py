"""Which parameters mattered, and how far that can be trusted when most trials were cut short."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from trials import explaining, head
from trials.explaining import Known
from trials.importance import MIN_TRIALS, readings, refits
from trials.models import Job, Study
from trials.pages import importance_words, live, related, words
from trials.pages.access import editable_study, readable, visible_study
from trials.pages.frame import Frame
from trials.pages.importance_words import BY, READINGS
from trials.pages.parts import (
    Chip,
    Computing,
    Estimate,
    ImportanceRow,
    Interaction,
    Live,
    ReadingColumn,
    ReadingRow,
)
from trials.pages.selection import address, tray
from trials.pages.table_export import safe_cell

LEAST_LARGEST = 0.05


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
    names = _names(result) if result is not None else []
    for key, reading in (_readings(result) if result is not None else {}).items():
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
    study, request, result = frame.study, frame.request, known.result
    context: dict[str, Any] = {
        "computing": _computing(known),
        "compute_url": _compute_url(frame, known),
        "compute_label": "Recompute" if result is not None else "Compute importance",
        "may_edit": frame.may_edit,
        "result": None,
        "empty_text": _empty(study),
        "selection": tray(study, frame.selection, path=request.path, query=request.GET),
        "n_selected": len(frame.selection),
        "selection_url": reverse("trials:select", args=[study.pk]),
        "compare_url": address(reverse("trials:compare", args=[study.pk]), sel=str(frame.selection)),
        "clear_url": address(request.path, request.GET, sel=None),
        "has_trials": study.n_trials > study.n_waiting,
        "metric": study.metric,
    }
    found = {} if result is None else _found(frame, result)
    order = [row.name for row in found.get("rows", ())]
    return context | found | related.context(frame, order=order, pair=found.get("first_pair"))


def _found(frame: Frame, result: Mapping[str, Any]) -> dict[str, Any]:
    request, study = frame.request, frame.study
    found, names = _readings(result), _names(result)
    key = _chosen_reading(request.GET.get("reading", ""), result)
    reading = found[key]
    by = _chosen_by(request.GET.get("by", ""), reading)
    naive = found[readings.FINISHED]
    all_pairs = [pair for pair in _pairs(reading, names) if pair.share.middle >= importance_words.SMALL]
    pairs = _pairs(reading, names) if by == refits.FANOVA else []
    rows = _rows(names, _estimates(reading, by), _estimates(naive, by) if key != readings.FINISHED else [])
    order = [names.index(row.name) for row in rows]
    unseen = reading["unseen"][0] if "unseen" in reading else None
    return {
        "result": result,
        "narrative": importance_words.headline(rows, pairs, by, unseen=unseen)
        if rows and not reading["missing"]
        else [],
        "trust": importance_words.trust(reading, by, key) if not reading["missing"] else None,
        "missing": reading["missing"],
        "by_chips": [
            Chip(title, address(request.path, request.GET, by=code), active=code == by)
            for code, (title, _) in BY.items()
            if code in reading.get("by", {})
        ],
        "by_title": BY[by][0],
        "by_help": f"{BY[by][1]}, {result['refits']} refits; line = {words.percent(result['interval'])} interval",
        "rows": rows,
        "first_pair": (all_pairs[0].one, all_pairs[0].other) if all_pairs else None,
        "shows_finished": key != readings.FINISHED,
        "reading_title": "Finished only" if key == readings.FINISHED else "All trials",
        "reading_help": importance_words.reading_help(key, reading, study.step_unit),
        "finished_help": importance_words.reading_help(readings.FINISHED, naive, study.step_unit),
        "finished_missing": naive["missing"],
        **_matrix(names, order, _pairs(reading, names)),
        "columns": _columns(frame, found, key),
        "reading_rows": _reading_rows(names, order, found, by),
        "agreement": importance_words.agreement_words(result.get("agreement", ()), study.step_unit),
        "constant": ", ".join(result["constant"]),
        "stale": _stale(study, result),
        "json_url": reverse("trials:importance_json", args=[study.pk]),
        "csv_url": reverse("trials:importance_csv", args=[study.pk]),
    }


def _chosen_reading(asked: str, result: Mapping[str, Any]) -> str:
    """Return the reading asked for, else the first that can be read; the finished ones' where nothing was stopped."""
    found, fates = _readings(result), result["fates"]
    if asked in found:
        return asked
    if not fates["stopped"] + fates["broken"]:
        return readings.FINISHED
    return next((key for key in found if not found[key]["missing"]), readings.FINISHED)


def _chosen_by(asked: str, reading: Mapping[str, Any]) -> str:
    known = reading.get("by", {})
    return asked if asked in known else next((by for by in BY if by in known), refits.FANOVA)


def _estimates(reading: Mapping[str, Any], by: str) -> list[Estimate]:
    return [Estimate(*share) for share in reading.get("by", {}).get(by, ())]


def _rows(names: Sequence[str], aware: Sequence[Estimate], naive: Sequence[Estimate]) -> list[ImportanceRow]:
    rows = [
        ImportanceRow(
            name,
            all=aware[place] if aware else None,
            finished=naive[place] if naive else None,
        )
        for place, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: -(row.all.middle if row.all is not None else 0.0))


def _pairs(reading: Mapping[str, Any], names: Sequence[str]) -> list[Interaction]:
    pairs = [Interaction(names[one], names[other], Estimate(*share)) for one, other, *share in reading.get("pairs", ())]
    return sorted(pairs, key=lambda pair: -pair.share.middle)


def _matrix(names: Sequence[str], order: Sequence[int], pairs: Sequence[Interaction]) -> dict[str, Any]:
    """Return one row per paired parameter but the first, in order of importance, with its pairs to those before it."""
    known = {frozenset((pair.one, pair.other)): pair for pair in pairs}
    paired = [names[place] for place in order if any(names[place] in key for key in known)]
    return {
        "first_paired": paired[0] if paired else "",
        "matrix": [
            (name, [known.get(frozenset((name, other))) for other in paired[:place]])
            for place, name in enumerate(paired)
            if place
        ],
        # One small pair alone must not look large.
        "largest_pair": max([LEAST_LARGEST, *(pair.share.middle for pair in pairs)]),
    }


def _columns(frame: Frame, found: Mapping[str, Mapping[str, Any]], key: str) -> list[ReadingColumn]:
    request, unit = frame.request, frame.study.step_unit
    return [
        ReadingColumn(
            title=READINGS[code],
            help=reading["missing"] or importance_words.reading_help(code, reading, unit),
            missing=reading["missing"],
            url=address(request.path, request.GET, reading=code),
            active=code == key,
        )
        for code, reading in found.items()
    ]


def _reading_rows(
    names: Sequence[str], order: Sequence[int], found: Mapping[str, Mapping[str, Any]], by: str
) -> list[ReadingRow]:
    columns = [_estimates(reading, by) for reading in found.values()]
    rows = []
    for place in order:
        cells = [column[place] if column else None for column in columns]
        told = [cell for cell in cells if cell is not None]
        apart = any(one.high + importance_words.SMALL < other.low for one in told for other in told)
        rows.append(ReadingRow(names[place], cells, apart))
    return rows


def _stale(study: Study, result: Mapping[str, Any]) -> str:
    """Say what has happened since; empty if nothing has."""
    if result["as_of"] == study.sequence:
        return ""
    then, now = result["n_ended"], study.n_ended
    if then == now:
        return f"Computed when {words.counted(then, 'trial')} had ended; others have passed looks since."
    return f"Computed when {words.counted(then, 'trial')} had ended; {words.whole(now)} have now."


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


def _readings(result: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the result's readings in their order, which a database that reorders keys does not keep."""
    found: Mapping[str, Mapping[str, Any]] = result["readings"]
    return {key: found[key] for key in readings.KEYS if key in found}


def _names(result: Mapping[str, Any]) -> Sequence[str]:
    names: Sequence[str] = result["names"]
    return names
