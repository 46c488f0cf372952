"""A plan is made, judged and launched: one page, the same plan as a form and as YAML."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from trials import cloning, studies
from trials.models import Project, Study
from trials.pages import draft_form, gate
from trials.pages.access import readable
from trials.pages.draft_form import Draft
from trials.pages.forecast import forecast
from trials.pages.parts import Crumb
from trials.plan import Plan, Problem
from trials.sanitise import clean_text

REFUSED = 422
START: dict[str, object] = {"budget": {"trials": 50}}


@require_http_methods(["GET", "POST"])
def new_study(request: HttpRequest) -> HttpResponse:
    """Show the editor; a POST presses one of its buttons, the last of which launches."""
    projects = _projects(request)
    if request.method == "GET":
        draft, origin = _begin(request)
        return _page(request, projects, draft, origin=origin)
    action, _, argument = request.POST.get("go", "check").partition(":")
    draft = Draft.of(request.POST)
    if action == "launch":
        return _launch(request, projects, replace(draft, checked=True))
    if action == "policy":
        draft = _advised(request, projects, draft, argument)
    else:
        draft = draft_form.acted(draft, action, argument)
    return _page(request, projects, replace(draft, checked=draft.checked or action == "verify"), ask=action == "gate")


@require_POST
def ask_gate(request: HttpRequest) -> HttpResponse:
    """Return what the policy would have done to similar past studies: the part that may take seconds."""
    projects = _projects(request)
    plan, _, _ = Draft.of(request.POST).read()
    words = None if plan is None else gate.ask(plan, user=request.user, project=_chosen(request, projects))
    return render(request, "trials/parts/draft_gate.html", {"gate": words, "asked": True, "unread": plan is None})


def _begin(request: HttpRequest) -> tuple[Draft, tuple[str, str]]:
    study = _origin_study(request)
    if study is None:
        return Draft.new(START), ("", "")
    if _follows(request):
        data = cloning.next_plan_data(study, project=study.project)
        return Draft.new(data), (study.name, study.get_absolute_url())
    return Draft.new(cloning.plan_data(study, project=study.project)), (study.name, study.get_absolute_url())


def _origin_study(request: HttpRequest) -> Study | None:
    """Return the study to begin with, cloned or followed; 404 for one that the person may not see."""
    return _study_named(request, request.GET.get("from", "") or request.GET.get("next", ""))


def _study_named(request: HttpRequest, text: str) -> Study | None:
    return readable(request, int(text)).study if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _follows(request: HttpRequest) -> str:
    """Return the key of the study that the new one is to follow, as the address or the form carries it."""
    return request.POST.get("follows", "") if request.method == "POST" else request.GET.get("next", "")


def _launch(request: HttpRequest, projects: Sequence[Project], draft: Draft) -> HttpResponse:
    project = _chosen(request, projects)
    plan, text, problems = draft.read()
    if plan is None:
        return _page(request, projects, draft, status=REFUSED, read=(plan, problems))
    followed = _study_named(request, _follows(request))
    try:
        study = studies.launch_once(
            plan,
            project=project,
            user=request.user,
            source=text,
            at=timezone.now(),
            key=uuid.UUID(draft.key),
            follows=followed,
        )
    except studies.StudyRefused as error:
        is_closed = isinstance(error, studies.GateClosed)
        return _page(request, projects, draft, status=REFUSED, read=(plan, [_refusal(error)]), ask=is_closed)
    messages.success(request, f"Launched: {plan.budget.trials:,} trials. They start as soon as a slot is free.")
    return redirect(study)


def _refusal(error: studies.StudyRefused) -> Problem:
    """Return what stands in the way of a launch; past studies one by one are beside it, under the gate."""
    if isinstance(error, studies.GateClosed):
        return Problem(path="policy.safety_gate", message=f"{error.gate.sentence} {error.gate.remedy}")
    path, _, message = str(error).partition(": ")
    return Problem(path=path, message=message)


def _page(
    request: HttpRequest,
    projects: Sequence[Project],
    draft: Draft,
    *,
    origin: tuple[str, str] = ("", ""),
    status: int = 200,
    read: tuple[Plan | None, list[Problem]] | None = None,
    ask: bool = False,
) -> HttpResponse:
    if read is None:
        plan, _, problems = draft.read()
        read = plan, problems
    plan, problems = read
    project = _chosen(request, projects)
    context: dict[str, Any] = {
        "crumbs": [Crumb("Studies", reverse("trials:studies")), Crumb("New study")],
        "draft": draft_form.page(
            draft, problems, n_trials=plan.budget.trials if plan else None, origin=_origin(request, origin)
        ),
        "follows": _follows(request),
        "projects": draft_form.project_options(projects, project.slug),
        "forecast": forecast(plan, request.user) if plan is not None else None,
        "gate": gate.ask(plan, user=request.user, project=project) if ask and plan is not None else None,
        "asked": ask,
        "unread": plan is None,
    }
    return render(request, "trials/new_study.html", context, status=status)


def _origin(request: HttpRequest, origin: tuple[str, str]) -> tuple[str, str]:
    if origin[0]:
        return origin
    url = request.POST.get("origin_url", "")
    return clean_text(request.POST.get("origin", "")[:200]), url if url.startswith("/studies/") else ""


def _advised(request: HttpRequest, projects: Sequence[Project], draft: Draft, argument: str) -> Draft:
    plan, _, _ = draft.read()
    if plan is None or not argument.isdecimal():
        return draft
    return gate.take_advice(draft, plan, int(argument[:4]), user=request.user, project=_chosen(request, projects))


def _projects(request: HttpRequest) -> list[Project]:
    """Return the projects that the person may launch studies in; 403 without one."""
    found = list(Project.objects.editable_by(request.user).order_by("name", "pk"))
    if not found:
        raise PermissionDenied("Launching takes the role of an editor in a project; ask an owner for it.")
    return found


def _chosen(request: HttpRequest, projects: Sequence[Project]) -> Project:
    """Return the project that the form names; the address's, the origin's or the first one before it was sent."""
    if request.method == "POST":
        slug = request.POST.get("project", "")
        found = next((project for project in projects if project.slug == slug), None)
        if found is None:
            raise PermissionDenied("You may not launch studies in this project; choose one of yours.")
        return found
    origin = _origin_study(request)
    asked = origin.project.slug if origin is not None else request.GET.get("project", "")
    return next((project for project in projects if project.slug == asked), projects[0])
