"""Pages that stay fresh: the same address answers `?version=` with nothing, the changed parts, or "stop asking"."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response

from trials import head
from trials.models import Study
from trials.pages.paced import SHARE
from trials.pages.parts import Live
from trials.pages.selection import address

STOP_ASKING = 286
# With this and the time of one answer, a report shows within two seconds.
EVERY_S = 1


def live_for(request: HttpRequest, study: Study, version: str = "") -> Live | None:
    """Return where this page asks for newer parts; an ended study does not change any more.

    version: of what the page shows, where that is not the study's own.
    """
    if study.state == Study.State.ENDED:
        return None
    return Live(url=address(request.path, request.GET), version=version or head.live_version(study), every_s=EVERY_S)


def unchanged(request: HttpRequest, version: str) -> HttpResponse | None:
    """Return 204 if the browser asks and already shows this version, or only asks which there is: it is paused."""
    if "paused" in request.GET and "version" in request.GET:
        return HttpResponse(status=204, headers={"X-Version": version})
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


class _Answer(NamedTuple):
    """A body as it was sent, when it was made, and for how long it holds whatever has changed since."""

    tag: str
    body: bytes
    made_at: float
    holds_s: float


ANSWERS = 24
_answers: OrderedDict[str, _Answer] = OrderedDict()
_guard = threading.Lock()


def paced_json(request: HttpRequest, key: str, tag: str, build: Callable[[], Mapping[str, object]]) -> HttpResponse:
    """Answer as `json_if_changed` does, but make the answer anew no oftener than its cost allows.

    key: what is asked for, the same for everybody who may ask; tag: its version. An answer that is behind says in
    `Retry-After` when a newer one can be had.
    """
    held = _answers.get(key)
    left = held.made_at + held.holds_s - time.monotonic() if held is not None else 0.0
    if held is None or (held.tag != tag and left <= 0):
        began = time.monotonic()
        body = json.dumps(build(), separators=(",", ":"), allow_nan=False).encode()
        now = time.monotonic()
        held = _Answer(tag, body, now, (now - began) / SHARE)
        with _guard:
            _answers[key] = held
            _answers.move_to_end(key)
            while len(_answers) > ANSWERS:
                _answers.popitem(last=False)
    etag = f'"{held.tag}"'
    headers = {"ETag": etag}
    if held.tag != tag:
        headers["Retry-After"] = str(max(1, round(left)))
    if get_conditional_response(request, etag=etag) is not None:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(held.body, content_type="application/json", headers=headers)


def forget() -> None:
    """Forget every kept answer; for tests that write the same rows again."""
    _answers.clear()
