"""A study's plan once more: to read and change, or to launch as it stands."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from trials import cloning, studies
from trials.api import access
from trials.api.bodies import plan_of, read
from trials.api.serializers import StudySerializer


class PlanToCloneSerializer(serializers.Serializer[Any]):
    """What a launch of the clone takes."""

    project = serializers.CharField(help_text="slug of the study's project")
    plan = serializers.DictField(help_text="the plan in force, under a name that the project has no study of")


class CloneSerializer(serializers.Serializer[Any]):
    """Where to launch the clone, and what to call it."""

    project = serializers.CharField(max_length=64, required=False, help_text="the study's own, if left out")
    name = serializers.CharField(max_length=200, required=False, help_text="a free one, if left out")
    key = serializers.UUIDField(required=False, help_text="the same one again launches nothing new")


class CloneView(APIView):
    """Clone a study."""

    @extend_schema(responses=PlanToCloneSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return the plan that a clone would have: to be changed and launched with `POST studies`."""
        study = access.visible_study(request, pk)
        return Response({"project": study.project.slug, "plan": cloning.plan_data(study, project=study.project)})

    @extend_schema(request=CloneSerializer, responses={201: StudySerializer, 200: StudySerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Launch the study's plan once more, through the safety gate; 200 where `key` was used before."""
        origin = access.visible_study(request, pk)
        body = read(CloneSerializer, request)
        project = access.editable_project(request, body.get("project", origin.project.slug))
        data = cloning.plan_data(origin, project=project)
        plan, source = plan_of({"plan": data | {"name": body.get("name", data["name"])}})
        key, user = body.get("key", uuid.uuid4()), request.user
        known = studies.launched_with(key, user)
        study = known or studies.launch_once(
            plan, project=project, user=user, source=source, at=timezone.now(), key=key
        )
        return Response(
            StudySerializer(study, context={"request": request}).data,
            status=status.HTTP_201_CREATED if known is None else status.HTTP_200_OK,
        )
