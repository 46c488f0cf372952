"""Projects and their members: who may let whom in, and as what."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from trials.models import Membership, Project, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class ProjectRefused(Exception):
    """Something about a project that may not happen; the message is for the person who asked, by field."""


class LastOwner(ProjectRefused):
    """A project that would be left without anybody who may let others in."""


@transaction.atomic
def create(slug: str, name: str, *, owner: User | None, at: datetime) -> Project:
    """Add a project; whoever is named owns it. Raises `ProjectRefused` for a name that is taken or none."""
    project = Project(slug=slug.strip(), name=name.strip() or slug.strip(), created_at=at)
    try:
        project.full_clean()
    except ValidationError as error:
        field, problems = next(iter(error.message_dict.items()))
        raise ProjectRefused(f"{field}: {' '.join(problems)}")
    project.save()
    if owner is not None:
        Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    return project


@transaction.atomic
def set_role(project: Project, user: User, role: str) -> Membership:
    """Let a person in, or give them another role. Raises `LastOwner`, and `ProjectRefused` for no role."""
    if role not in Role.values:
        raise ProjectRefused(f"role: {role[:20]!r} is none; choose {', '.join(Role.values)}")
    if role != Role.OWNER:
        _keep_an_owner(project, user)
    membership, _ = Membership.objects.update_or_create(project=project, user=user, defaults={"role": role})
    return membership


@transaction.atomic
def remove(project: Project, user: User) -> bool:
    """Take a person out; False if they were no member. Raises `LastOwner`."""
    _keep_an_owner(project, user)
    return Membership.objects.filter(project=project, user=user).delete()[0] > 0


def _keep_an_owner(project: Project, leaving: User) -> None:
    """Refuse if this person is the only owner. The owners stay locked, so that two cannot leave at once."""
    owners = Membership.objects.select_for_update().filter(project=project, role=Role.OWNER)
    if [owner.user_id for owner in owners.order_by("pk")] == [leaving.pk]:
        message = f"{leaving.get_username()} is the last owner of {project.name}; make somebody else an owner first"
        raise LastOwner(f"role: {message}")
