"""What past studies say to a plan before it is launched, for programs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from trials.api import access
from trials.api.bodies import plan_of, read
from trials.api.serializers import LaunchSerializer, StudySerializer
from trials.seam import Advice, Gate, Replayed, Suggestion, reviewer


class Pair(serializers.ListField):
    """Two ends of a range."""

    child = serializers.FloatField()


class ReplayedSerializer(serializers.Serializer[Replayed]):
    """One past study on which a policy was replayed."""

    name = serializers.CharField()
    distance = serializers.FloatField(help_text="how unlike the planned study it is; at most 1 counts as similar")
    saved = Pair(help_text="share of the training, from the worst to the best case")
    lost = Pair(help_text="share of lost winners, from the best to the worst case")
    source = serializers.CharField(help_text="`replay` or `library`")  # type: ignore[assignment]  # a field's name
    url = serializers.CharField(help_text="of the study's page; empty for one of the starter library")
    likely_lost = serializers.FloatField(allow_null=True, help_text="the share lost as far as it can be told")
    orders = serializers.IntegerField(help_text="random orders in which it was played")
    control = serializers.IntegerField(
        allow_null=True,
        help_text="complete curves that no rule chose, on which an estimate rests; null: nothing estimated",
    )
    winner = serializers.CharField(help_text="what would have become of its best trial, in a sentence")
    winner_verdict = serializers.CharField(help_text="what would have been said where it was stopped most often")


class GateSerializer(serializers.Serializer[Gate]):
    """What a plan's policy would have done to similar past studies."""

    mode = serializers.ChoiceField(choices=["warn", "block", "off"])
    blocks = serializers.BooleanField(help_text="whether a launch is refused with it")
    finding = serializers.CharField(
        help_text="`kept`, `doubtful` (more often than `risk`, which may be chance), `exceeded` (beyond doubt), `thin` "
        "(nobody can tell); empty if nothing is known"
    )
    is_exceeded = serializers.BooleanField(
        help_text="lost more often than `risk` beyond doubt: what a gate may block on"
    )
    sentence = serializers.CharField()
    doubt = serializers.CharField()
    remedy = serializers.CharField()
    risk = serializers.FloatField(allow_null=True)
    saved = serializers.FloatField(allow_null=True)
    saved_interval = Pair(allow_null=True)
    lost = serializers.FloatField(allow_null=True)
    lost_interval = Pair(allow_null=True)
    lost_bounds = Pair(allow_null=True, help_text="the best and the worst case of what recordings leave open")
    studies = ReplayedSerializer(many=True)


class LaunchedSerializer(StudySerializer):
    """A study that was just launched, and what the gate said."""

    state = serializers.CharField(help_text="`RUNNING`")
    gate = GateSerializer()

    class Meta(StudySerializer.Meta):
        fields = [*StudySerializer.Meta.fields, "gate"]


class SuggestionSerializer(serializers.Serializer[Suggestion]):
    """A policy that did well on similar studies."""

    name = serializers.CharField()
    policy = serializers.JSONField(help_text="what to write into the plan")
    description = serializers.CharField()
    sentence = serializers.CharField()
    distance = serializers.FloatField(allow_null=True)
    n_studies = serializers.IntegerField()
    is_default = serializers.BooleanField()


class AdviceSerializer(serializers.Serializer[Advice]):
    """Policies for a plan, the best supported first."""

    sentence = serializers.CharField()
    suggestions = SuggestionSerializer(many=True)


class ForecastSerializer(serializers.Serializer[Any]):
    """What past studies say to a plan."""

    gate = GateSerializer()
    advice = AdviceSerializer()


class ForecastView(APIView):
    """Ask before launching."""

    @extend_schema(request=LaunchSerializer, responses=ForecastSerializer)
    def post(self, request: Request) -> Response:
        """Return what a plan's policy would have done to similar past studies, and which policies did well there.

        Nothing is stored. It may compute for some seconds.
        """
        body = read(LaunchSerializer, request)
        project = access.editable_project(request, body["project"])
        plan, _ = plan_of(body)
        gate = reviewer().forecast(plan, user=request.user, project=project)
        advice = reviewer().advise(plan, user=request.user, project=project)
        return Response(ForecastSerializer({"gate": gate, "advice": advice}).data)
