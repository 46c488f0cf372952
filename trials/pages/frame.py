"""What stands around every page of a study: crumbs, head, tabs."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from trials import tags
from trials.facts import provider
from trials.models import Job, Revision, Study
from trials.pages import words
from trials.pages.access import Access
from trials.pages.live import live_for
from trials.pages.parts import Action, Crumb, Fact, StudyHead, Tab
from trials.pages.selection import Selection, address
from trials.plan import Plan
from trials.studies import PREPARE

SAMPLERS = {"random": "random search", "tpe": "TPE"}


class Frame:
    """A study with its plan in force, read once per request."""

    def __init__(self, request: HttpRequest, access: Access) -> None:
        self.request = request
        self.study, self.may_edit = access
        self.revision: Revision = self.study.newest_revision()
        self.plan: Plan = self.revision.parsed()
        self.looks: tuple[int, ...] = tuple(self.revision.looks)
        self.selection = Selection.of(request, self.study)
        self.preparing = preparation_of(self.study)

    @cached_property
    def follows(self) -> Study | None:
        """Return the study that this one was launched to follow, if the person may see it."""
        if self.study.follows_id is None:
            return None
        visible = Study.objects.visible_to(self.request.user)
        return visible.filter(pk=self.study.follows_id).only("name").first()

    def context(self, tab: str, *crumbs: Crumb) -> dict[str, Any]:
        """Return the context every page of a study shares."""
        study = self.study
        return {
            "crumbs": [
                Crumb(study.project.name, study.project.get_absolute_url()),
                Crumb("Studies", reverse("trials:studies")),
                *([Crumb(study.name, study.get_absolute_url()), *crumbs] if crumbs else [Crumb(study.name)]),
            ],
            "head": self._head(),
            "tabs": self._tabs(),
            "tab": tab,
            "live": live_for(self.request, study),
            "study": study,
            "may_edit": self.may_edit,
            "search_url": reverse("trials:studies"),
        }

    def _head(self) -> StudyHead:
        study = self.study
        return StudyHead(
            name=study.name,
            url=study.get_absolute_url(),
            kind=study_kind(study),
            state="Preparing" if self.preparing is not None else state_words(study),
            facts=self._facts(),
            actions=self._actions(),
            tags=tags.of_study(study),
            tags_url=reverse("trials:tag_study", args=[study.pk]) if self.may_edit else "",
            is_archived=study.archived_at is not None,
        )

    def _facts(self) -> list[Fact]:
        study, plan = self.study, self.plan
        sampler = SAMPLERS.get(plan.sampler.name, plan.sampler.name)
        facts = [
            Fact("Minimise" if study.minimises else "Maximise", study.metric),
            Fact(f"{words.counted(len(plan.space), 'parameter')},", sampler),
        ]
        policy = provider().policy(study)
        if policy is not None:
            facts.append(Fact("Policy", f"{policy.name} {policy.version}".strip()))
        if (amended := self.revision.number - 1) > 0:
            times = "once" if amended == 1 else f"{amended} times"
            facts.append(Fact("Plan amended", times, f"last {moment(self.revision.created_at)}"))
        if self.follows is not None:
            facts.append(Fact("Follows", self.follows.name, url=self.follows.get_absolute_url()))
        facts.append(self._when())
        return facts

    def _when(self) -> Fact:
        study, now = self.study, timezone.now()
        if study.started_at is None and study.ended_at is None:
            return Fact("Launched", moment(study.created_at))
        started = study.started_at or study.created_at
        took = words.duration(words.span(started, study.ended_at, now).total_seconds())
        return Fact("Started", f"{moment(started)},", f"took {took}" if study.ended_at else f"running {took}")

    def _actions(self) -> list[Action]:
        study = self.study
        if not self.may_edit:
            return []
        archived = study.archived_at is not None
        archive = address(reverse("trials:archive_study", args=[study.pk]), archived="0" if archived else "1")
        lab = provider().lab_url(study)
        found = [
            *([Action("Replay other policies on this study", lab)] if lab else []),
            Action("Clone", planning_url(study)),
            Action("Take out of the archive" if archived else "Archive", archive, post=True),
        ]
        if study.state == Study.State.ENDED or study.ending_code:
            return found
        return [
            *found,
            Action(
                "Stop study",
                reverse("trials:stop_study", args=[study.pk]),
                post=True,
                danger=True,
                confirm="Stop the study? Waiting and paused trials end; running ones end at their next report.",
            ),
        ]

    def _tabs(self) -> list[Tab]:
        study, selection = self.study, self.selection
        carried = str(selection) or None

        def to(name: str) -> str:
            return address(reverse(f"trials:{name}", args=[study.pk]), sel=carried)

        audit = provider().audit_url(study)
        tabs = [
            Tab("overview", "Overview", to("overview")),
            Tab("curves", "Curves", to("curves")),
            Tab("trials", "Trials", to("trials_table"), study.n_trials),
            Tab("compare", "Compare", to("compare"), len(selection.compared) or None),
        ]
        if audit:
            tabs.append(Tab("audit", "Audit", address(audit, sel=carried), provider().n_entries(study)))
        if halted := provider().halted_url(study):
            tabs.append(Tab("halted", "Halted", address(halted, sel=carried), study.n_pruned))
        return [
            *tabs,
            Tab("importance", "Importance", to("importance")),
            Tab("resources", "Resources", to("resources")),
            Tab("plan", "Plan", to("plan")),
        ]


def preparation_of(study: Study) -> Job | None:
    """Return the preparation that the study's first trials wait for, if it is not done."""
    if study.state == Study.State.ENDED or study.n_running or study.n_ended:
        return None
    return study.jobs.filter(kind=PREPARE, state__in=[Job.State.WAITING, Job.State.RUNNING]).first()


def study_kind(study: Study) -> str:
    """Return the glyph of a study."""
    if study.state == Study.State.ENDED:
        return "finished"
    return "running" if study.n_running else "waiting"


def state_words(study: Study) -> str:
    """Return where a study stands, in a word or two."""
    if study.state == Study.State.ENDED:
        return "Ended" if study.ending_code == "finished" else words.code_words(study.ending_code).capitalize()
    if study.ending_code:
        return "Ending"
    return "Running" if study.n_running else "Waiting for a worker"


def moment(at: Any) -> str:
    """Return a time of day, with the date unless it is today's."""
    now = timezone.now()
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at.day} {at:%b %H:%M}"


def planning_url(study: Study, *, follows: bool = False) -> str:
    """Return where a study's plan opens as a new one: a clone, or the study that follows it."""
    return address(reverse("trials:new_study"), None, **{"next" if follows else "from": study.pk})
