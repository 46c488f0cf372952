"""What a token's scope lets through. What a person's role lets through is the domain's answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rest_framework.permissions import SAFE_METHODS, BasePermission

# DRF's views import their default permission, so they cannot be imported by it.
if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


@runtime_checkable
class Scoped(Protocol):
    """What `request.auth` can do if a token was shown."""

    def allows(self, scope: str) -> bool: ...


class TokenScope(BasePermission):
    """Deny by default: authenticated, and with a token only within its scope.

    Reading needs any scope, changing needs ``write``. A view that differs says so:

        token_scopes = {"report": "report", "destroy": "admin"}   # by action, or by method in lower case
    """

    message = "This token's scope does not allow this; create one with a wider scope."

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            return False
        return not isinstance(request.auth, Scoped) or request.auth.allows(required_scope(request.method or "", view))


def required_scope(method: str, view: APIView) -> str:
    """Return the scope that a request needs at a view."""
    declared: Mapping[str, str] = getattr(view, "token_scopes", {})
    action = getattr(view, "action", None) or ""
    default = "report" if method in SAFE_METHODS else "write"
    return declared.get(action) or declared.get(method.lower()) or default
