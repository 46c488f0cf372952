"""Pages and answers for what went wrong. None of them asks the database anything."""

import sys
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token

API_PREFIX: Final = "/api/"

HEADINGS: Final = {
    400: "That request could not be read",
    403: "Not allowed",
    404: "Not found",
    500: "Something broke on our side",
    503: "Back in a moment",
    507: "The disk is full",
}


def wants_json(request: HttpRequest) -> bool:
    """Say whether a program is asking, rather than a person's browser."""
    return (
        request.path_info.startswith(API_PREFIX)
        or request.get_preferred_type(["text/html", "application/json"]) == "application/json"
    )


def answer_in_kind(request: HttpRequest, *, status: int, code: str, message: str) -> HttpResponse:
    """Answer with JSON to a program and with a page to a person."""
    if wants_json(request):
        return JsonResponse({"code": code, "detail": message}, status=status)
    page = render_to_string("errors/plain.html", {"status": status, "heading": HEADINGS[status], "message": message})
    return HttpResponse(page, status=status)


@requires_csrf_token
def bad_request(
    request: HttpRequest,
    exception: Exception | None = None,
    message: str = "The request is malformed; check the form or the address.",
) -> HttpResponse:
    return answer_in_kind(request, status=400, code="bad_request", message=message)


@requires_csrf_token
def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    message = "Your role does not allow this. An owner of the project can change your role."
    return answer_in_kind(request, status=403, code="permission_denied", message=message)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = "This form has expired, or cookies are switched off. Go back, reload the page and send it again."
    return answer_in_kind(request, status=403, code="csrf_failed", message=message)


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    message = "There is nothing at this address, or it belongs to a project that you are not a member of."
    return answer_in_kind(request, status=404, code="not_found", message=message)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an exception that no view caught; an outage met outside a view ends here as well."""
    # Imported late: tuning_site.outage answers through this module.
    from tuning_site.outage import Outage, answer

    error = sys.exc_info()[1]
    outage = Outage.of(error) if error else None
    if outage:
        return answer(request, outage)
    message = "The error is in the server's log. Nothing you had saved is lost; reload, or go back and try again."
    return answer_in_kind(request, status=500, code="internal_error", message=message)
