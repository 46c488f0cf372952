"""Launching a study, amending its plan, and adding trials to it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Value

from trials import head, tags
from trials.models import Job, Project, Revision, Study, Trial, TrialParam
from trials.models.project import Person
from trials.plan import Plan
from trials.running import doorbell
from trials.seam import Gate, reviewer

PREPARE = "prepare"
"""The kind of job that makes what all trials of a study share, before the first of them is claimed."""


class StudyRefused(Exception):
    """Something about a study that may not happen; the message is for the person who asked."""

    code = "refused"


class NameTaken(StudyRefused):
    """The project already has a study of that name."""

    code = "name_taken"


class GateClosed(StudyRefused):
    """The plan asks not to be launched with a policy that would have lost too many past winners."""

    code = "gate_closed"

    def __init__(self, gate: Gate) -> None:
        told = (f"policy.safety_gate: {gate.sentence}", *(f"  {one.sentence}" for one in gate.studies), gate.remedy)
        super().__init__("\n".join(told))
        self.gate = gate


class AmendmentRefused(StudyRefused):
    """A change that would make the study another one, or that nobody gave a reason for."""

    code = "amendment_refused"


class NotInSpace(StudyRefused):
    """A configuration that the study's space does not hold."""

    code = "not_in_space"


class CannotContinue(StudyRefused):
    """A trial that has not ended, is complete, is continued already, or whose study has ended."""

    code = "cannot_continue"


class BudgetSpent(StudyRefused):
    """The study tries no further configuration."""

    code = "budget_spent"


def pass_gate(plan: Plan, *, project: Project, user: Person | None) -> Gate:
    """Return what the plan's policy would have done to similar past studies; `GateClosed` if that forbids the launch.

    It may compute for seconds: to be called before `launch`, outside any transaction. user: None sees all studies.
    """
    gate = reviewer().forecast(plan, user=user, project=project)
    if gate.blocks:
        raise GateClosed(gate)
    return gate


def launch_once(
    plan: Plan,
    *,
    project: Project,
    user: Person,
    source: str,
    at: datetime,
    key: uuid.UUID,
    follows: Study | None = None,
) -> Study:
    """Pass the gate and launch; the same form sent again returns the study that it launched before.

    key: handed out with the form. follows: the study whose plan it was made from as the next one. Raises
    `StudyRefused` as `pass_gate` and `launch` do.
    """
    if (known := launched_with(key, user)) is not None:
        return known
    pass_gate(plan, project=project, user=user)
    try:
        return launch(plan, project=project, user=user, source=source, at=at, key=key, follows=follows)
    except NameTaken:
        if (known := launched_with(key, user)) is not None:
            return known
        raise


def launched_with(key: uuid.UUID, user: Person) -> Study | None:
    """Return the study that was launched with this key, if there is one that the person may see."""
    return Study.objects.visible_to(user).filter(launch_key=key).first()


@transaction.atomic
def launch(
    plan: Plan,
    *,
    project: Project,
    user: Person | None,
    source: str,
    at: datetime,
    key: uuid.UUID | None = None,
    follows: Study | None = None,
) -> Study:
    """Create a study with revision 1 of its plan, and the trials that the plan itself names.

    `source` is the text the plan was read from; `key` is stored once, see `launch_once`. Raises `NameTaken` if the
    project has a study of that name.
    """
    plan = reviewer().settled(plan, project=project)
    study = _create(plan, project=project, user=user, at=at, key=key, follows=follows)
    if plan.tags:
        tags.add(study, plan.tags, trials=None, person=user.get_username() if user is not None else "", at=at)
    revision = _register(study, plan, number=1, source=source, reason="", user=user, at=at)
    reviewer().launched(study, revision, sequence=revision.from_sequence)
    if plan.trainable is not None:
        Job.objects.create(kind=PREPARE, study=study, created_at=at)
    if plan.defaults is not None:
        new_trial(study, plan.defaults, origin=Trial.Origin.DEFAULTS, pinned=True, at=at)
    for item in plan.enqueue:
        new_trial(study, item.params, origin=Trial.Origin.ENQUEUED, pinned=item.pinned, at=at)
    study.refresh_from_db()
    ring_on_commit(study)
    return study


@transaction.atomic
def amend(study: Study, plan: Plan, *, reason: str, user: Person | None, source: str = "", at: datetime) -> Revision:
    """Register the next revision of a study's plan; decisions taken before it stand.

    Raises `AmendmentRefused` without a reason, for a study that has ended, for a plan that changes nothing, and for
    one that changes what the study is: objectives, planned length, step unit, trainable or seed.
    """
    if not reason.strip():
        raise AmendmentRefused("reason: missing; say in a sentence why the plan changes")
    study = head.lock(study.pk)
    if study.state == Study.State.ENDED or study.ending_code:
        raise AmendmentRefused(f"study: {study.name} has ended; launch a new study with the changed plan")
    current = study.newest_revision()
    before = current.parsed()
    plan = reviewer().settled(plan, project=study.project, before=before)
    _refuse_other_study(before, plan)
    if current.fingerprint == plan.fingerprint:
        raise AmendmentRefused(f"plan: the same as revision {current.number}; nothing to amend")
    revision = _register(study, plan, number=current.number + 1, source=source, reason=reason.strip(), user=user, at=at)
    reviewer().amended(study, revision, sequence=revision.from_sequence)
    head.touch(study.pk, at=at)
    ring_on_commit(study)
    return revision


