"""The library for programs: policies with their figures, and the cards of finished studies."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from pruning import cards, catalogue
from pruning.backtest.scores import Scores, Summary
from pruning.catalogue import Known
from pruning.library.card import FIGURES
from pruning.library.record import record
from pruning.library.starter import made, starter
from pruning.models import StudyCard
from trials.api import access
from trials.api.paging import KeysetPagination

FILTERS = {"project": "study__project__slug", "metric": "metric", "policy": "fingerprint"}


class FigureSerializer(serializers.Serializer[Any]):
    """One figure: bounds where recordings break off, with its 95 % interval."""

    at_least = serializers.FloatField()
    at_most = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class FiguresSerializer(serializers.Serializer[Any]):
    """What a policy did on some studies."""

    n_studies = serializers.IntegerField()
    interval_over = serializers.CharField(help_text="what the intervals were drawn from")
    compute = FigureSerializer()
    regret = FigureSerializer()
    lost = FigureSerializer()
    material = FigureSerializer()


class PolicySerializer(serializers.Serializer[Any]):
    """A policy of the library."""

    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    fingerprint = serializers.CharField(help_text="empty for a rule that is made anew for every study's steps")
    n_uses = serializers.IntegerField(help_text="studies of yours that ran under this version")
    total = FiguresSerializer(allow_null=True)


class OnePolicySerializer(PolicySerializer):
    """A policy with its settings and its figures by family."""

    policy = serializers.JSONField(allow_null=True, help_text="as a plan may write it")
    families = serializers.DictField(child=FiguresSerializer())


class CardSerializer(serializers.ModelSerializer[StudyCard]):
    """A card; its body is described in the documentation."""

    study = serializers.IntegerField(source="study_id")
    card = serializers.JSONField(source="body")

    class Meta:
        model = StudyCard
        fields = ["study", "created_at", "card"]


class StarterSerializer(serializers.Serializer[Any]):
    """The starter library."""

    made = serializers.JSONField(help_text="how it was made")
    cards = serializers.ListField(child=serializers.JSONField())


class PoliciesSerializer(serializers.Serializer[Any]):
    """A list in one page."""

    next = serializers.CharField(allow_null=True)
    results = PolicySerializer(many=True)


class PoliciesView(APIView):
    """The policies that the library knows."""

    @extend_schema(operation_id="policies_list", responses=PoliciesSerializer)
    def get(self, request: Request) -> Response:
        """Return the named policies with their figures, then the versions that studies of yours ran under."""
        kept = [one.card for one in cards.visible_to(request.user)]
        total = record(kept, catalogue.fingerprints()).total()
        known = [*catalogue.named(), *catalogue.versions(request.user)]
        return Response({"next": None, "results": [_plain(one, total) for one in known]})


class PolicyView(APIView):
    """One policy."""

    @extend_schema(responses=OnePolicySerializer)
    def get(self, request: Request, key: str) -> Response:
        """Return a policy: its settings, and what it did on the studies of the library, by family."""
        known = catalogue.find(key, request.user)
        if known is None:
            raise Http404
        kept = [one.card for one in cards.visible_to(request.user)]
        scores = record(kept, {known.on_cards: known.fingerprint})
        return Response(
            {
                **_plain(known, scores.total()),
                "policy": known.policy.to_mapping() if known.policy else None,
                "families": {family: _family(scores, family, known) for family in scores.families},
            }
        )


class CardView(ListModelMixin, GenericViewSet[StudyCard]):
    """The cards of finished studies."""

    serializer_class = CardSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[StudyCard]:
        query = self.request.query_params
        asked = {column: query[name] for name, column in FILTERS.items() if name in query}
        return StudyCard.objects.visible_to(self.request.user).filter(**asked)

    @extend_schema(parameters=[OpenApiParameter(name) for name in FILTERS])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the cards of the studies of one's projects."""
        return super().list(request, *args, **kwargs)

    def retrieve(self, request: Request, pk: int) -> Response:
        """Return a study's card; 404 until it has one."""
        row = StudyCard.objects.filter(study=access.visible_study(request, pk)).first()
        if row is None:
            raise Http404
        return Response(self.get_serializer(row).data)


class StarterView(APIView):
    """The cards that ship with the software."""

    @extend_schema(responses=StarterSerializer)
    def get(self, request: Request) -> Response:
        """Return the starter library with its provenance."""
        return Response({"made": made(), "cards": [card.to_mapping() for card in starter()]})


def _plain(known: Known, total: Summary | None) -> dict[str, Any]:
    name = known.on_cards
    return {
        "key": known.key,
        "name": known.label,
        "description": known.description,
        "fingerprint": known.fingerprint,
        "n_uses": known.n_uses,
        "total": _figures(total, name) if total is not None and name in total.policies else None,
    }


def _family(scores: Scores, family: str, known: Known) -> dict[str, Any]:
    return _figures(scores.family(family), known.on_cards)


def _figures(summary: Summary, name: str) -> dict[str, Any]:
    figures = {figure: asdict(summary.estimate(name, figure)) for figure in FIGURES}
    return {"n_studies": summary.studies, "interval_over": summary.over, **figures}
