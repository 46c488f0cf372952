"""Every refusal of the API in one shape: a stable `code` for programs, a `detail` for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from trials import studies, tags
from trials.plan import PlanError
from trials.reporting import BadReport, ReportRefused

CONFLICTS = (studies.NameTaken, studies.AmendmentRefused, studies.BudgetSpent, studies.CannotContinue)


class BadRequest(exceptions.APIException):
    """A request whose fields make no sense together; the message names the field and the remedy."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "invalid"


class Conflict(exceptions.APIException):
    """What was asked for can no longer happen."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn what the domain and the framework refuse into one shape; None leaves the error to rise.

    Raised errors mark the request's transaction for rollback in the framework's own handler, which is called for the
    headers it knows (`Allow`, `WWW-Authenticate`, `Retry-After`).
    """
    if isinstance(error, PlanError):
        problems = [{"path": item.path, "message": item.message, "line": item.line} for item in error.problems]
        return Response({"code": "bad_plan", "detail": str(error.problems[0]), "problems": problems}, status=400)
    if isinstance(error, ReportRefused):
        refused = 400 if isinstance(error, BadReport) else 409
        return Response({"code": error.code, "detail": error.message}, status=refused)
    if isinstance(error, studies.GateClosed):
        return Response({"code": error.code, "detail": str(error), "gate": asdict(error.gate)}, status=409)
    if isinstance(error, studies.StudyRefused):
        return Response({"code": error.code, "detail": str(error)}, status=409 if isinstance(error, CONFLICTS) else 400)
    if isinstance(error, tags.TagRefused):
        return Response({"code": "invalid", "detail": str(error)}, status=400)
    response = exception_handler(error, dict(context))
    if response is not None:
        response.data = _body(error, response)
    return response


def _body(error: Exception, response: Response) -> dict[str, object]:
    if isinstance(error, Http404 | exceptions.NotFound):
        return {"code": "not_found", "detail": "There is no such thing, or it belongs to a project of others."}
    if isinstance(error, PermissionDenied):
        return {"code": "permission_denied", "detail": "Your role does not allow this."}
    if isinstance(error, exceptions.ValidationError):
        fields = [f"{path}: {message}" for path, message in _flat(error.detail, "")]
        return {"code": "invalid", "detail": "; ".join(fields[:20])}
    assert isinstance(error, exceptions.APIException)  # noqa: S101 - all that the framework's handler answers
    return {"code": str(_code(error)), "detail": str(error.detail)}


def _code(error: exceptions.APIException) -> object:
    return getattr(error.detail, "code", error.default_code)


def _flat(detail: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield (path, message) of every complaint of a serializer."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _flat(inner, f"{path}.{own}".strip("."))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _flat(inner, path)
    else:
        yield path or "body", str(detail)
