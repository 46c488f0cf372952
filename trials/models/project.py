"""Projects and who may do what in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, Union

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.urls import reverse

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Person: TypeAlias = Union["User", AnonymousUser]


class Role(models.TextChoices):
    """What a member may do: a viewer reads, an editor launches and stops, an owner also manages members."""

    OWNER = "owner", "Owner"
    EDITOR = "editor", "Editor"
    VIEWER = "viewer", "Viewer"


EDITING = (Role.OWNER, Role.EDITOR)


class ProjectQuerySet(models.QuerySet["Project"]):
    """Projects, as a person may see them."""

    def visible_to(self, user: Person) -> ProjectQuerySet:
        """Keep the projects the person is a member of; a superuser sees all."""
        if not user.is_authenticated:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(memberships__user=user)

    def editable_by(self, user: Person) -> ProjectQuerySet:
        """Keep the projects in which the person may launch and stop."""
        if not user.is_authenticated:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(memberships__user=user, memberships__role__in=EDITING)

    def owned_by(self, user: Person) -> ProjectQuerySet:
        """Keep the projects that the person owns; a superuser owns all."""
        if not user.is_authenticated:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(memberships__user=user, memberships__role=Role.OWNER)


class Project(models.Model):
    """A team's space: members with roles, and studies."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    objects = ProjectQuerySet.as_manager()

    class Meta:
        db_table = "project"

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        return f"{reverse('trials:studies')}?project={self.slug}"

    def role_of(self, user: Person) -> Role | None:
        """Return the person's role here; a superuser counts as owner."""
        if getattr(user, "is_superuser", False):
            return Role.OWNER
        membership = self.memberships.filter(user_id=user.pk or 0).first()
        return Role(membership.role) if membership else None


class Membership(models.Model):
    """One person's role in one project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices)

    class Meta:
        db_table = "membership"
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_once_per_project"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.project_id} as {self.role}"
