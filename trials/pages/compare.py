"""Two to twelve trials side by side, beginning with how each ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from trials import series
from trials.charts import trial as trial_chart
from trials.facts import Ruling, provider
from trials.models import Attempt, Trial
from trials.pages import curve_choices, ranges, words
from trials.pages.access import readable
from trials.pages.chart_data import chosen
from trials.pages.curve_view import CurveView
from trials.pages.environments import differences
from trials.pages.frame import Frame
from trials.pages.parts import Cell, Compared, CompareRow, ParamCell, ParamRow, RankBar, Sign, Track
from trials.pages.selection import Selection, address
from trials.pages.trial_words import standing
from trials.series.codec import SeriesKey, Steps, Values

MOST_SIGNS = 64
Told = Mapping[int, Mapping[SeriesKey, tuple[Steps, Values]]]


@require_GET
def compare(request: HttpRequest, study_id: int) -> HttpResponse:
    """Show the selected trials side by side."""
    frame = Frame(request, readable(request, study_id))
    trials = chosen(frame.study, frame.selection)
    frame.selection = Selection(tuple(trial.number for trial in trials))
    context = {**frame.context("compare"), "live": None, "trials_url": _trials_url(frame), **_context(frame, trials)}
    return render(request, "trials/compare.html", context)


def _context(frame: Frame, trials: Sequence[Trial]) -> dict[str, Any]:
    if not trials:
        return {"columns": []}
    request, study = frame.request, frame.study
    told = series.read_all([trial.pk for trial in trials])
    differences_only = request.GET.get("params") != "all"
    params = _params(frame, trials)
    step, along = _step(request, trials), CurveView.of(request.GET).along
    data_url = reverse("trials:compare_json", args=[study.pk])
    return {
        "columns": _columns(frame, trials),
        "params": [row for row in params if row.differs or not differences_only],
        "params_note": _params_note(params),
        "differences": differences_only,
        "differences_url": address(request.path, request.GET, params=None),
        "all_url": address(request.path, request.GET, params="all"),
        "data_url": data_url,
        "curves_url": address(data_url, sel=str(frame.selection), x=None if along == "step" else along),
        "axis": curve_choices.axis(frame, along, timed=bool(series.read_seconds(trial.pk for trial in trials))),
        "metrics": _metrics(study.metric, trials, told, step),
        "at_step": words.whole(step),
        "asked_step": step if "step" in request.GET else None,
        "resources": _resources(trials),
        "environment": _environment(trials),
    }


def _trials_url(frame: Frame) -> str:
    return address(reverse("trials:trials_table", args=[frame.study.pk]), sel=str(frame.selection) or None)


def _step(request: HttpRequest, trials: Sequence[Trial]) -> int:
    """Return the equal budget: what the address asks for, else the last step that all of them reached."""
    asked = request.GET.get("step", "")
    if asked.isdecimal() and len(asked) < 12:
        return int(asked)
    return min((trial.last_step for trial in trials if trial.last_step is not None), default=0)


def _columns(frame: Frame, trials: Sequence[Trial]) -> list[Compared]:
    numbers = [trial.number for trial in trials]
    rulings = provider().last_rulings(frame.study, numbers)
    all_of_them = provider().rulings_of(frame.study, numbers)
    spared = provider().spared_numbers(frame.study, numbers)
    return [
        _column(frame, trial, rulings.get(trial.number), trial.number in spared, all_of_them.get(trial.number, ()))
        for trial in trials
    ]


def _column(frame: Frame, trial: Trial, ruling: Ruling | None, spared: bool, every: Sequence[Ruling]) -> Compared:
    request, selection, study = frame.request, frame.selection, frame.study
    step = trial.ending_step if trial.ending_step is not None else trial.last_step or 0
    letter = selection.letter(trial.number)
    return Compared(
        letter=letter,
        number=trial.number,
        url=trial.get_absolute_url(),
        kind=words.kind_of(trial.state, trial.ending_motive, spared=spared),
        ending=words.ending_of(trial.state, trial.ending_code, spared=spared and trial.has_ended),
        sentence=ruling.sentence if ruling is not None and ruling.is_spared else standing(trial),
        steps=words.whole(step),
        horizon=words.whole(study.horizon),
        track=Track(step, study.horizon, frame.looks, words.kind_of(trial.state, trial.ending_motive), letter),
        stopped=trial.state == Trial.State.PRUNED,
        is_base=selection.numbers[0] == trial.number,
        base_url=address(request.path, request.GET, sel=str(selection.based_on(trial.number))),
        remove_url=address(request.path, request.GET, sel=str(selection.without(trial.number)) or None),
        ended_at=step if trial.has_ended or trial.state == Trial.State.PAUSED else None,
        timeline=[_sign(one, study.minimises) for one in every[-MOST_SIGNS:]],
        **_against_cut(ruling, study.minimises),
    )


def _sign(ruling: Ruling, minimises: bool) -> Sign:
    """Return one verdict as the timeline shows it."""
    kind = trial_chart.verb(ruling)
    against = _against_cut(ruling, minimises)
    ranked = ruling.rank is not None and ruling.of is not None
    return Sign(
        step=ruling.step,
        kind=kind,
        said="spared" if ruling.is_spared else words.code_words(ruling.reason or ruling.action.lower()),
        sentence=ruling.sentence,
        url=ruling.url,
        rank=f"{ruling.rank} of {ruling.of}" if ranked else "",
        quota=f"{ruling.quota} go on" if ranked and ruling.quota is not None else "",
        **{name: against[name] for name in ("value", "cut", "margin", "inside") if name in against},
    )


def _against_cut(ruling: Ruling | None, minimises: bool) -> dict[str, Any]:
    """Return value against cut and rank against quota at the trial's last look."""
    if ruling is None:
        return {}
    found: dict[str, Any] = {}
    if ruling.rank is not None and ruling.of is not None:
        found["rank"] = RankBar(ruling.rank, ruling.of, ruling.quota)
    if ruling.value is not None and ruling.cut is not None:
        over = ruling.value - ruling.cut
        inside = over <= 0 if minimises else over >= 0
        found |= {
            "value": words.number(ruling.value),
            "cut": words.number(ruling.cut),
            "margin": f"{words.difference(over)} {'inside' if inside else 'too high' if minimises else 'too low'}",
            "inside": inside,
            "look": f"at step {ruling.step:,}",
        }
    return found


