"""What was halted: configurations stopped against those that went on, and whether a region was pruned unfairly."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from pruning.halted import counts
from pruning.halted.outcomes import Outcomes
from pruning.halted.regions import Parted, Region, regions_of
from pruning.halting import Halting, halting_shown, version_shown
from pruning.pages import halted_charts
from pruning.pages.halted_notes import notes_of, tested
from pruning.pages.halted_words import where
from trials.models import Study
from trials.pages import words
from trials.pages.access import readable, visible_study
from trials.pages.frame import Frame
from trials.pages.live import json_if_changed, live_for, page, unchanged
from trials.pages.parts import Paragraph, Run
from trials.pages.selection import address
from trials.pages.tray import selection_context
from trials.pages.words import say, strong
from trials.space import Space

FARED = 2.6
"""Deviations by which a region fared better than the rest, to be named: about one in two hundred by chance."""


class StopsRow(NamedTuple):
    """Stops for one reason, or by one rule."""

    kind: str
    name: str
    whose: str
    """As its button says it."""
    stopped: str
    share: float
    """Of all stops."""
    median_step: str
    saved: str
    spared: str
    url: str
    query: str
    """What finds the trials that were stopped for it, or by it."""


class Survivor(NamedTuple):
    """How one group of trials did: quartiles of its values."""

    glyph: str
    who: str
    trials: str
    low: str
    middle: str
    high: str


@require_GET
def halted(request: HttpRequest, study_id: int) -> HttpResponse:
    """Show the page, or its live parts."""
    frame = Frame(request, readable(request, study_id))
    version = version_shown(frame.study)
    if (same := unchanged(request, version)) is not None:
        return same
    ended = frame.study.state == Study.State.ENDED
    return page(request, "pruning/halted", _context(frame, version), version=version, ended=ended)


@require_GET
def halted_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return every figure of the page but the one over two parameters."""
    study = visible_study(request, study_id)
    space = study.plan().space
    return json_if_changed(
        request,
        version_shown(study),
        lambda: halted_charts.payload(study, space, halting_shown(study, space).outcomes),
    )


@require_GET
def halted_grid_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return counts over the two parameters `across` and `down`; others than the study's are replaced by its own."""
    study = visible_study(request, study_id)
    space = study.plan().space
    across, down = _pair(request, space)
    return json_if_changed(
        request,
        f"{version_shown(study)}-{across}-{down}",
        lambda: halted_charts.grid_payload(study, space, halting_shown(study, space).outcomes, across, down),
    )


def _pair(request: HttpRequest, space: Space) -> tuple[str, str]:
    names = [parameter.name for parameter in space]
    across = request.GET.get("across", "")
    across = across if across in names else names[0]
    down = request.GET.get("down", "")
    return across, down if down in names else next((name for name in names if name != across), across)


def _context(frame: Frame, version: str) -> dict[str, Any]:
    study, space = frame.study, frame.plan.space
    found = halting_shown(study, space)
    outcomes = found.outcomes
    across, down = _pair(frame.request, space)
    grid_url = reverse("pruning:halted_grid_json", args=[study.pk])
    n_stopped = int(outcomes.stopped.sum())
    return {
        **frame.context("halted"),
        "live": live_for(frame.request, study, version),
        "narrative": narrative_of(space, outcomes),
        "notes": notes_of(study, space, found),
        "n_stopped": n_stopped,
        "n_ended": n_stopped + int(outcomes.finished.sum()),
        "charts_url": reverse("pruning:halted_json", args=[study.pk]),
        "grid_url": address(grid_url, None, across=across, down=down),
        "parameters": [parameter.name for parameter in space],
        "across": across,
        "down": down,
        "has_pair": len(space) > 1,
        "reasons": reasons_of(study, found),
        "rules": rules_of(study, found),
        "survivors": survivors_of(found),
        "report_url": reverse("pruning:study_report", args=[study.pk]),
        "unit": study.step_unit,
        "metric": study.metric,
        "tested": tested(found),
        **selection_context(frame),
    }


def narrative_of(space: Space, outcomes: Outcomes) -> list[Paragraph]:
    """Say how many were stopped, and where the fewest."""
    stopped, finished = int(outcomes.stopped.sum()), int(outcomes.finished.sum())
    if not stopped + finished:
        return [
            say(strong("No trial has ended yet."), " What is stopped, and where, appears here with the first ones.")
        ]
    if not stopped:
        return [say(strong(f"None of {finished:,} ended trials was stopped"), " by a rule.")]
    runs: list[str | Run] = [strong(f"{stopped:,} of {stopped + finished:,}"), " ended trials were stopped."]
    if (best := _fared_best(outcomes)) is not None:
        region, parted = best
        runs += [
            f" Those with {where(space, region)} fared best: ",
            strong(f"{parted.stopped_inside:,} of {parted.inside:,}"),
            " stopped there, ",
            strong(f"{parted.stopped_outside:,} of {parted.outside:,}"),
            " elsewhere.",
        ]
    return [say(*runs)]


def _fared_best(outcomes: Outcomes) -> tuple[Region, Parted] | None:
    """Return the region of which the smallest share was stopped, beyond chance, and how it parts the trials."""
    stopped, ended = outcomes.stopped, outcomes.stopped | outcomes.finished
    best, lowest = None, -FARED
    for region in regions_of(outcomes):
        parted = Parted.of(stopped, ended, region.holds(outcomes.places[region.name]))
        if parted.harder_by < lowest:
            best, lowest = (region, parted), parted.harder_by
    return best


def reasons_of(study: Study, found: Halting) -> list[StopsRow]:
    """Return stops by reason."""
    rows = counts.reasons(found.outcomes, horizon=study.horizon, spared_for=found.spared_for)
    return [_stops_row(study, found, row, "reason") for row in rows]


def rules_of(study: Study, found: Halting) -> list[StopsRow]:
    """Return stops by the rule that gave the verdict."""
    rows = counts.rules(found.outcomes, horizon=study.horizon, stopped_by=found.stopped_by, spared_by=found.spared_by)
    return [_stops_row(study, found, row, "halted_by") for row in rows]


def _stops_row(study: Study, found: Halting, row: counts.Stops, field: str) -> StopsRow:
    name = words.code_words(row.name) if row.name else "not told"
    query = f"{field} = {row.name or 'none'} and {halted_charts.STOPPED}"
    return StopsRow(
        kind=row.kind,
        name=name,
        whose=f"the rule {name}" if field == "halted_by" else name,
        stopped=words.whole(row.stopped),
        share=row.stopped / int(found.outcomes.stopped.sum()),
        median_step=words.whole(row.median_step),
        saved=words.whole(row.steps_saved),
        spared=words.whole(row.spared) if row.spared else words.NOT_TOLD,
        url=address(reverse("trials:trials_table", args=[study.pk]), None, q=query),
        query=query,
    )


WHO = {"finished": "finished", "control": "spared, then finished", "stopped": "stopped: best seen"}


def survivors_of(found: Halting) -> list[Survivor]:
    """Return how those that finished, were spared and were stopped did."""
    rows = []
    for who, n, quartiles in counts.survivors(found.outcomes, found.values):
        if n:
            low, middle, high = (words.number(one) for one in quartiles) if quartiles else (words.NOT_TOLD,) * 3
            rows.append(Survivor("speed" if who == "stopped" else who, WHO[who], words.whole(n), low, middle, high))
    return rows
