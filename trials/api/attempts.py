"""The door for training code elsewhere: report, beat, tell."""

from __future__ import annotations

from typing import ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from trials import remote, reporting
from trials.api import access, serializers
from trials.api.reports import read_report
from trials.running.advancing import advance


class AttemptView(ViewSet):
    """One's own attempts. Every request of an attempt is its beat."""

    token_scopes: ClassVar[dict[str, str]] = {"report": "report", "beat": "report", "tell": "report"}

    @extend_schema(responses=serializers.AttemptSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Return one attempt that one has claimed."""
        return Response(serializers.AttemptSerializer(access.own_attempt(request, pk)).data)

    @extend_schema(request=serializers.ReportSerializer, responses=serializers.AnswerSerializer)
    def report(self, request: Request, pk: int) -> Response:
        """Store one batch and return the verdict. A batch already stored gets its first answer again."""
        attempt = access.own_attempt(request, pk)
        batch, points = read_report(request.data)
        at = timezone.now()
        decision = reporting.report(attempt_id=attempt.pk, batch=batch, points=points, at=at)
        if decision.action.halts:
            advance(attempt.trial.study, at=at)
        return Response(serializers.AnswerSerializer(decision).data)

    @extend_schema(request=None, responses=serializers.AnswerSerializer)
    def beat(self, request: Request, pk: int) -> Response:
        """Keep an attempt alive that has nothing to report yet; the answer may ask it to halt."""
        decision = remote.beat(access.own_attempt(request, pk), at=timezone.now())
        return Response(serializers.AnswerSerializer(decision).data)

    @extend_schema(request=serializers.TellSerializer, responses=serializers.TrialSerializer)
    def tell(self, request: Request, pk: int) -> Response:
        """End the trial: `complete` or `failed`. Telling the same twice changes nothing."""
        attempt = access.own_attempt(request, pk)
        body = serializers.TellSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        trial = remote.tell(attempt, at=timezone.now(), **body.validated_data)
        return Response(serializers.TrialSerializer(trial).data)
