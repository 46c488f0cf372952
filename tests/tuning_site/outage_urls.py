"""A site of views that fail, each in one way."""

from pathlib import Path

from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tuning_site.accounts.models import LoginFailure


def read(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{User.objects.count()} people")


def write(request: HttpRequest) -> HttpResponse:
    from django.utils import timezone

    rows = [LoginFailure(key=f"{number:064}", window_started_at=timezone.now()) for number in range(2_000)]
    LoginFailure.objects.bulk_create(rows)
    return HttpResponse("written")


def fill_file(request: HttpRequest) -> HttpResponse:
    with Path("/dev/full").open("w") as full:
        full.write("x")
    return HttpResponse("written")


def wrong_statement(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column FROM auth_user")
    return HttpResponse("never")


def lost_connection(request: HttpRequest) -> HttpResponse:
    raise InterfaceError("connection already closed")


def hidden_cause(request: HttpRequest) -> HttpResponse:
    try:
        read_database_that_is_not_there()
    except DatabaseError as error:
        raise RuntimeError("the study could not be loaded") from error
    return HttpResponse("never")


def read_database_that_is_not_there() -> None:
    import sqlite3

    from django.db import OperationalError

    try:
        sqlite3.connect("/nowhere/at/all.sqlite3")
    except sqlite3.OperationalError as error:
        raise OperationalError(*error.args) from error


class Api(APIView):
    def get(self, request: Request) -> Response:
        return Response({"people": User.objects.count()})


urlpatterns = [
    path("read/", read),
    path("write/", write),
    path("fill-file/", fill_file),
    path("wrong-statement/", wrong_statement),
    path("lost-connection/", lost_connection),
    path("hidden-cause/", hidden_cause),
    path("api/v1/people/", Api.as_view()),
    path("accounts/", include("tuning_site.accounts.urls")),
    path("", include("tuning_site.health.urls")),
]

handler400 = "tuning_site.errors.bad_request"
handler403 = "tuning_site.errors.permission_denied"
handler404 = "tuning_site.errors.not_found"
handler500 = "tuning_site.errors.server_error"
