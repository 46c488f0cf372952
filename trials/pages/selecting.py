"""Changing a selection that may be longer than an address: a trial more or less, or all that a query finds."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from trials.pages.access import readable
from trials.pages.frame import Frame
from trials.pages.selection import MOST_STORED, Selection, address, read_numbers
from trials.pages.table_columns import asked_of
from trials.query import QueryError


@require_POST
def select(request: HttpRequest, study_id: int) -> HttpResponse:
    """Answer `{"sel": "…"}` for a selection with trials added and taken out; or select what `q` finds.

    Whoever may read a study may select in it: nothing about the study changes.
    """
    frame = Frame(request, readable(request, study_id))
    if "q" in request.POST:
        return _select_found(frame)
    found = Selection.of_text(frame.study, request.POST.get("sel", ""))
    gone = set(read_numbers(request.POST.get("remove", "").split(",")))
    added = read_numbers(request.POST.get("add", "").split(","))
    numbers = [number for number in (*found.numbers, *added) if number not in gone]
    return JsonResponse({"sel": str(Selection.keep(frame.study, numbers, at=timezone.now()))})


def _select_found(frame: Frame) -> HttpResponse:
    study, posted = frame.study, frame.request.POST
    asked = asked_of(frame, posted)
    path = reverse("trials:trials_table", args=[study.pk])
    try:
        keys = asked.order.keys(asked.trials(now=timezone.now()), MOST_STORED)
    except QueryError as refused:
        return HttpResponse(str(refused), status=400, content_type="text/plain; charset=utf-8")
    numbers = dict(study.trials.filter(pk__in=keys).values_list("pk", "number"))
    selection = Selection.keep(study, (numbers[key] for key in keys if key in numbers), at=timezone.now())
    return redirect(address(path, posted, sel=str(selection), csrfmiddlewaretoken=None))