def archive(study: Study, *, archived: bool, at: datetime) -> None:
    """Put a study out of the way of lists, or back; nothing else about it changes."""
    moved = Study.objects.filter(pk=study.pk, archived_at__isnull=archived)
    moved.update(archived_at=at if archived else None, version=F("version") + 1)


@transaction.atomic
def enqueue(study: Study, params: Mapping[str, object], *, pinned: bool = False, note: str = "", at: datetime) -> Trial:
    """Add one configuration that a person asked for.

    Raises `NotInSpace` for a configuration that does not fit, `BudgetSpent` if the study tries no further one.
    """
    study = head.lock(study.pk)
    plan = study.plan()
    if problems := plan.space.problems(params):
        raise NotInSpace("; ".join(f"params.{name}: {problem}" for name, problem in problems))
    if not room(study, plan):
        raise BudgetSpent(f"study: {study.name} has ended or has all its {plan.budget.trials} trials; raise its budget")
    ring_on_commit(study)
    return new_trial(study, params, origin=Trial.Origin.ENQUEUED, pinned=pinned, note=note, at=at)


def room(study: Study, plan: Plan) -> int:
    """Return how many further configurations the study may try; the caller holds its lock if that must stay true."""
    if study.state == Study.State.ENDED or study.ending_code:
        return 0
    # A continued trial and the one it continues are one configuration.
    # Behind an expression, so that SQLite goes through the few that continue another, not through the study's trials.
    continued = Trial.objects.filter(continues__isnull=False).annotate(of_study=F("study_id") + Value(0))
    n_continued = continued.filter(of_study=study.pk).count()
    return max(plan.budget.trials - (study.next_number - n_continued), 0)


def new_trial(
    study: Study,
    params: Mapping[str, object],
    *,
    origin: Trial.Origin,
    at: datetime,
    pinned: bool = False,
    suggestion: int | None = None,
    continues: Trial | None = None,
    inherited_step: int = 0,
    note: str = "",
) -> Trial:
    """Add a WAITING trial under the study's next number. The caller holds the study's lock, in its transaction."""
    trial = Trial.objects.create(
        study=study,
        number=study.next_number,
        origin=origin,
        suggestion=suggestion,
        continues=continues,
        inherited_step=inherited_step,
        params=dict(params),
        pinned=pinned,
        note=note,
        created_at=at,
    )
    TrialParam.objects.bulk_create(_param_row(trial, name, value) for name, value in trial.params.items())
    study.next_number += 1
    more = {} if suggestion is None else {"next_suggestion": suggestion + 1}
    head.move(study.pk, before=None, after=Trial.State.WAITING, at=at, next_number=F("next_number") + 1, **more)
    return trial


def ring_on_commit(study: Study) -> None:
    """Have workers look for work, and the next configurations suggested, once the transaction has gone through."""
    transaction.on_commit(doorbell.ring_all)
    transaction.on_commit(lambda: doorbell.ask_for_suggestions(study.pk))


def _create(
    plan: Plan, *, project: Project, user: Person | None, at: datetime, key: uuid.UUID | None, follows: Study | None
) -> Study:
    try:
        with transaction.atomic():
            return Study.objects.create(
                project=project,
                name=plan.name,
                created_by_id=user.pk if user is not None else None,
                created_at=at,
                last_activity_at=at,
                metric=plan.objective.metric,
                direction=plan.objective.direction,
                horizon=plan.horizon,
                step_unit=plan.step_unit,
                seed=plan.seed,
                trainable=plan.trainable.name if plan.trainable else "",
                launch_key=key,
                follows=follows,
            )
    except IntegrityError:
        raise NameTaken(f"name: the project {project.slug} already has a study {plan.name!r}; choose another name")


def _register(
    study: Study, plan: Plan, *, number: int, source: str, reason: str, user: Person | None, at: datetime
) -> Revision:
    return Revision.objects.create(
        study=study,
        number=number,
        plan=plan.to_stored(),
        source=source,
        fingerprint=plan.fingerprint,
        looks=list(reviewer().decision_points(plan)),
        reason=reason,
        author=user.get_username() if user is not None and user.is_authenticated else "",
        created_at=at,
        from_sequence=head.next_sequence(study),
    )


def _refuse_other_study(before: Plan, after: Plan) -> None:
    for field, old, new in (
        ("objectives", before.objectives, after.objectives),
        ("trainable", before.trainable and before.trainable.name, after.trainable and after.trainable.name),
        ("horizon", before.horizon, after.horizon),
        ("step_unit", before.step_unit, after.step_unit),
        ("seed", before.seed, after.seed),
    ):
        if old != new:
            raise AmendmentRefused(f"{field}: cannot change within a study; keep it, or launch a new study")


def _param_row(trial: Trial, name: str, value: object) -> TrialParam:
    row = TrialParam(trial=trial, study_id=trial.study_id, name=name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        row.number = float(value)
    else:
        # As people write them in a plan: true, false, null.
        row.text = value if isinstance(value, str) else json.dumps(value)
    return row
