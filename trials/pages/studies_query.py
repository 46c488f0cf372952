"""Which studies the list shows, in which order, and where a page of it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count, F, FloatField, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Lower, NullIf
from django.http import HttpRequest

from trials.models import Study, Tag
from trials.models.study import StudyQuerySet

ARCHIVED = "ARCHIVED"
STATES = (*Study.State.values, ARCHIVED)


class Sort(NamedTuple):
    """A way to order the list: what it says, its key, which end comes first."""

    label: str
    key: Combinable
    descending: bool


_trained, _saved = Cast("steps_trained", FloatField()), Cast("steps_saved", FloatField())
_counters = F("n_waiting") + F("n_running") + F("n_paused") + F("n_complete") + F("n_pruned") + F("n_failed")
SORTS: Mapping[str, Sort] = {
    "activity": Sort("last activity", F("last_activity_at"), descending=True),
    "created": Sort("launch", F("created_at"), descending=True),
    "name": Sort("name", Lower("name"), descending=False),
    "trials": Sort("trials", _counters, descending=True),
    "saved": Sort(
        "compute saved", Coalesce(_saved / NullIf(_trained + _saved, Value(0.0)), Value(-1.0)), descending=True
    ),
}
DEFAULT = "activity"


class Page(NamedTuple):
    """Some rows and whether there are more on either side."""

    rows: list[Study]
    has_earlier: bool
    has_later: bool


@dataclass(frozen=True)
class StudiesQuery:
    """What the address asks for."""

    text: str = ""
    project: str = ""
    tag: str = ""
    state: str = ""
    sort: str = DEFAULT
    after: int | None = None
    before: int | None = None

    @classmethod
    def of(cls, request: HttpRequest) -> StudiesQuery:
        """Read the address; what makes no sense counts as not asked."""
        state, sort = request.GET.get("state", "").upper(), request.GET.get("sort", "")
        return cls(
            text=request.GET.get("q", "").strip()[:200],
            project=request.GET.get("project", "")[:64],
            tag=request.GET.get("tag", "")[:64],
            state=state if state in STATES else "",
            sort=sort if sort in SORTS else DEFAULT,
            after=_number(request.GET.get("after", "")),
            before=_number(request.GET.get("before", "")),
        )

    @property
    def is_narrowed(self) -> bool:
        """Say whether the list leaves studies out on purpose."""
        return bool(self.text or self.project or self.tag or self.state)

    def matching(self, studies: StudyQuerySet) -> StudyQuerySet:
        """Keep what is asked for: the text may stand in name, tags, metric, trainable, project or author."""
        of_studies = Tag.objects.of_studies()
        if self.project:
            studies = studies.filter(project__slug=self.project)
        if self.tag:
            studies = studies.filter(pk__in=of_studies.filter(name=self.tag).values("study"))
        if self.text:
            studies = studies.filter(
                Q(name__icontains=self.text)
                | Q(metric__icontains=self.text)
                | Q(trainable__icontains=self.text)
                | Q(project__name__icontains=self.text)
                | Q(created_by__username__icontains=self.text)
                | Q(pk__in=of_studies.filter(name__icontains=self.text).values("study"))
            )
        return studies

    def shown(self, matching: StudyQuerySet) -> StudyQuerySet:
        """Keep those of the state asked for; archived ones only where they are asked for."""
        if self.state == ARCHIVED:
            return matching.filter(archived_at__isnull=False)
        open_ones = matching.filter(archived_at=None)
        return open_ones.filter(state=self.state) if self.state else open_ones

    def page(self, studies: StudyQuerySet, size: int) -> Page:
        """Return the rows behind (`after`) or in front of (`before`) a study, the first ones without either."""
        sort = SORTS[self.sort]
        keyed: Any = studies.annotate(sort_key=sort.key)
        pivot = self.after or self.before
        value = keyed.filter(pk=pivot).values_list("sort_key", flat=True).first() if pivot else None
        if value is None:
            found = list(_ordered(keyed, sort.descending)[: size + 1])
            return Page(found[:size], has_earlier=False, has_later=len(found) > size)
        backwards = self.after is None
        way = "lt" if sort.descending != backwards else "gt"
        beyond = keyed.filter(Q(**{f"sort_key__{way}": value}) | Q(**{"sort_key": value, f"pk__{way}": pivot}))
        found = list(_ordered(beyond, sort.descending != backwards)[: size + 1])
        more = len(found) > size
        if backwards:
            return Page(found[:size][::-1], has_earlier=more, has_later=True)
        return Page(found[:size], has_earlier=True, has_later=more)


class Counts(NamedTuple):
    """How many of the matching studies stand in each state."""

    open: int
    running: int
    archived: int

    @classmethod
    def of(cls, matching: StudyQuerySet) -> Counts:
        """Count, in one query."""
        open_ones = Q(archived_at=None)
        found = matching.aggregate(
            open=Count("id", filter=open_ones),
            running=Count("id", filter=open_ones & Q(state=Study.State.RUNNING)),
            archived=Count("id", filter=~open_ones),
        )
        return cls(**found)


def _ordered(studies: Any, descending: bool) -> Any:
    return studies.order_by(*(("-sort_key", "-pk") if descending else ("sort_key", "pk")))


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None
