"""Who may touch what. Not to be seen is 404, to be seen but not changed is 403."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from trials.models import Attempt, Project, Study, Trial
from trials.models.project import Person

M = TypeVar("M", bound=Model)


def visible_study(request: Request, study_id: int) -> Study:
    """Return a study of the person's projects."""
    return get_object_or_404(Study.objects.visible_to(_person(request)).select_related("project"), pk=study_id)


def editable_study(request: Request, study_id: int) -> Study:
    """Return a study that the person may launch, stop and report in."""
    study = visible_study(request, study_id)
    _require(Study.objects.editable_by(_person(request)), study)
    return study


def visible_trial(request: Request, study_id: int, number: int) -> Trial:
    """Return a trial of a study of the person's projects."""
    return get_object_or_404(visible_study(request, study_id).trials.select_related("study"), number=number)


def editable_trial(request: Request, study_id: int, number: int) -> Trial:
    """Return a trial that the person may stop."""
    return get_object_or_404(editable_study(request, study_id).trials.select_related("study"), number=number)


def editable_project(request: Request, slug: str) -> Project:
    """Return a project that the person may launch studies in."""
    project = get_object_or_404(Project.objects.visible_to(_person(request)), slug=slug)
    _require(Project.objects.editable_by(_person(request)), project)
    return project


def own_attempt(request: Request, attempt_id: int) -> Attempt:
    """Return an attempt that this person claimed over HTTP; a worker's or another person's does not exist here."""
    person = _person(request)
    attempts = Attempt.objects.filter(worker=None, claimed_by=person.get_username()).select_related("trial__study")
    attempt = get_object_or_404(attempts.filter(trial__in=Trial.objects.visible_to(person)), pk=attempt_id)
    _require(Study.objects.editable_by(person), attempt.trial.study)
    return attempt


def _person(request: Request) -> Person:
    return request.user


def _require(allowed: QuerySet[M], instance: M) -> None:
    if not allowed.filter(pk=instance.pk).exists():
        raise PermissionDenied("Your role in this project is to read; ask an owner to make you an editor.")
