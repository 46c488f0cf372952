"""Reading what a request brings."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.request import Request
from rest_framework.serializers import Serializer

from trials.plan import Plan, read_data, read_plan


def read(kind: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return a request's fields; 400 names those that do not fit."""
    body = kind(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def plan_of(body: dict[str, Any]) -> tuple[Plan, str]:
    """Return the plan and the text it is kept as."""
    plan = body["plan"]
    return (read_plan(plan), plan) if isinstance(plan, str) else (read_data(plan), json.dumps(plan, indent=2))
