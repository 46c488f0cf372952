"""The report of a study, to be kept or printed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from pruning.study_report import html_of, name_of
from trials.pages.access import visible_study


@require_GET
def study_report(request: HttpRequest, study_id: int) -> HttpResponse:
    """Return the report as a file: it carries its own styles, which a page of this site may not."""
    study = visible_study(request, study_id)
    response = HttpResponse(html_of(study), content_type="text/html; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name_of(study)}"'
    return response
