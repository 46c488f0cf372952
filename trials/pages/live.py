"""Pages that stay fresh: the same address answers `?version=` with nothing, the changed parts, or "stop asking"."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response

from trials import head
from trials.models import Study
from trials.pages.parts import Live
from trials.pages.selection import address

STOP_ASKING = 286
# With this and the time of one answer, a report shows within two seconds.
EVERY_S = 1


def live_for(request: HttpRequest, study: Study) -> Live | None:
    """Return where this page asks for newer parts; an ended study does not change any more."""
    if study.state == Study.State.ENDED:
        return None
    return Live(url=address(request.path, request.GET), version=head.live_version(study), every_s=EVERY_S)


def unchanged(request: HttpRequest, version: str) -> HttpResponse | None:
    """Return 204 if the browser asks and already shows this version."""
    return HttpResponse(status=204) if request.GET.get("version") == version else None


def page(
    request: HttpRequest, template: str, context: Mapping[str, object], *, version: str, ended: bool = False
) -> HttpResponse:
    """Render the page, or for `?version=` only its live parts (`<template>_live.html`)."""
    if "version" not in request.GET:
        return render(request, f"{template}.html", dict(context))
    response = render(
        request, f"{template}_live.html", {**context, "live_part": True}, status=STOP_ASKING if ended else 200
    )
    response["X-Version"] = version
    return response


def json_if_changed(request: HttpRequest, tag: str, build: Callable[[], Mapping[str, object]]) -> HttpResponse:
    """Answer 304 if the browser holds this version, else the JSON with its ETag."""
    etag = f'"{tag}"'
    not_modified = get_conditional_response(request, etag=etag)
    if not_modified is not None:
        return HttpResponse(status=not_modified.status_code, headers={"ETag": etag})
    return JsonResponse(build(), headers={"ETag": etag}, json_dumps_params={"separators": (",", ":")})
