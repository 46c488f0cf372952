"""Projects, who is in them, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trials import projects as domain
from trials.models import Membership, Project, Role, Study
from trials.pages import words
from trials.pages.frame import state_words, study_kind
from trials.pages.parts import Crumb
from trials.pages.parts.projects import (
    MemberForm,
    MemberRow,
    ProjectForm,
    ProjectPage,
    ProjectRow,
    ProjectStudy,
    RoleChoice,
)
from trials.pages.selection import address

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REFUSED = 422
MOST_STUDIES = 10
MOST_MEMBERS = 500
ROLES = (
    RoleChoice("viewer", "Viewer", "reads everything, changes nothing"),
    RoleChoice("editor", "Editor", "launches, amends, stops, tags and archives"),
    RoleChoice("owner", "Owner", "also lets others in and out"),
)


@require_http_methods(["GET", "POST"])
def projects(request: HttpRequest) -> HttpResponse:
    """List the projects a person is in; a POST of a superuser makes one."""
    if request.method == "GET":
        return _list(request)
    if not _user(request).is_superuser:
        raise PermissionDenied("Only an administrator of this site makes projects; ask one.")
    slug, name = request.POST.get("slug", "")[:200], request.POST.get("name", "")[:400]
    try:
        project = domain.create(slug, name, owner=_user(request), at=timezone.now())
    except domain.ProjectRefused as error:
        field, _, problem = str(error).partition(": ")
        return _list(request, ProjectForm(slug, name, problem, field), status=REFUSED)
    messages.success(request, f"{project.name} is there. Let its people in, then launch a study.")
    return redirect("trials:project", project_id=project.pk)


@require_GET
def project(request: HttpRequest, project_id: int) -> HttpResponse:
    """Show one project: its members and its newest studies."""
    return _page(request, _visible(request, project_id))


@require_POST
def set_member(request: HttpRequest, project_id: int) -> HttpResponse:
    """Let a person in, or give them another role."""
    found = _managed(request, project_id)
    name, role = request.POST.get("user", "").strip()[:150], request.POST.get("role", "")
    person = get_user_model().objects.filter(username=name).first()
    try:
        if person is None:
            raise domain.ProjectRefused(f"user: nobody here is called {name!r}; an administrator adds people")
        domain.set_role(found, person, role)
    except domain.ProjectRefused as error:
        return _page(request, found, MemberForm(name, role, str(error).partition(": ")[2]), status=REFUSED)
    messages.success(request, f"{name} is {role} of {found.name} now.")
    return redirect("trials:project", project_id=project_id)


@require_POST
def remove_member(request: HttpRequest, project_id: int, user_id: int) -> HttpResponse:
    """Take a person out of a project."""
    found = _managed(request, project_id)
    person = get_object_or_404(get_user_model(), pk=user_id, memberships__project=found)
    try:
        domain.remove(found, person)
    except domain.ProjectRefused as error:
        return _page(request, found, MemberForm(problem=str(error).partition(": ")[2]), status=REFUSED)
    messages.success(request, f"{person.get_username()} is no longer in {found.name}.")
    gone = person.pk == request.user.pk and not _user(request).is_superuser
    return redirect("trials:projects") if gone else redirect("trials:project", project_id=project_id)


def _list(request: HttpRequest, form: ProjectForm | None = None, *, status: int = 200) -> HttpResponse:
    mine = Project.objects.visible_to(request.user)
    rows = list(Project.objects.filter(pk__in=mine.values("pk")).order_by("name", "pk"))
    members = Membership.objects.filter(project__in=rows).values_list("project_id").annotate(n=Count("id"))
    studies = Study.objects.filter(project__in=rows, archived_at=None).values_list("project_id").annotate(n=Count("id"))
    n_members, n_studies = dict(members), dict(studies)
    n_running = dict(studies.filter(state=Study.State.RUNNING))
    roles = dict(Membership.objects.filter(user_id=_user(request).pk).values_list("project_id", "role"))
    context = {
        "crumbs": [Crumb("Studies", reverse("trials:studies")), Crumb("Projects")],
        "rows": [
            ProjectRow(
                name=row.name,
                slug=row.slug,
                url=reverse("trials:project", args=[row.pk]),
                studies_url=row.get_absolute_url(),
                role=roles.get(row.pk, "administrator"),
                members=n_members.get(row.pk, 0),
                studies=n_studies.get(row.pk, 0),
                running=n_running.get(row.pk, 0),
            )
            for row in rows
        ],
        "form": (form or ProjectForm()) if _user(request).is_superuser else None,
    }
    return render(request, "trials/projects.html", context, status=status)


def _page(request: HttpRequest, found: Project, form: MemberForm | None = None, *, status: int = 200) -> HttpResponse:
    role = found.role_of(request.user)
    may_manage = role == Role.OWNER
    memberships = found.memberships.select_related("user").order_by("user__username")[:MOST_MEMBERS]
    shown = found.studies.filter(archived_at=None).order_by("-last_activity_at", "-id")
    page = ProjectPage(
        name=found.name,
        slug=found.slug,
        your_role="administrator" if _user(request).is_superuser else str(role),
        may_manage=may_manage,
        members=[_member(request, found, one, may_manage) for one in memberships],
        roles=ROLES,
        studies=[_study(study) for study in shown[:MOST_STUDIES]],
        n_studies=shown.count(),
        studies_url=found.get_absolute_url(),
        new_url=address(reverse("trials:new_study"), project=found.slug) if role in {Role.OWNER, Role.EDITOR} else "",
    )
    context = {
        "crumbs": [Crumb("Projects", reverse("trials:projects")), Crumb(found.name)],
        "project": page,
        "form": form or MemberForm(),
        "member_url": reverse("trials:set_member", args=[found.pk]),
    }
    return render(request, "trials/project.html", context, status=status)


def _member(request: HttpRequest, project: Project, membership: Membership, may_manage: bool) -> MemberRow:
    return MemberRow(
        name=membership.user.get_username(),
        role=membership.role,
        is_you=membership.user_id == request.user.pk,
        change_url=reverse("trials:set_member", args=[project.pk]) if may_manage else "",
        remove_url=reverse("trials:remove_member", args=[project.pk, membership.user_id]) if may_manage else "",
    )


def _study(study: Study) -> ProjectStudy:
    return ProjectStudy(
        name=study.name,
        url=study.get_absolute_url(),
        kind=study_kind(study),
        state=state_words(study),
        trials=words.counted(study.n_trials - study.n_waiting, "trial"),
        best=f"{study.metric} {words.number(study.best_value)}" if study.best_value is not None else "",
        active_at=study.last_activity_at,
    )


def _visible(request: HttpRequest, project_id: int) -> Project:
    return get_object_or_404(Project.objects.visible_to(request.user), pk=project_id)


def _managed(request: HttpRequest, project_id: int) -> Project:
    """Return the project for a change of its members: 404 to whom may not see it, 403 to whom does not own it."""
    found = _visible(request, project_id)
    if found.role_of(request.user) != Role.OWNER:
        raise PermissionDenied("Only owners of a project let people in and out; ask one of them.")
    return found


def _user(request: HttpRequest) -> User:
    """Return the person; the site lets nobody else this far."""
    return cast("User", request.user)
