"""One study at a glance: the narrative, progress, every curve, reasons, what runs now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from trials import head
from trials.budgets import slot_hours
from trials.charts.picture import LINES_UP_TO
from trials.facts import ControlArm, Cut, Ruling, provider
from trials.models import Job, Study, Trial
from trials.pages import live, narrative, rollups, words
from trials.pages.access import readable
from trials.pages.frame import Frame
from trials.pages.parts import Budget, CurveRow, Reason, Run, RunningRow, Spared, Track, WrongStops
from trials.pages.rollups import Group
from trials.pages.selection import address
from trials.plan import Plan

MOST_RUNNING = 40
# Fewer say little about what a trial takes.
LEAST_ENDED = 3
TABLE_ROWS = 100


@require_GET
def overview(request: HttpRequest, study_id: int) -> HttpResponse:
    """Show one study."""
    access = readable(request, study_id)
    version = head.live_version(access.study)
    if unchanged := live.unchanged(request, version):
        return unchanged
    frame = Frame(request, access)
    context = {**frame.context("overview"), **_context(frame)}
    ended = access.study.state == Study.State.ENDED
    return live.page(request, "trials/overview", context, version=version, ended=ended)


def _context(frame: Frame) -> dict[str, Any]:
    study, plan = frame.study, frame.plan
    told = told_of(study, plan, frame.preparing)
    groups, arm, planned = told.groups, told.arm, told.planned
    ended = study.state == Study.State.ENDED
    waiting = planned - study.n_trials + study.n_waiting
    return {
        "narrative": [
            *narrative.of_study(told),
            *([Run(said, glyph="warn")] for said in provider().unlike_others(study)),
        ],
        "done": words.whole(study.n_trials - study.n_waiting),
        "planned": words.whole(planned),
        "waiting": "" if ended or not waiting else f"{waiting:,} waiting",
        "shares": rollups.shares(groups, planned=0 if ended else planned),
        "budgets": _budgets(frame, planned),
        "curves_url": reverse("trials:curves_json", args=[study.pk]),
        # More lines than a picture can tell apart are a density, the same that the page of curves begins with.
        "crowded": study.n_trials - study.n_waiting > LINES_UP_TO,
        "density_url": reverse("trials:curves_view_json", args=[study.pk]),
        "all_curves_url": address(reverse("trials:curves", args=[study.pk]), sel=str(frame.selection) or None),
        "cuts_url": reverse("trials:trial_cuts_json", args=[study.pk, 0]),
        "trials_url": reverse("trials:trials_table", args=[study.pk]),
        "best_url": reverse("trials:best_json", args=[study.pk]),
        "metric": study.metric,
        "reasons": _reasons(groups),
        "control": WrongStops(arm.wrong, arm.judged, arm.low, arm.high) if arm is not None and arm.judged else None,
        "best_k": arm.k if arm is not None else 0,
        "control_notes": narrative.control_notes(arm, rollups.stopped(groups)),
        "no_evidence": no_evidence(arm),
        "spared": _spared(study, arm),
        "n_spared": words.counted(arm.finished, "spared trial") if arm is not None else "",
        "spared_left_out": arm is not None and arm.finished > len(arm.spared),
        "best_value": study.best_value,
        "running": _running(frame),
        "running_note": _running_note(study),
        "running_empty": _nothing_runs(study),
        "table": _table(study),
        "waiting_for": provider().waiting_for(study),
    }


def told_of(study: Study, plan: Plan, preparing: Job | None = None) -> narrative.Told:
    """Return what the narrative of a study is made from."""
    named = {trial.number: trial for trial in study.trials.filter(number__in=(0, study.best_number or 0))}
    defaults = named.get(0)
    return narrative.Told(
        study=study,
        planned=max(plan.budget.trials, study.n_trials),
        best=None if study.best_number is None else named.get(study.best_number),
        defaults=defaults if defaults is not None and defaults.origin == Trial.Origin.DEFAULTS else None,
        groups=rollups.endings([study]).get(study.pk, ()),
        arm=provider().control_arms([study]).get(study.pk),
        pooled=provider().pooled_arm(study),
        preparing=preparing,
        evaluations=list(study.evaluations.order_by("id")),
    )


def _budgets(frame: Frame, planned: int) -> list[Budget]:
    study, limits = frame.study, frame.plan.budget
    without = study.steps_trained + study.steps_saved
    share = rollups.saved_share(study)
    unit = study.step_unit.capitalize()
    budgets = [
        Budget(
            label=f"{unit} trained",
            value=words.whole(study.steps_trained),
            limit="of those planned" if share is not None else "",
            share=None if share is None else 1 - share,
            help=f"Without stopping, these trials would have needed {without:,}." if study.steps_saved else "",
        )
    ]
    hours = slot_hours(study, at=timezone.now())
    budgets.append(
        Budget(
            label="Slot hours",
            value=f"{hours:.1f}" if hours >= 0.95 else f"{hours:.2f}",
            limit=f"budget {limits.slot_hours:g}" if limits.slot_hours else "no limit",
            share=min(1.0, hours / limits.slot_hours) if limits.slot_hours else None,
            help=_time_left(study, planned, hours),
        )
    )
    if limits.wall_hours and study.started_at:
        wall = words.span(study.started_at, study.ended_at, timezone.now()).total_seconds() / 3600
        spent = min(1.0, wall / limits.wall_hours)
        budgets.append(Budget("Hours since the start", f"{wall:.1f}", f"budget {limits.wall_hours:g}", spent))
    return budgets


def _time_left(study: Study, planned: int, hours: float) -> str:
    """Estimate the time left from what a trial took on average, stopped ones included, on the slots in use now."""
    if study.state == Study.State.ENDED or study.ending_code:
        return ""
    left = planned - study.n_ended - study.n_paused
    if left <= 0:
        return ""
    if study.n_ended < LEAST_ENDED:
        return f"An estimate of the time left needs three ended trials; {study.n_ended or 'none'} so far."
    if not study.n_running:
        return f"{words.counted(left, 'trial')} left; how long they take depends on when a slot is free."
    # Those that run count as half done.
    each = hours * 3600 / (study.n_ended + study.n_paused + 0.5 * study.n_running)
    seconds = max(0.0, each * (left - 0.5 * study.n_running) / study.n_running)
    done_at = timezone.now() + timedelta(seconds=seconds)
    about = words.duration(round(seconds / 60) * 60) if seconds >= 90 else "a minute"
    basis = f"{words.counted(left, 'trial')} left at {words.duration(each)} each, the mean of {study.n_ended:,} ended"
    when = f"{done_at:%H:%M}" if seconds < 12 * 3600 else f"{done_at.day} {done_at:%b %H:%M}"
    return f"About {about} left on {words.counted(study.n_running, 'slot')}, done near {when}: {basis}."


def _reasons(groups: Sequence[Group]) -> list[Reason]:
    """Return why rules stopped or finished trials, the commonest first."""
    counts: dict[tuple[str, str], int] = {}
    for group in groups:
        if group.motive and group.state != Trial.State.PAUSED:
            key = (group.code, group.motive)
            counts[key] = counts.get(key, 0) + group.n
    most = max(counts.values(), default=1)
    return [
        Reason(words.code_words(code), motive, n, n / most, provider().reason_words(code))
        for (code, motive), n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _spared(study: Study, arm: ControlArm | None) -> list[Spared]:
    return [
        Spared(number, reverse("trials:trial", args=[study.pk, number]), value)
        for number, value in (arm.spared if arm is not None else ())
    ]


def no_evidence(arm: ControlArm | None) -> str:
    """Say why nothing can be said of the stops; empty if something can."""
    if arm is None or not arm.met:
        return narrative.NO_EVIDENCE
    if not arm.judged:
        return f"Unknown yet: none of {words.counted(arm.met, 'spared trial')} can be judged."
    return ""


def _running(frame: Frame) -> list[RunningRow]:
    study = frame.study
    trials = list(study.trials.running().order_by("number")[:MOST_RUNNING])
    numbers = [trial.number for trial in trials]
    rulings, spared = provider().last_rulings(study, numbers), provider().spared_numbers(study, numbers)
    cuts = {cut.step: cut for cut in provider().cuts(study)}
    return [_running_row(frame, trial, rulings.get(trial.number), cuts, trial.number in spared) for trial in trials]


def _running_row(
    frame: Frame, trial: Trial, ruling: Ruling | None, cuts: Mapping[int, Cut], spared: bool
) -> RunningRow:
    study, step = frame.study, trial.last_step or 0
    ranked = ruling is not None and ruling.rank is not None and ruling.of is not None
    return RunningRow(
        number=trial.number,
        url=reverse("trials:trial", args=[study.pk, trial.number]),
        track=Track(step, study.horizon, frame.looks),
        step=words.whole(step),
        horizon=words.whole(study.horizon),
        value=words.number(trial.last),
        rank=f"{ruling.rank} of {ruling.of}" if ruling is not None and ranked else "not ranked yet",
        next=next_words(frame.looks, step, cuts, ruling, spared=spared, pinned=trial.pinned, halting=trial.halt_code),
        glyph="control" if spared else "",
    )


def next_words(
    looks: Sequence[int],
    step: int,
    cuts: Mapping[int, Cut],
    ruling: Ruling | None,
    *,
    spared: bool,
    pinned: bool = False,
    halting: str = "",
) -> str:
    """Say what comes next for a running trial."""
    if halting:
        return "Asked to stop; ends at its next report"
    if spared:
        where = f" at step {ruling.step:,}" if ruling is not None and ruling.is_spared else ""
        return f"Spared{where}, trains to the end"
    coming = next((look for look in looks if look > step), None)
    if coming is None:
        return "Past the last look, trains to the end" if looks else "No looks in this policy, trains to the end"
    if pinned:
        return f"Pinned; next look at step {coming:,}"
    cut = cuts.get(coming)
    return f"Next look at step {coming:,}; " + (
        f"the cut there was {words.number(cut.value)}" if cut is not None else "no cut there yet"
    )


def _running_note(study: Study) -> str:
    if not study.n_running:
        return ""
    more = f"; the first {MOST_RUNNING} are shown" if study.n_running > MOST_RUNNING else ""
    return f"{words.counted(study.n_running, 'slot')}; rank is the one at the last look{more}"


def _nothing_runs(study: Study) -> str:
    if study.state == Study.State.ENDED:
        return "The study has ended."
    return "Trials that wait start as soon as a slot is free."


def _table(study: Study) -> list[CurveRow]:
    """Return the newest trials as the table behind the chart."""
    trials = list(study.trials.filter(last_step__isnull=False).order_by("-number")[:TABLE_ROWS])
    spared = provider().spared_numbers(study, [trial.number for trial in trials])
    return [_curve_row(study, trial, trial.number in spared) for trial in trials]


def _curve_row(study: Study, trial: Trial, spared: bool) -> CurveRow:
    return CurveRow(
        number=trial.number,
        url=reverse("trials:trial", args=[study.pk, trial.number]),
        kind=words.kind_of(trial.state, trial.ending_motive, spared=spared),
        ending=words.ending_of(trial.state, trial.ending_code, spared=spared),
        step=words.whole(trial.ending_step if trial.ending_step is not None else trial.last_step or 0),
        value=words.number(trial.last),
        sentence=trial.ending_sentence,
    )