def _params(frame: Frame, trials: Sequence[Trial]) -> list[ParamRow]:
    configurations: list[Mapping[str, object]] = [trial.params for trial in trials]
    names = [*frame.plan.space.names]
    names += sorted({name for one in configurations for name in one if name not in names})
    return [_param_row(frame, name, configurations) for name in names]


def _param_row(frame: Frame, name: str, configurations: list[Mapping[str, object]]) -> ParamRow:
    base = configurations[0].get(name)
    cells = [_param_cell(frame, name, one, base, is_base=one is configurations[0]) for one in configurations]
    return ParamRow(name, cells, differs=ranges.differing(configurations, name))


def _param_cell(
    frame: Frame, name: str, configuration: Mapping[str, object], base: object, *, is_base: bool
) -> ParamCell:
    if name not in configuration:
        return ParamCell(words.NOT_TOLD)
    space, value = frame.plan.space, configuration[name]
    factor, strong = ("", False) if is_base else ranges.factor_words(value, base)
    where = ranges.place(space[name], value) if name in space else None
    return ParamCell(ranges.text(space, name, value), where, factor, strong)


def _params_note(params: Sequence[ParamRow]) -> str:
    n = sum(row.differs for row in params)
    opening = f"{n} of {words.counted(len(params), 'parameter')} {'differs' if n == 1 else 'differ'}."
    return f"{opening} Factors are against the base, bold from 100 up." if n else "All parameters are the same."


