"""What a study cost: slots and their attempts, hours spent and saved, budget and forecast."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from trials.charts import resources as chart
from trials.models import Study
from trials.pages import words
from trials.pages.access import readable, visible_study
from trials.pages.frame import Frame
from trials.pages.live import json_if_changed, live_for, page, unchanged
from trials.pages.parts import Fact, Paragraph
from trials.pages.table_export import safe_cell
from trials.pages.words import say, strong
from trials.resources.attempts import LOST, Attempts
from trials.resources.forecast import Forecast, forecast
from trials.resources.gathered import Gathered, gathered_of, version_of
from trials.resources.gathering import Used, attempts_of
from trials.resources.over_time import Trials

KIND_WORDS: Mapping[str, str] = {
    "finished": "finished",
    "control": "finished, control arm",
    "speed": "stopped, speed",
    "risk": "stopped, risk",
    "generalisation": "stopped, generalisation",
    "stopped": "stopped, not judged",
    "paused": "ended in a pause",
    "running": "running",
    "failed": "failed",
    "lost": "ended with its worker, or crashed",
    "released": "given back by its worker",
}
GLYPHS = {"lost": "failed", "released": "waiting"}


class HoursRow(NamedTuple):
    """Attempts that ended in one way, and the slot hours they took."""

    kind: str
    glyph: str
    words: str
    attempts: int
    hours: str
    share: float


@require_GET
def resources(request: HttpRequest, study_id: int) -> HttpResponse:
    """Show the page, or its live parts."""
    frame = Frame(request, readable(request, study_id))
    version = version_of(frame.study)
    if (same := unchanged(request, version)) is not None:
        return same
    ended = frame.study.state == Study.State.ENDED
    return page(request, "trials/resources", _context(frame, version), version=version, ended=ended)


@require_GET
def timeline_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return the bars of a window of time: `from` and `to`, seconds since the epoch."""
    study = visible_study(request, study_id)
    version, window = version_of(study), _window(request)
    return json_if_changed(
        request, f"{version}-{window}", lambda: chart.timeline(study, gathered_of(study, version), window, version)
    )


