"""Backtests, to be asked for and read by programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from pruning.backtest import NAMED
from pruning.lab import asking, sessions
from pruning.lab.deletions import forget
from pruning.models import Backtest
from trials.api import access
from trials.api.bodies import read
from trials.api.paging import KeysetPagination
from trials.models import Job

POLICY = {
    "oneOf": [
        {"type": "string", "enum": list(NAMED)},
        {"type": "object", "properties": {"version": {"type": "integer"}}, "required": ["version"]},
        {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "policy": {"oneOf": [{"type": "string"}, {"type": "object"}], "description": "YAML text or data"},
            },
            "required": ["policy"],
        },
    ]
}


@extend_schema_field({"type": "array", "items": POLICY})
class PoliciesField(serializers.Field[Any, Any, Any, Any]):
    """A list of names, stored versions and written-out policies."""


@extend_schema_field({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}})
class CurvesField(serializers.Field[Any, Any, Any, Any]):
    """Registered folders with the families chosen; an empty list for all."""


class AskSerializer(serializers.Serializer[Any]):
    """What is to be played on what; described here, read and refused by `pruning.lab.asking` as for the page."""

    project = serializers.CharField()
    name = serializers.CharField(required=False)
    studies = serializers.ListField(child=serializers.IntegerField(), required=False)
    curves = CurvesField(required=False)
    policies = PoliciesField()
    against = serializers.CharField(required=False)
    orders = serializers.IntegerField(required=False, min_value=1, max_value=asking.MOST_ORDERS)
    workers = serializers.IntegerField(required=False, min_value=1, max_value=asking.MOST_WORKERS)


class RenameSerializer(serializers.Serializer[Any]):
    """Another name."""

    name = serializers.CharField(allow_blank=True, max_length=sessions.MOST_NAME, help_text="empty: after its policies")


class BacktestSerializer(serializers.ModelSerializer[Backtest]):
    """A backtest and how far it has come."""

    project = serializers.CharField(source="project.slug")
    studies = serializers.SerializerMethodField()
    curves = serializers.JSONField(source="folders")
    policies = serializers.ListField(source="policy_names", child=serializers.CharField())
    state = serializers.CharField(source="job.state")
    message = serializers.CharField(source="job.message")
    done = serializers.FloatField(source="job.done")
    total = serializers.FloatField(source="job.total")
    url = serializers.CharField(source="get_absolute_url")

    class Meta:
        model = Backtest
        fields = [
            "id",
            "project",
            "name",
            "studies",
            "curves",
            "policies",
            "against",
            "orders",
            "workers",
            "state",
            "message",
            "done",
            "total",
            "created_at",
            "url",
        ]

    @extend_schema_field({"type": "array", "items": {"type": "integer"}})
    def get_studies(self, backtest: Backtest) -> list[int]:
        return sorted(study.pk for study in backtest.studies.all())


class PlayedSerializer(BacktestSerializer):
    """A backtest with its figures, as `manage.py backtest --json` writes them; null until all is played."""

    result = serializers.SerializerMethodField()

    class Meta(BacktestSerializer.Meta):
        fields = [*BacktestSerializer.Meta.fields, "result"]

    @extend_schema_field({"type": "object", "nullable": True})
    def get_result(self, backtest: Backtest) -> Mapping[str, Any] | None:
        return backtest.job.result if backtest.job.state == Job.State.DONE else None


class BacktestView(ListModelMixin, GenericViewSet[Backtest]):
    """What policies would have done to finished studies and recorded curves."""

    serializer_class = BacktestSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Backtest]:
        rows = Backtest.objects.visible_to(self.request.user).defer("job__result")
        return rows.select_related("project", "job").prefetch_related("studies")

    @extend_schema(request=AskSerializer, responses={201: BacktestSerializer})
    def create(self, request: Request) -> Response:
        """Have policies played; a job does it, and `state` says how far it is."""
        data = request.data
        if not isinstance(data, Mapping):
            raise ValidationError({"body": ["send an object"]})
        access.editable_project(request, str(data.get("project") or ""))
        try:
            backtest = sessions.start(asking.read(data, request.user), user=request.user)
        except asking.Refused as error:
            raise ValidationError([str(problem) for problem in error.problems])
        return Response(self.get_serializer(backtest).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RenameSerializer, responses=BacktestSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Give a backtest another name."""
        name = read(RenameSerializer, request)["name"]
        backtest = get_object_or_404(self.get_queryset(), pk=pk)
        _refuse_unless(Backtest.objects.editable_by(request.user), backtest)
        sessions.rename(backtest, name)
        return Response(self.get_serializer(backtest).data)

    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a backtest with its figures; who asked for it may, and the project's owners."""
        backtest = get_object_or_404(self.get_queryset(), pk=pk)
        _refuse_unless(Backtest.objects.deletable_by(request.user), backtest)
        forget(Backtest.objects.filter(pk=backtest.pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=PlayedSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Return one backtest, with its figures once all is played."""
        rows = Backtest.objects.visible_to(request.user).select_related("project", "job").prefetch_related("studies")
        return Response(PlayedSerializer(get_object_or_404(rows, pk=pk)).data)


def _refuse_unless(allowed: QuerySet[Backtest], backtest: Backtest) -> None:
    if not allowed.filter(pk=backtest.pk).exists():
        raise PermissionDenied
