"""What every request and every answer passes through."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from tuning_site.errors import bad_request
from tuning_site.outage import Outage as Trouble
from tuning_site.outage import answer

GetResponse = Callable[[HttpRequest], HttpResponseBase]

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SecurityHeaders:
    """Add the headers that Django's own security middleware leaves to the site."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # What a member sees must not be served from a shared cache; static files bring a header of their own.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class RefuseNul:
    """Answer 400 to a NUL in the path, the query or a cookie: no database column can hold one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if place := _place_of_nul(request):
            return bad_request(request, message=f"The {place} holds a NUL character; remove it.")
        return self.get_response(request)


class LoginRequired(LoginRequiredMiddleware):
    """Let nobody in without a login, except where a view says so; survive an outage while looking up the session."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        try:
            # Django's stub says it always answers; it returns None to let the request through.
            response: HttpResponseBase | None = super().process_view(request, view_func, view_args, view_kwargs)
        except (DatabaseError, OSError) as error:
            return _answer_outage(request, error)
        return response


class Outage:
    """Answer a database that is away or a disk that is full plainly, instead of with a traceback."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        trouble = Trouble.of(error)
        return answer(request, trouble) if trouble else None


def _answer_outage(request: HttpRequest, error: Exception) -> HttpResponse:
    trouble = Trouble.of(error)
    if trouble is None:
        raise error
    return answer(request, trouble)


def _place_of_nul(request: HttpRequest) -> str | None:
    if "\x00" in request.path_info:
        return "address"
    if any("\x00" in text for key, values in request.GET.lists() for text in (key, *values)):
        return "query"
    # A quoted cookie may spell any character in octal.
    return "cookie" if any("\x00" in value for value in request.COOKIES.values()) else None