def _metrics(objective: str, trials: Sequence[Trial], told: Told, step: int) -> list[CompareRow]:
    """Return every unlabelled metric as of the equal budget, with its difference from the base."""
    names = {metric for found in told.values() for metric, labels in found if labels == "{}"}
    ordered = sorted(names, key=lambda metric: (metric != objective, metric))
    return [_metric_row(metric, trials, told, step) for metric in ordered]


def _metric_row(metric: str, trials: Sequence[Trial], told: Told, step: int) -> CompareRow:
    values = [_as_of(told.get(trial.pk, {}).get((metric, "{}")), step) for trial in trials]
    base = values[0]
    cells = [
        Cell(words.number(value), "" if place == 0 or value is None or base is None else words.difference(value - base))
        for place, value in enumerate(values)
    ]
    return CompareRow(metric, cells)


def _as_of(curve: tuple[Steps, Values] | None, step: int) -> float | None:
    """Return the value last told at or before a step."""
    if curve is None:
        return None
    place = int(np.searchsorted(curve[0], step, side="right"))
    return float(curve[1][place - 1]) if place else None


def _resources(trials: Sequence[Trial]) -> list[CompareRow]:
    usage: dict[int, list[Any]] = {trial.pk: [] for trial in trials}
    for attempt in Attempt.objects.filter(trial__in=trials, usage__isnull=False).select_related("usage"):
        usage[attempt.trial_id].append(attempt.usage)

    def row(label: str, cells: Sequence[str]) -> CompareRow:
        return CompareRow(label, [Cell(text) for text in cells])

    def total(pk: int, field: str) -> float | None:
        found = [getattr(one, field) for one in usage[pk] if getattr(one, field) is not None]
        return sum(found) if found else None

    def seconds(value: float | None) -> str:
        return "not measured" if value is None else words.duration(value)

    peaks = [[one.peak_memory_bytes for one in usage[trial.pk] if one.peak_memory_bytes] for trial in trials]
    return [
        row("Slot time", [words.duration(trial.slot_seconds) for trial in trials]),
        row("CPU time", [seconds(total(trial.pk, "cpu_seconds")) for trial in trials]),
        row("Peak memory", [words.size(max(found, default=None)) for found in peaks]),
        *(row(label, texts) for label, texts in _of_devices(trials, usage, total) if set(texts) != {"not measured"}),
        row("Attempts", [str(trial.n_attempts) for trial in trials]),
    ]


def _of_devices(
    trials: Sequence[Trial], usage: Mapping[int, Sequence[Any]], total: Callable[[int, str], float | None]
) -> list[tuple[str, list[str]]]:
    """Return what devices and meters told; a row that nobody measured is left out by the caller."""
    device = [total(trial.pk, "device_seconds") for trial in trials]
    energy = [total(trial.pk, "energy_joules") for trial in trials]
    peaks = [max((one.device_peak_memory_bytes or 0 for one in usage[trial.pk]), default=0) for trial in trials]
    unknown = "not measured"
    return [
        ("Device time", [unknown if value is None else words.duration(value) for value in device]),
        ("Device memory", [words.size(peak) if peak else unknown for peak in peaks]),
        ("Energy", [unknown if value is None else f"{value / 3600:,.1f} Wh" for value in energy]),
    ]


def _environment(trials: Sequence[Trial]) -> list[CompareRow]:
    """Return the facts about where they ran that are not the same for all."""
    newest: dict[int, Mapping[str, object]] = {}
    attempts = Attempt.objects.filter(trial__in=trials, environment__isnull=False).order_by("number")
    for trial_id, facts in attempts.values_list("trial_id", "environment__facts"):
        newest[trial_id] = facts
    rows = differences([newest.get(trial.pk) for trial in trials])
    return [CompareRow(label, [Cell(text) for text in texts]) for label, texts in rows]
