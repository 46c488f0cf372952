"""Fetching with permission: what a person may not see does not exist; what they may only read answers 403."""

from __future__ import annotations

from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from trials.models import Study, Trial


class Access(NamedTuple):
    """A study as one person meets it."""

    study: Study
    may_edit: bool


def readable(request: HttpRequest, study_id: int) -> Access:
    """Return the study if the person may see it, else 404; with what they may do to it."""
    study = get_object_or_404(Study.objects.visible_to(request.user).select_related("project"), pk=study_id)
    return Access(study, Study.objects.editable_by(request.user).filter(pk=study_id).exists())


def visible_study(request: HttpRequest, study_id: int) -> Study:
    """Return the study if the person may see it, else 404."""
    return get_object_or_404(Study.objects.visible_to(request.user), pk=study_id)


def editable_study(request: HttpRequest, study_id: int) -> Study:
    """Return the study for a change: 404 if the person may not see it, 403 if they may only read."""
    study, may_edit = readable(request, study_id)
    if not may_edit:
        raise PermissionDenied("You may read this project but not change it; ask an owner for the role of an editor.")
    return study


def trial_of(study: Study, number: int) -> Trial:
    """Return the study's trial with this number, else 404."""
    return get_object_or_404(Trial.objects.select_related("study", "continues"), study=study, number=number)
