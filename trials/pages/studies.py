"""The studies a person may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from trials.facts import ControlArm, provider
from trials.models import Project, Revision, Study, Trial
from trials.models.study import StudyQuerySet
from trials.pages import live, narrative, rollups, words
from trials.pages.frame import state_words, study_kind
from trials.pages.parts import Chip, Crumb, Live, Spark, StudyRow, WrongStops
from trials.pages.rollups import Group
from trials.pages.selection import address

PAGE = 50
# A picture of 140 pixels shows no more.
SPARK_TRIALS = 120


@dataclass(frozen=True)
class StudiesQuery:
    """What the address asks for."""

    text: str = ""
    project: str = ""
    state: str = ""
    before: int | None = None

    @classmethod
    def of(cls, request: HttpRequest) -> StudiesQuery:
        """Read the address; what makes no sense counts as not asked."""
        state = request.GET.get("state", "").upper()
        before = request.GET.get("before", "")
        return cls(
            text=request.GET.get("q", "").strip()[:200],
            project=request.GET.get("project", "")[:64],
            state=state if state in Study.State.values else "",
            before=int(before) if before.isdecimal() and len(before) < 10 else None,
        )

    def matching(self, studies: StudyQuerySet) -> StudyQuerySet:
        """Keep the studies with the text in their name, metric, trainable, project or author, of the project asked."""
        if self.project:
            studies = studies.filter(project__slug=self.project)
        if self.text:
            studies = studies.filter(
                Q(name__icontains=self.text)
                | Q(metric__icontains=self.text)
                | Q(trainable__icontains=self.text)
                | Q(project__name__icontains=self.text)
                | Q(created_by__username__icontains=self.text)
            )
        return studies


@require_GET
def studies(request: HttpRequest) -> HttpResponse:
    """List the studies, newest activity first."""
    query = StudiesQuery.of(request)
    mine = Study.objects.visible_to(request.user)
    version = _version(mine)
    if unchanged := live.unchanged(request, version):
        return unchanged
    matching = query.matching(mine)
    shown = matching.filter(state=query.state) if query.state else matching
    page = list(_after(shown, query).select_related("project").order_by("-last_activity_at", "-id")[: PAGE + 1])
    rows, more = page[:PAGE], len(page) > PAGE
    facts = _Facts.of(rows)
    running = any(study.state == Study.State.RUNNING for study in rows)
    context = {
        "crumbs": [Crumb("Studies")],
        "live": Live(address(request.path, request.GET), version, live.EVERY_S) if running else None,
        "narrative": narrative.of_studies(rows, list(facts.arms.values())),
        "filters": _filters(request, query, matching),
        "query": query.text,
        "search_url": reverse("trials:studies"),
        "sort_label": "last activity",
        "rows": [_row(study, facts) for study in rows],
        "older_url": address(request.path, request.GET, before=rows[-1].pk) if more else "",
    }
    return live.page(request, "trials/studies", context, version=version, ended=not running)


def _version(mine: StudyQuerySet) -> str:
    seen = mine.aggregate(n=Count("id"), moved=Sum("version"))
    return f"{seen['n']}-{seen['moved'] or 0}"


def _after(studies: StudyQuerySet, query: StudiesQuery) -> StudyQuerySet:
    """Keep what stands below the last row of the page before."""
    last = studies.filter(pk=query.before).values_list("last_activity_at", flat=True).first() if query.before else None
    if last is None:
        return studies
    return studies.filter(Q(last_activity_at__lt=last) | Q(last_activity_at=last, pk__lt=query.before))


class _Facts(NamedTuple):
    groups: Mapping[int, Sequence[Group]]
    arms: Mapping[int, ControlArm]
    sparks: Mapping[int, Spark]
    planned: Mapping[int, int]

    @classmethod
    def of(cls, rows: Sequence[Study]) -> _Facts:
        return cls(rollups.endings(rows), provider().control_arms(rows), _sparks(rows), _planned(rows))


def _planned(rows: Sequence[Study]) -> Mapping[int, int]:
    """Return how many trials each study's newest plan asks for."""
    found = (
        Revision.objects.filter(study__in=rows)
        .order_by("study_id", "number")
        .values_list("study_id", "plan__budget__trials")
    )
    return {study_id: int(n) for study_id, n in found if isinstance(n, int)}


def _sparks(rows: Sequence[Study]) -> Mapping[int, Spark]:
    """Return the value of up to 120 trials of each study, evenly spread over their numbers, in one query."""
    wanted = Q(pk__in=[])
    for study in rows:
        stride = max(1, -(-study.next_number // SPARK_TRIALS))
        numbers = set(range(0, study.next_number, stride)) | {study.best_number or 0}
        wanted |= Q(study=study, number__in=numbers)
    values: dict[int, list[float | None]] = {study.pk: [] for study in rows}
    found = Trial.objects.filter(wanted).order_by("study_id", "number").values_list("study_id", "value", "best_value")
    for study_id, value, best in found:
        values[study_id].append(best if value is None else value)
    return {
        study.pk: Spark(values[study.pk], minimize=study.minimises, best=True)
        for study in rows
        if any(value is not None for value in values[study.pk])
    }


def _row(study: Study, facts: _Facts) -> StudyRow:
    groups = facts.groups.get(study.pk, ())
    saved = rollups.saved_share(study)
    arm = facts.arms.get(study.pk)
    ended = study.state == Study.State.ENDED
    return StudyRow(
        name=study.name,
        url=study.get_absolute_url(),
        kind=study_kind(study),
        state=state_words(study),
        subtitle=_subtitle(study, facts.planned.get(study.pk, study.n_trials)),
        best=words.number(study.best_value) if study.best_value is not None else "",
        best_number=study.best_number,
        best_url=reverse("trials:trial", args=[study.pk, study.best_number]) if study.best_number is not None else "",
        spark=facts.sparks.get(study.pk),
        shares=rollups.shares(groups, planned=0 if ended else facts.planned.get(study.pk, 0)),
        saved=saved,
        saved_text=f"{rollups.stopped(groups):,} of {study.n_trials - study.n_waiting:,} stopped",
        wrong=WrongStops(arm.wrong, arm.judged, arm.low, arm.high) if arm is not None and arm.judged else None,
        active_at=study.last_activity_at,
        slots=words.counted(study.n_running, "slot") if study.n_running else "",
    )


def _subtitle(study: Study, planned: int) -> str:
    started = study.n_trials - study.n_waiting
    trials = words.counted(started, "trial") if started >= planned else f"{started:,} of {planned:,} trials"
    return f"{'minimise' if study.minimises else 'maximise'} {study.metric} · {trials}"


def _filters(request: HttpRequest, query: StudiesQuery, matching: StudyQuerySet) -> list[Chip]:
    counts = matching.aggregate(all=Count("id"), running=Count("id", filter=Q(state=Study.State.RUNNING)))

    def chip(label: str, count: int, state: str, glyph: str = "") -> Chip:
        url = address(request.path, request.GET, state=state.lower() or None, before=None)
        return Chip(label, url, count, active=query.state == state, glyph=glyph)

    chips = [
        chip("All", counts["all"], ""),
        chip("Running", counts["running"], Study.State.RUNNING, "running"),
        chip("Ended", counts["all"] - counts["running"], Study.State.ENDED, "finished"),
    ]
    projects = Project.objects.visible_to(request.user).annotate(n=Count("studies", distinct=True)).order_by("slug")
    for slug, name, n in projects.values_list("slug", "name", "n"):
        active = slug == query.project
        url = address(request.path, request.GET, project=None if active else slug, before=None)
        chips.append(Chip(name, url, n, active=active))
    return chips
