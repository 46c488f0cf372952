"""The studies a person may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db.models import Count, F, FloatField, Q, Sum
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from trials import tags
from trials.facts import ControlArm, provider
from trials.models import Project, Revision, Study, Tag, Trial
from trials.models.study import StudyQuerySet
from trials.pages import live, narrative, rollups, words
from trials.pages.frame import planning_url, state_words, study_kind
from trials.pages.parts import Action, Chip, Crumb, Live, Spark, StudyRow, WrongStops
from trials.pages.rollups import Group
from trials.pages.selection import address
from trials.pages.studies_query import ARCHIVED, DEFAULT, SORTS, Counts, StudiesQuery

PAGE = 50
# A picture of 140 pixels shows no more.
SPARK_TRIALS = 120
MOST_CHIPS = 12
# Where nothing runs only a launch can change the list.
IDLE_EVERY_S = 15


@require_GET
def studies(request: HttpRequest) -> HttpResponse:
    """List the studies, newest activity first unless the address says otherwise."""
    query = StudiesQuery.of(request)
    mine = Study.objects.visible_to(request.user)
    version = _version(mine)
    if unchanged := live.unchanged(request, version):
        return unchanged
    matching = query.matching(mine)
    counts, shown = Counts.of(matching), query.shown(matching)
    page = query.page(shown.select_related("project", "created_by"), PAGE)
    facts = _Facts.of(request, page.rows)
    running = any(study.state == Study.State.RUNNING for study in page.rows)
    whole = not page.has_earlier and not page.has_later
    context = {
        "crumbs": [Crumb("Studies")],
        "live": Live(address(request.path, request.GET), version, live.EVERY_S if running else IDLE_EVERY_S),
        "narrative": narrative.of_studies(_totals(shown), list(facts.arms.values()), whole=whole),
        "actions": _actions(request, query),
        "filters": _filters(request, query, counts),
        "tags": _tag_chips(request, query, mine),
        "query": query.text,
        "search_url": reverse("trials:studies"),
        "carried": [(name, value) for name, value in _carried(query) if value],
        "sorts": _sorts(request, query),
        "is_narrowed": query.is_narrowed,
        "is_archive": query.state == ARCHIVED,
        "rows": [_row(study, facts) for study in page.rows],
        "newer_url": address(request.path, request.GET, before=page.rows[0].pk, after=None)
        if page.has_earlier and page.rows
        else "",
        "older_url": address(request.path, request.GET, after=page.rows[-1].pk, before=None) if page.has_later else "",
    }
    return live.page(request, "trials/studies", context, version=version)


def _version(mine: StudyQuerySet) -> str:
    seen = mine.aggregate(n=Count("id"), moved=Sum("version"))
    return f"{seen['n']}-{seen['moved'] or 0}"


def _totals(shown: StudyQuerySet) -> narrative.Totals:
    """Add up what all studies of the list come to, shown on this page or not, in one query."""
    horizon = Cast("horizon", FloatField())
    found = shown.aggregate(
        n=Count("id"),
        running=Count("id", filter=Q(n_running__gt=0)),
        waiting=Count("id", filter=Q(state=Study.State.RUNNING, n_running=0)),
        slots=Sum("n_running"),
        trained=Sum(F("steps_trained") / horizon),
        saved=Sum(F("steps_saved") / horizon),
    )
    return narrative.Totals(**{name: value or 0 for name, value in found.items()})


class _Facts(NamedTuple):
    groups: Mapping[int, Sequence[Group]]
    arms: Mapping[int, ControlArm]
    sparks: Mapping[int, Spark]
    planned: Mapping[int, int]
    tags: Mapping[int, Sequence[str]]
    editable: frozenset[int]
    """The projects in which the person may launch and archive."""

    @classmethod
    def of(cls, request: HttpRequest, rows: Sequence[Study]) -> _Facts:
        editable = Project.objects.editable_by(request.user).filter(pk__in={study.project_id for study in rows})
        return cls(
            rollups.endings(rows),
            provider().control_arms(rows),
            _sparks(rows),
            _planned(rows),
            tags.of_studies([study.pk for study in rows]),
            frozenset(editable.values_list("pk", flat=True)),
        )


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
    may_edit = study.project_id in facts.editable
    return StudyRow(
        id=study.pk,
        name=study.name,
        tags=facts.tags.get(study.pk, ()),
        clone_url=planning_url(study) if may_edit else "",
        archive_url=reverse("trials:archive_study", args=[study.pk]) if may_edit else "",
        is_archived=study.archived_at is not None,
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
    by = f" · {study.created_by.get_username()}" if study.created_by is not None else ""
    return f"{'minimise' if study.minimises else 'maximise'} {study.metric} · {trials}{by}"


def _actions(request: HttpRequest, query: StudiesQuery) -> list[Action]:
    new = address(reverse("trials:new_study"), project=query.project or None)
    found = [Action("Projects", reverse("trials:projects"))]
    if Project.objects.editable_by(request.user).exists():
        found.append(Action("New study", new, primary=True))
    return found


def _carried(query: StudiesQuery) -> list[tuple[str, str]]:
    """Return what a new text leaves as it is."""
    sort = "" if query.sort == DEFAULT else query.sort
    return [("project", query.project), ("tag", query.tag), ("state", query.state.lower()), ("sort", sort)]


def _to(request: HttpRequest, **changes: str | None) -> str:
    """Return this list's address with something changed, from its first page on."""
    return address(request.path, request.GET, **{"after": None, "before": None, **changes})


def _sorts(request: HttpRequest, query: StudiesQuery) -> list[Chip]:
    return [
        Chip(sort.label, _to(request, sort=None if name == DEFAULT else name), active=name == query.sort)
        for name, sort in SORTS.items()
    ]


def _filters(request: HttpRequest, query: StudiesQuery, counts: Counts) -> list[Chip]:
    def chip(label: str, count: int, state: str, glyph: str = "") -> Chip:
        return Chip(label, _to(request, state=state.lower() or None), count, active=query.state == state, glyph=glyph)

    chips = [
        chip("All", counts.open, ""),
        chip("Under way", counts.running, Study.State.RUNNING, "running"),
        chip("Ended", counts.open - counts.running, Study.State.ENDED, "finished"),
    ]
    if counts.archived or query.state == ARCHIVED:
        chips.append(chip("Archived", counts.archived, ARCHIVED))
    visible = Count("studies", filter=Q(studies__archived_at=None), distinct=True)
    projects = Project.objects.visible_to(request.user).annotate(n=visible).order_by("-n", "slug")
    for slug, name, n in projects.values_list("slug", "name", "n")[:MOST_CHIPS]:
        active = slug == query.project
        chips.append(Chip(name, _to(request, project=None if active else slug), n, active=active))
    return chips


def _tag_chips(request: HttpRequest, query: StudiesQuery, mine: StudyQuerySet) -> list[Chip]:
    """Return the commonest tags, and the one asked for."""
    rows = Tag.objects.of_studies().filter(study__in=mine.filter(archived_at=None))
    counted = rows.values_list("name").annotate(n=Count("id")).order_by("-n", "name")[:MOST_CHIPS]
    found = dict(counted)
    if query.tag:
        found.setdefault(query.tag, 0)
    return [
        Chip(name, _to(request, tag=None if name == query.tag else name), n or None, active=name == query.tag)
        for name, n in found.items()
    ]
