"""Changing a selection that may be longer than an address: a trial more or less, or all that a query finds."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from trials.pages.access import readable
from trials.pages.frame import Frame
from trials.pages.selection import MOST_IN_ADDRESS, MOST_STORED, Selection, address, read_numbers
from trials.pages.table_columns import asked_of
from trials.query import QueryError


@require_POST
def select(request: HttpRequest, study_id: int) -> HttpResponse:
    """Answer `{"sel": "…", "n": 2}` for a selection with trials added and taken out, or for what `query` finds; or
    select what the table's `q` finds and show it there.

    Whoever may read a study may select in it: nothing about the study changes.
    """
    frame = Frame(request, readable(request, study_id))
    if "query" in request.POST:
        return _select_by_query(frame)
    if "q" in request.POST:
        return _select_found(frame)
    found = Selection.of_text(frame.study, request.POST.get("sel", ""))
    gone = set(read_numbers(request.POST.get("remove", "").split(",")))
    added = read_numbers(request.POST.get("add", "").split(","))
    numbers = [number for number in (*found.numbers, *added) if number not in gone]
    return _told(Selection.keep(frame.study, numbers, at=timezone.now()))


def _select_by_query(frame: Frame) -> HttpResponse:
    """Select what a query finds: a few by their numbers, more by the query. A form says in `next` where it leads."""
    text = frame.request.POST["query"].strip()
    try:
        found = Selection.reading(frame.study, text) if text else Selection()
    except QueryError as refused:
        return _refused(refused)
    selection = found if len(found) > MOST_IN_ADDRESS else Selection(found.numbers)
    back = frame.request.POST.get("next", "")
    if not back:
        return _told(selection)
    if not (back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)):
        back = reverse("trials:trials_table", args=[frame.study.pk])
    path, _, query = back.partition("?")
    return redirect(address(path, QueryDict(query), sel=str(selection) or None))


def _told(selection: Selection) -> JsonResponse:
    return JsonResponse({"sel": str(selection), "n": len(selection)})


def _refused(refused: QueryError) -> HttpResponse:
    return HttpResponse(str(refused), status=400, content_type="text/plain; charset=utf-8")


def _select_found(frame: Frame) -> HttpResponse:
    study, posted = frame.study, frame.request.POST
    asked = asked_of(frame, posted)
    path = reverse("trials:trials_table", args=[study.pk])
    try:
        keys = asked.order.keys(asked.trials(now=timezone.now()), MOST_STORED)
    except QueryError as refused:
        return _refused(refused)
    numbers = dict(study.trials.filter(pk__in=keys).values_list("pk", "number"))
    selection = Selection.keep(study, (numbers[key] for key in keys if key in numbers), at=timezone.now())
    return redirect(address(path, posted, sel=str(selection), csrfmiddlewaretoken=None))
