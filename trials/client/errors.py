"""What may go wrong, as one tree.

ClientError
├── ServerAway          no usable answer within the time allowed
└── Refused             the server understood and said no: `status`, `code`, `detail`
    ├── NotAllowed      401, 403: the token, its scope or its user's role
    ├── NotFound        404
    └── Conflict        409

Training code meets none of them: `report`, `complete` and `fail` of a run never raise for what the network or the
server does.
"""

from __future__ import annotations

from typing import Any


class ClientError(Exception):
    """Anything this package raises by itself."""


class ServerAway(ClientError):
    """No usable answer came within the time allowed."""


class Refused(ClientError):
    """The server understood the request and said no."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status = status
        self.code = code
        """A stable word for programs, such as `stale_attempt` or `bad_plan`."""
        self.detail = detail
        """A sentence for people."""
        super().__init__(f"{detail} ({status}, {code})")


class NotAllowed(Refused):
    """The token, its scope or its user's role does not allow it."""


class NotFound(Refused):
    """There is no such thing, or it belongs to a project of others."""


class Conflict(Refused):
    """What was asked for can no longer happen."""


def refusal(status: int, body: dict[str, Any]) -> Refused:
    """Return the error for an answer of this status."""
    kinds: dict[int, type[Refused]] = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 409: Conflict}
    return kinds.get(status, Refused)(status, str(body.get("code", "refused")), str(body.get("detail", "refused")))
