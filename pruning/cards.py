"""Cards of the studies that ended here: made once, kept, and found again beside the starter library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from pruning import versions
from pruning.backtest import Skipped, Task
from pruning.curves.studies import name_of, task_of
from pruning.library.card import Card, NotACard, Provenance
from pruning.library.descriptors import Descriptors
from pruning.library.measures import measured
from pruning.library.playing import makers, played
from pruning.library.starter import starter
from pruning.models import StudyCard, StudyCardQuerySet
from pruning.policy import Policy
from pruning.standing import policy_of
from trials import tags
from trials.models import Project, Study
from trials.models.project import Person
from trials.plan import Plan
from trials.running.environments import git_state

MOST_CURVES = 400
"""Of a larger study a sample goes into its card."""
ORDERS = 10
"""Random orders in which every policy is played."""
MOST_CARDS = 500
"""So many of the newest cards are asked about a new study."""
Progress = Callable[[str, float, float], None]


class NoCard(Exception):
    """A study that leaves no card yet; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A card, and the study here that it belongs to; None for one of the starter library."""

    card: Card
    study: Study | None = None

    @property
    def url(self) -> str:
        """Return the address of its study; empty for one of the starter library."""
        return self.study.get_absolute_url() if self.study is not None else ""


def make(
    study: Study, *, at: datetime, again: bool = False, progress: Progress = lambda text, done, total: None
) -> StudyCard:
    """Return an ended study's card, making it if there is none; `again` replaces one that there is.

    Raises `NoCard` for a study that still runs. A study whose curves cannot be played leaves a card that says why.
    """
    if study.state != Study.State.ENDED:
        raise NoCard(f"Study {study.name} has not ended; wait for it, or end it with `manage.py stop`.")
    found = StudyCard.objects.filter(study=study).first()
    if found is not None and not again:
        return found
    card = _card(study, at=at, progress=progress)
    columns = {
        "body": card.to_mapping(),
        "metric": study.metric,
        "fingerprint": str(card.policy.get("fingerprint", "")),
        "curves": card.provenance.digest,
        "created_at": at,
    }
    if again:
        return StudyCard.objects.update_or_create(study=study, defaults=columns)[0]
    return StudyCard.objects.get_or_create(study=study, defaults=columns)[0]


def _card(study: Study, *, at: datetime, progress: Progress) -> Card:
    progress("reading the curves", 0, 0)
    plan = study.plan()
    policy = policy_of(plan)
    task = task_of(study, most=MOST_CURVES)
    is_task = isinstance(task, Task)
    return Card(
        name=name_of(study),
        family=study.project.slug,
        descriptors=replace(descriptors_of(plan, study.newest_revision().looks), tags=tuple(tags.of_study(study))),
        measures=measured(task.pool) if isinstance(task, Task) else None,
        policy=_named(policy),
        played=played(task, makers(policy), orders=ORDERS, progress=progress) if isinstance(task, Task) else (),
        provenance=_provenance(study, task, at=at),
        obstacle="" if is_task else task.reason,  # type: ignore[union-attr]  # what is no task was skipped
    )


def descriptors_of(plan: Plan, looks: Sequence[int]) -> Descriptors:
    """Return what a plan is about, as far as that is known before it starts."""
    return Descriptors(
        metric=plan.objective.metric,
        direction=plan.objective.direction,
        unit=plan.step_unit,
        horizon=plan.horizon,
        reports=len(plan.report_steps) or plan.horizon,
        looks=tuple(round(look / plan.horizon, 6) for look in looks),
        trainable=plan.trainable.name if plan.trainable else "",
        tags=plan.tags,
        parameters=tuple(parameter.name for parameter in plan.space.parameters),
    )


def visible_to(user: Person | None) -> list[Kept]:
    """Return the cards a person may see, the newest first, and the starter library; None sees all."""
    cards = StudyCard.objects.all()
    return _kept(cards if user is None else cards.visible_to(user))


def n_missing(user: Person | None) -> int:
    """Return how many ended studies that a person may see wait for their card; `carding` makes it within minutes."""
    studies = Study.objects.all() if user is None else Study.objects.visible_to(user)
    return studies.filter(state=Study.State.ENDED, card=None).count()


def of_project(project: Project, *, but: Study | None = None) -> list[Kept]:
    """Return the cards of one project and the starter library: what every member of it may see."""
    cards = StudyCard.objects.filter(study__project=project)
    return _kept(cards if but is None else cards.exclude(study=but))


def _kept(cards: StudyCardQuerySet) -> list[Kept]:
    rows = cards.select_related("study__project").order_by("-created_at", "-pk")[:MOST_CARDS]
    own = [Kept(card=card, study=row.study) for row in rows if (card := read(row)) is not None]
    return [*own, *(Kept(card=card) for card in starter())]


def read(row: StudyCard) -> Card | None:
    """Return the card of a row; None for one that another version of this software wrote."""
    try:
        return Card.from_mapping(row.body)
    except NotACard:
        return None


def _named(policy: Policy) -> dict[str, str | int]:
    return {"name": policy.name, "version": versions.version_of(policy), "fingerprint": policy.fingerprint}


def _provenance(study: Study, task: Task | Skipped, *, at: datetime) -> Provenance:
    person = study.created_by.get_username() if study.created_by else ""
    return Provenance(
        source=f"study {study.uid}",
        made_by=person,
        made_at=at.isoformat(timespec="seconds"),
        code=code_version(),
        digest=task.digest if isinstance(task, Task) else "",
        note=" ".join(task.warnings) if isinstance(task, Task) else "",
    )


@lru_cache(maxsize=1)
def code_version() -> str:
    """Return the commit of this software; empty where it was installed without its repository."""
    state = git_state(Path(settings.BASE_DIR))
    return state["commit"][:12] + ("+" if state["dirty_digest"] else "") if state else ""
