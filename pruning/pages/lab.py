"""The lab: backtests that were asked for, and one of them with its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from pruning.backtest.cells import FIGURES
from pruning.lab import sources
from pruning.lab.figures import figures_of
from pruning.models import Backtest
from pruning.pages import lab_stops, lab_table, lab_words
from pruning.pages.lab_access import Chosen, visible_backtest
from pruning.pages.lab_parts import BacktestRow, Option
from pruning.pages.lab_words import title_of
from trials.models import Job, Project
from trials.pages import live
from trials.pages.parts import Action, Badge, Crumb, Live
from trials.pages.selection import address
from trials.pages.words import counted, duration, whole

PAGE = 50
S = Job.State
STATES: Mapping[str, tuple[str, str]] = {
    S.WAITING: ("waiting", "Waiting for a worker"),
    S.RUNNING: ("running", "Playing"),
    S.DONE: ("finished", "Played"),
    S.FAILED: ("failed", "Failed"),
}


@require_GET
def lab(request: HttpRequest) -> HttpResponse:
    """List the backtests that the person may see, newest first."""
    before = request.GET.get("before", "")
    found = Backtest.objects.visible_to(request.user).defer("job__result")
    found = found.select_related("project", "job", "created_by").annotate(n_studies=Count("studies")).order_by("-pk")
    if before.isdecimal() and len(before) < 10:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PAGE + 1])
    may_start = Project.objects.editable_by(request.user).exists()
    something = sources.finished_for(request.user).exists() or any(one.families for one in sources.registered())
    context = {
        "crumbs": [Crumb("Lab")],
        "rows": [_row(backtest) for backtest in rows[:PAGE]],
        "older_url": address(request.path, request.GET, before=rows[PAGE - 1].pk) if len(rows) > PAGE else "",
        "actions": [Action("New replay", reverse("pruning:backtest_new"), primary=True)]
        if may_start and something
        else [],
        "may_start": may_start,
        "something": something,
    }
    return render(request, "pruning/lab.html", context)


@require_GET
def backtest(request: HttpRequest, backtest_id: int) -> HttpResponse:
    """Show one backtest: how far it has come, or what it found."""
    shown = visible_backtest(request, backtest_id)
    done = shown.job.state == S.DONE and shown.job.result is not None
    version = f"{shown.job_id}.{shown.job.state}.{shown.job.n_attempts}.{shown.job.done:.0f}.{shown.job.total:.0f}"
    if unchanged := live.unchanged(request, version):
        return unchanged
    ended = shown.job.state in {S.DONE, S.FAILED}
    context = _around(request, shown)
    context["live"] = None if ended else Live(address(request.path, request.GET), version, 1, reload=True)
    if done and "version" not in request.GET:
        context |= _found(request, shown)
    return live.page(request, "pruning/backtest", context, version=version, ended=ended)


def _around(request: HttpRequest, shown: Backtest) -> dict[str, Any]:
    """Return what stands on the page whether or not there are figures yet."""
    job = shown.job
    kind, state = _state(job)
    may_edit = Backtest.objects.editable_by(request.user).filter(pk=shown.pk).exists()
    actions = []
    if job.state == S.DONE:
        actions.append(Action("Export", reverse("pruning:backtest_json", args=[shown.pk])))
    if may_edit and job.state == S.FAILED:
        word = "Go on" if job.done else "Try again"
        actions.append(Action(word, reverse("pruning:backtest_go_on", args=[shown.pk]), post=True, primary=True))
    if may_edit:
        again = f"{reverse('pruning:backtest_new')}?from={shown.pk}"
        actions.append(Action("Replay others", again))
    if Backtest.objects.deletable_by(request.user).filter(pk=shown.pk).exists():
        question = f"Delete the replay “{title_of(shown)}” with its figures? The studies it played stay."
        delete = reverse("pruning:backtest_delete", args=[shown.pk])
        actions.append(Action("Delete", delete, post=True, danger=True, confirm=question))
    return {
        "crumbs": [
            Crumb(shown.project.name, shown.project.get_absolute_url()),
            Crumb("Lab", reverse("pruning:lab")),
            Crumb(title_of(shown)),
        ],
        "title": title_of(shown),
        "rename_url": reverse("pruning:backtest_rename", args=[shown.pk]) if may_edit else "",
        "backtest": shown,
        "studies": _studies(shown),
        "policies": shown.policy_names,
        "replay": f"{counted(shown.orders, 'order')}, {counted(shown.workers, 'worker')}, up to 100 trials each",
        "kind": kind,
        "state": state,
        "message": job.message if job.state != S.DONE else "",
        "reasons": job.message.splitlines() if job.state == S.FAILED else [],
        "share": min(1.0, job.done / job.total) if job.total else 0.0,
        "progress": f"{whole(job.done)} of {whole(job.total)} runs" if job.total else "",
        "took": duration((job.ended_at - shown.created_at).total_seconds()) if job.ended_at else "",
        "is_under_way": job.state in {S.WAITING, S.RUNNING},
        "has_failed": job.state == S.FAILED,
        "actions": actions,
        "figures": None,
    }


def _found(request: HttpRequest, shown: Backtest) -> dict[str, Any]:
    """Return what a backtest that is done has found."""
    result: Mapping[str, Any] = shown.job.result or {}
    figures = figures_of(shown)
    chosen = Chosen.of(request, shown, figures)
    summary = chosen.summary
    names = [name for name in summary.policies if name in shown.policy_names]
    place, order = (_number(request, name) for name in ("study", "order"))
    replay = lab_stops.replay_of(figures, place, order) if place is not None else None
    if replay is None and figures.most_lost is not None:
        replay = lab_stops.replay_of(figures, figures.most_lost)
    return {
        "figures": lab_table.rows(figures, summary, against=chosen.against, of=chosen.figure),
        "against": chosen.against,
        "carried": [(name, request.GET[name]) for name in ("view", "of", "against") if name in request.GET],
        "heads": [lab_table.HEADS[figure] for figure in FIGURES],
        "difference_head": lab_table.HEADS[chosen.figure].lower(),
        "narrative": lab_words.of_figures(figures, summary, against=chosen.against),
        "views": [Option(view.key, view.label, view == chosen.view) for view in figures.views],
        "others": [Option(name, name, name == chosen.against) for name in names],
        "measures": [Option(key, label, key == chosen.figure) for key, label in lab_table.HEADS.items()],
        "basis": _basis(chosen),
        "frontier_url": address(
            reverse("pruning:backtest_frontier_json", args=[shown.pk]), view=chosen.view.key, against=chosen.against
        ),
        "dial": lab_table.dial_rows(figures, summary),
        "stops": lab_stops.stops_of(request, shown, figures, replay) if replay is not None else None,
        "left_out": [_skipped(one) for one in result["skipped"]],
        "warnings": [(name, told) for name, study in result["studies"].items() for told in study["warnings"]],
    }


def _basis(chosen: Chosen) -> str:
    """Say what the table rests on."""
    scores, summary = chosen.figures.scores, chosen.summary
    over = f"95 % intervals drawn from {summary.over}"
    told = f"{counted(summary.studies, 'study', 'studies')}, {counted(scores.orders, 'order')} each; {over}"
    if not 0 < summary.judged < summary.studies:
        return told
    left = counted(summary.studies - summary.judged, "study", "studies")
    return f"{told}. Estimates leave out {left} pruned too hard to be judged; bounds are of all"


def _skipped(one: Mapping[str, Any]) -> tuple[str, str]:
    return (f"{one['policy']} on {one['study']}" if one["policy"] else str(one["study"])), str(one["reason"])


def _studies(shown: Backtest) -> list[Badge]:
    """Return what is played on: studies and families, with their number where that is known."""
    result = shown.job.result if shown.job.state == S.DONE else None
    if result:
        found = Counter(study["family"] for study in result["studies"].values())
        alone = {study["family"]: name for name, study in result["studies"].items()}
        return [Badge(f"{family} {n}" if n > 1 else alone[family]) for family, n in found.items()]
    studies = [Badge(study.name) for study in shown.studies.order_by("pk")]
    folders = [Badge(family) for name, families in shown.folders.items() for family in families or [name]]
    return [*studies, *folders]


def _row(shown: Backtest) -> BacktestRow:
    kind, state = _state(shown.job)
    n_studies = getattr(shown, "n_studies", 0)
    families = [family for name, families in shown.folders.items() for family in families or [name]]
    on = [counted(n_studies, "study", "studies")] if n_studies else []
    return BacktestRow(
        title=title_of(shown),
        url=shown.get_absolute_url(),
        kind=kind,
        state=state,
        on=", ".join([*on, *families]),
        policies=", ".join(shown.policy_names),
        runs=whole(shown.job.total) if shown.job.total else "",
        by=shown.created_by.get_username() if shown.created_by else "",
        at=shown.created_at,
        share=shown.job.done / shown.job.total
        if shown.job.total and shown.job.state in {S.WAITING, S.RUNNING}
        else None,
    )


def _state(job: Job) -> tuple[str, str]:
    """Return glyph and words; between two slices of its job a backtest waits, but has begun."""
    if job.state == S.WAITING and job.total:
        return STATES[S.RUNNING]
    return STATES[job.state]


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 9 else None