@require_GET
def over_time_json(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return trials by state and slot hours over the study's life."""
    study = visible_study(request, study_id)
    version = version_of(study)
    return json_if_changed(request, version, lambda: chart.over_time(study, gathered_of(study, version), version))


@require_GET
def attempts_csv(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return every attempt as a row: where, when, how it ended."""
    study = visible_study(request, study_id)
    attempts = attempts_of(study)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["trial", "attempt", "host", "slot", "started_at", "ended_at", "seconds", "ending", "resumed"])
    for index in range(len(attempts)):
        running = attempts.kind[index] == "running"
        rows.writerow(
            [
                int(attempts.trial[index]),
                int(attempts.number[index]),
                safe_cell(attempts.place[index].host),
                attempts.place[index].slot,
                _iso(attempts.start[index]),
                "" if running else _iso(attempts.end[index]),
                f"{attempts.seconds[index]:.1f}",
                attempts.code[index] or attempts.kind[index],
                bool(attempts.resumed[index]),
            ]
        )
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="study-{study.pk}-attempts.csv"'
    return response


def _window(request: HttpRequest) -> tuple[float, float] | None:
    """Return the window asked for; None if none was, or what was asked makes no sense."""
    try:
        low, high = float(request.GET["from"]), float(request.GET["to"])
    except (KeyError, ValueError):
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _context(frame: Frame, version: str) -> dict[str, Any]:
    study = frame.study
    found = gathered_of(study, version)
    remaining = (
        0 if study.state == Study.State.ENDED else max(frame.plan.budget.trials, study.n_trials) - _n_ended(study)
    )
    coming = forecast(found.ended_hours, spent=found.spent, remaining=remaining)
    urls = {name: reverse(f"trials:{name}", args=[study.pk]) for name in ("timeline_json", "over_time_json")}
    return {
        **frame.context("resources"),
        "live": live_for(frame.request, study, version),
        "narrative": _narrative(frame, found, coming),
        "facts": _facts(frame, found.used, found.spent, coming),
        "hours": _hours(found),
        "total_hours": _time(found.spent + found.idle),
        "timeline_url": urls["timeline_json"],
        "over_time_url": urls["over_time_json"],
        "attempts_csv": reverse("trials:attempts_csv", args=[study.pk]),
        "n_attempts": len(found.attempts),
    }


def _n_ended(study: Study) -> int:
    return study.n_complete + study.n_pruned + study.n_failed


def _narrative(frame: Frame, found: Gathered, coming: Forecast | None) -> list[Paragraph]:
    study, spent, idle, n_lanes = frame.study, found.spent, found.idle, len(found.lanes[0])
    if not len(found.attempts):
        return [say(strong("Nothing has run yet."), " The first attempt appears here when a worker takes a trial.")]
    busy = words.percent(spent / (spent + idle)) if spent + idle else words.percent(1.0)
    limit = frame.plan.budget.slot_hours
    of = f", of the {limit:g} h you allow" if limit else ""
    verb = "were" if study.state == Study.State.ENDED else "have been"
    first = say(
        strong(f"{words.counted(n_lanes, 'slot')} {verb} busy {busy} of the time: {_time(spent)} of slot time"),
        f"{of}.{_expected(study, spent, coming, n_lanes)}",
    )
    return [first, *_losses(found.attempts), *_untrained(found.trials)]


def _expected(study: Study, spent: float, coming: Forecast | None, n_lanes: int) -> str:
    """Return what the study will have cost in the end, and when that will be."""
    if study.state == Study.State.ENDED or coming is None or coming.mean - spent < 1e-3:
        return ""
    done = timezone.localtime(timezone.now() + timedelta(hours=(coming.mean - spent) / max(n_lanes, 1)))
    return f" Expect {_time(coming.low)} to {_time(coming.high)} in all, done near {done:%d %b %H:%M}."


def _losses(attempts: Attempts) -> list[Paragraph]:
    lost = [index for index, kind in enumerate(attempts.kind) if kind == LOST]
    if not lost:
        return []
    took = float(attempts.seconds[lost].sum())
    trials = len(set(attempts.trial[lost].tolist()))
    were = f"{words.counted(len(lost), 'attempt')} of {words.counted(trials, 'trial')}"
    return [
        say(
            f"{were} {'was' if len(lost) == 1 else 'were'} lost with a worker or a crash, "
            f"after {words.duration(took)} in all; what its last checkpoint did not hold was trained again."
        )
    ]


def _untrained(trials: Trials) -> list[Paragraph]:
    hours = dict.fromkeys(("stopped", "finished early", "paused"), 0.0)
    for by, seconds in zip(trials.saved_by, trials.saved.tolist(), strict=True):
        if by:
            hours[by] += seconds / 3600
    total = sum(hours.values())
    if total <= 0:
        return []
    held = hours["paused"]
    n_paused = sum(by == "paused" for by in trials.saved_by)
    rest = (
        f" {_time(held)} of them are only held back: {words.counted(n_paused, 'paused trial')} may still resume."
        if held > 0
        else ""
    )
    return [
        say("Pruning left ", strong(f"{_time(total)} of slot time"), f" untrained, at each trial's own pace.{rest}")
    ]


def _facts(frame: Frame, used: Used, spent: float, coming: Forecast | None) -> list[Fact]:
    study, limit = frame.study, frame.plan.budget.slot_hours
    expected = f"Forecast {_time(coming.low)} to {_time(coming.high)} (90 %)." if coming and coming.high > spent else ""
    gpu = f"{_time(used.device_seconds / 3600)}" if used.device_seconds is not None else "not measured"
    return [
        Fact("Slot time", _time(spent), f"of {limit:g} h" if limit else "no limit", expected),
        Fact("CPU time", _time(used.cpu_seconds / 3600) if used.cpu_seconds is not None else "not measured"),
        Fact(
            "GPU time", gpu, "", "" if used.device_seconds is not None else "No attempt ran on a GPU that was metered."
        ),
        Fact(
            "Peak memory",
            words.size(used.peak_memory_bytes),
            "",
            f"On a GPU {words.size(used.device_peak_memory_bytes)}."
            if used.device_peak_memory_bytes is not None
            else "",
        ),
        Fact("Energy", _energy(used), "", _energy_note(used)),
        Fact("Queue", words.whole(study.n_waiting), "waiting", words.counted(study.n_paused, "paused trial") + "."),
    ]


def _energy(used: Used) -> str:
    if used.energy_joules is None:
        return "not measured"
    return f"{used.energy_joules / 3.6e6:.3g} kWh"


def _energy_note(used: Used) -> str:
    if used.energy_joules is None:
        return "No power meter was found on the hosts."
    return f"Measured for {words.counted(used.n_measured, 'attempt')}."


def _hours(found: Gathered) -> Sequence[HoursRow]:
    idle = found.idle
    total = sum(hours for *_, hours in found.by_kind) + idle
    rows = [
        HoursRow(
            kind,
            GLYPHS.get(kind, kind),
            KIND_WORDS.get(kind, kind),
            n,
            _time(hours),
            hours / total if total else 0,
        )
        for kind, n, hours in found.by_kind
    ]
    if idle > 0:
        rows.append(HoursRow("idle", "", "idle between attempts", 0, _time(idle), idle / total))
    return rows


def _time(hours: float) -> str:
    """Return slot time: hours, or the two largest units of what is shorter."""
    if hours >= 9.95:
        return f"{hours:,.1f} h"
    return f"{hours:.2f} h" if hours >= 1 else words.duration(hours * 3600)
