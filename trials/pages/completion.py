"""What may stand at the cursor of a query, for the list under its field."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from trials import query
from trials.pages.access import readable
from trials.pages.frame import Frame
from trials.query.language import MOST_CHARACTERS


@require_GET
def complete_query(request: HttpRequest, study_id: int) -> JsonResponse:
    """Answer what may replace the piece of `q` that ends `at` the cursor, and what each of its pieces is."""
    frame = Frame(request, readable(request, study_id))
    text = request.GET.get("q", "")[:MOST_CHARACTERS]
    at = request.GET.get("at", "")
    place = int(at) if at.isascii() and at.isdecimal() and len(at) < 6 else len(text)
    catalogue = query.Catalogue(frame.study, frame.plan, frame.looks)
    completion = asdict(query.complete(text, place, catalogue))
    return JsonResponse({**completion, "marks": query.marks(text, catalogue)})
