"""Lists in pages that cost the same however far one reads: the next page begins after the last key of this one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from trials.api.errors import BadRequest

MOST = 1000
USUAL = 100
DIGITS = 18


class KeysetPagination(BasePagination):
    """Pages by one ascending unique column, `id` unless the view names another as `page_key`.

    Query: `limit` (1 to 1000, 100 if left out) and `after`, which `next` carries.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.request = request
        self.key: str = getattr(view, "page_key", "pk")
        self.limit = read_integer(request, "limit", low=1, high=MOST, default=USUAL) or USUAL
        after = read_integer(request, "after", low=0, high=10**DIGITS, default=None)
        if after is not None:
            queryset = queryset.filter(**{f"{self.key}__gt": after})
        page = list(queryset.order_by(self.key)[: self.limit + 1])
        self.has_more = len(page) > self.limit
        self.page = page[: self.limit]
        return self.page

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._next(), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": "string", "format": "uri", "nullable": True},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": MOST}},
            {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0}},
        ]

    def _next(self) -> str | None:
        if not self.has_more:
            return None
        query = self.request.query_params.dict() | {"after": str(getattr(self.page[-1], self.key))}
        return f"{self.request.build_absolute_uri(self.request.path)}?{urlencode(query)}"


def read_integer(request: Request, name: str, *, low: int, high: int, default: int | None) -> int | None:
    """Return a whole number out of the query; 400 for anything else."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS and low <= int(text) <= high):
        raise BadRequest(f"{name}: {text[:40]!r} is not a whole number from {low} to {high}")
    return int(text)
