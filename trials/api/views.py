"""Projects, studies and trials, to be read and steered by programs."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework import status
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from trials import closing, continuing, endings, remote, series, studies
from trials import tags as tagging
from trials.api import access, serializers
from trials.api.bodies import plan_of as _plan
from trials.api.bodies import read as _read
from trials.api.errors import Conflict
from trials.api.forecasts import GateSerializer, LaunchedSerializer
from trials.api.numbers import spell_all
from trials.api.paging import KeysetPagination
from trials.models import Project, Study, Tag, Trial

# Read ahead for a list: a study's own tags, not its trials'.
OWN_TAGS = Prefetch("tag_rows", Tag.objects.of_studies(), to_attr="own_tags")
OF_STUDY = {"project": "project__slug", "state": "state", "name": "name"}
OF_TRIAL = {"state": "state", "ending_code": "ending_code", "origin": "origin"}


class SchemaView(SpectacularJSONAPIView):
    """The OpenAPI schema, to whoever may use the API."""

    permission_classes = APIView.permission_classes


class ProjectView(ListModelMixin, GenericViewSet[Project]):
    """The projects one is a member of."""

    serializer_class = serializers.ProjectSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Project]:
        return Project.objects.visible_to(self.request.user)


class StudyView(ListModelMixin, GenericViewSet[Study]):
    """Studies: list them, launch one, amend it, claim its trials, stop it."""

    serializer_class = serializers.StudySerializer
    pagination_class = KeysetPagination
    token_scopes: ClassVar[dict[str, str]] = {"claim": "report"}

    def get_queryset(self) -> QuerySet[Study]:
        rows = Study.objects.visible_to(self.request.user).select_related("project").prefetch_related(OWN_TAGS)
        return rows.filter(**_filters(self.request, OF_STUDY))

    @extend_schema(parameters=[OpenApiParameter(name) for name in OF_STUDY])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the studies of one's projects."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=serializers.LaunchSerializer, responses={201: LaunchedSerializer})
    def create(self, request: Request) -> Response:
        """Launch a study from its plan; `gate` says what its policy would have done to similar past studies."""
        body = _read(serializers.LaunchSerializer, request)
        project = access.editable_project(request, body["project"])
        plan, source = _plan(body)
        gate = studies.pass_gate(plan, project=project, user=request.user)
        study = studies.launch(plan, project=project, user=request.user, source=source, at=timezone.now())
        data = {**self.get_serializer(study).data, "gate": GateSerializer(gate).data}
        return Response(data, status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, pk: int) -> Response:
        """Return one study."""
        return self._answer(access.visible_study(request, pk))

    @extend_schema(responses=serializers.RevisionSerializer(many=True))
    def revisions(self, request: Request, pk: int) -> Response:
        """Return every version of the study's plan, the first one first."""
        rows = access.visible_study(request, pk).revisions.order_by("number")
        return Response(serializers.RevisionSerializer(rows, many=True).data)

    @extend_schema(request=serializers.AmendSerializer, responses=serializers.RevisionSerializer)
    def amend(self, request: Request, pk: int) -> Response:
        """Register the next revision of the plan; what was decided before stands."""
        study = access.editable_study(request, pk)
        body = _read(serializers.AmendSerializer, request)
        plan, source = _plan(body)
        revision = studies.amend(
            study, plan, reason=body["reason"], user=request.user, source=source, at=timezone.now()
        )
        return Response(serializers.RevisionSerializer(revision).data)

    @extend_schema(request=serializers.ReasonSerializer)
    def stop(self, request: Request, pk: int) -> Response:
        """End a study; what runs halts at its next report or beat. Stopping it twice changes nothing."""
        study = access.editable_study(request, pk)
        reason = _read(serializers.ReasonSerializer, request)["reason"]
        closing.stop_study(study, person=request.user.get_username(), note=reason, at=timezone.now())
        return self._answer(access.visible_study(request, pk))

    @extend_schema(request=serializers.ArchiveSerializer)
    def archive(self, request: Request, pk: int) -> Response:
        """Put a study out of the way of lists, or back; it goes on as it did. Asking twice changes nothing."""
        study = access.editable_study(request, pk)
        archived = _read(serializers.ArchiveSerializer, request)["archived"]
        studies.archive(study, archived=archived, at=timezone.now())
        return self._answer(access.visible_study(request, pk))

    @extend_schema(request=serializers.TagsSerializer)
    def tags(self, request: Request, pk: int) -> Response:
        """Let the study carry these tags, in place of those it has."""
        study = access.editable_study(request, pk)
        names = _read(serializers.TagsSerializer, request)["tags"]
        tagging.replace(study, names, trial=None, person=request.user.get_username(), at=timezone.now())
        return self._answer(access.visible_study(request, pk))

    @extend_schema(request=serializers.EnqueueSerializer, responses={201: serializers.TrialSerializer})
    def enqueue(self, request: Request, pk: int) -> Response:
        """Add a configuration to be tried."""
        study = access.editable_study(request, pk)
        body = _read(serializers.EnqueueSerializer, request)
        trial = studies.enqueue(study, at=timezone.now(), **body)
        return Response(serializers.TrialSerializer(trial).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=serializers.ClaimSerializer)
    def claim(self, request: Request, pk: int) -> Response:
        """Claim the best waiting trial; `attempt` is null if there is none, and `reason` says why."""
        study = access.editable_study(request, pk)
        attempt, reason = remote.claim(study, by=request.user.get_username(), at=timezone.now())
        data = serializers.AttemptSerializer(attempt).data if attempt is not None else None
        return Response({"attempt": data, "reason": reason})

    def _answer(self, study: Study, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(study).data, status=code)


class TrialView(ListModelMixin, GenericViewSet[Trial]):
    """The trials of one study, by number."""

    serializer_class = serializers.TrialSerializer
    pagination_class = KeysetPagination
    page_key = "number"

    def get_queryset(self) -> QuerySet[Trial]:
        study = access.visible_study(self.request, self.kwargs["study_id"])
        return (
            study.trials.select_related("continues")
            .prefetch_related("tag_rows")
            .filter(**_filters(self.request, OF_TRIAL))
        )

    @extend_schema(parameters=[OpenApiParameter(name) for name in OF_TRIAL])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the trials of a study."""
        return super().list(request, *args, **kwargs)

    def retrieve(self, request: Request, study_id: int, number: int) -> Response:
        """Return one trial."""
        return Response(self.get_serializer(access.visible_trial(request, study_id, number)).data)

    @extend_schema(
        parameters=[OpenApiParameter("metric"), OpenApiParameter("labels", description='JSON, such as {"fold":"2"}')],
        responses=serializers.SeriesSerializer(many=True),
    )
    def series(self, request: Request, study_id: int, number: int) -> Response:
        """Return the trial's series, or the one of `metric` (and `labels`); NaN and infinities as words."""
        trial = access.visible_trial(request, study_id, number)
        wanted, labels = request.query_params.get("metric"), request.query_params.get("labels")
        every = series.read_all([trial.pk]).get(trial.pk, {})
        return Response(
            [
                {
                    "metric": metric,
                    "labels": json.loads(key),
                    "steps": steps.tolist(),
                    "values": spell_all(values.tolist()),
                }
                for (metric, key), (steps, values) in every.items()
                if wanted in (None, metric) and labels in (None, key)
            ]
        )

    @extend_schema(request=serializers.ReasonSerializer)
    def stop(self, request: Request, study_id: int, number: int) -> Response:
        """Stop one trial; if it runs, it halts at its next report or beat. Stopping it twice changes nothing."""
        trial = access.editable_trial(request, study_id, number)
        reason = _read(serializers.ReasonSerializer, request)["reason"]
        endings.stop_by_person(trial, person=request.user.get_username(), note=reason, at=timezone.now())
        return self.retrieve(request, study_id, number)

    @extend_schema(request=serializers.ReasonSerializer)
    def resume(self, request: Request, study_id: int, number: int) -> Response:
        """Let a paused trial go on, whatever its rank; one that goes on already is left as it is."""
        trial = access.editable_trial(request, study_id, number)
        reason = _read(serializers.ReasonSerializer, request)["reason"]
        _refuse_ended(trial)
        endings.resume_by_person(trial, person=request.user.get_username(), note=reason, at=timezone.now())
        return self.retrieve(request, study_id, number)

    @extend_schema(request=serializers.ContinueSerializer, responses={201: serializers.TrialSerializer})
    def go_on(self, request: Request, study_id: int, number: int) -> Response:
        """Go on with an ended trial as a new one, from its last checkpoint; `inherited_step` 0 is from the start."""
        trial = access.editable_trial(request, study_id, number)
        body = _read(serializers.ContinueSerializer, request)
        made = continuing.continue_trial(
            trial,
            from_start=body["from_start"],
            person=request.user.get_username(),
            note=body["reason"],
            at=timezone.now(),
        )
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=serializers.PinSerializer)
    def pin(self, request: Request, study_id: int, number: int) -> Response:
        """Protect a trial from every rule, or lift that; asking twice changes nothing."""
        trial = access.editable_trial(request, study_id, number)
        body = _read(serializers.PinSerializer, request)
        _refuse_ended(trial)
        person, at = request.user.get_username(), timezone.now()
        endings.pin(trial, pinned=body["pinned"], person=person, note=body["reason"], at=at)
        return self.retrieve(request, study_id, number)

    @extend_schema(request=serializers.NoteSerializer)
    def note(self, request: Request, study_id: int, number: int) -> Response:
        """Write a note on a trial, in place of the one it has; an ended trial may have one too."""
        trial = access.editable_trial(request, study_id, number)
        note = _read(serializers.NoteSerializer, request)["note"]
        endings.write_note(trial, note=note, person=request.user.get_username(), at=timezone.now())
        return self.retrieve(request, study_id, number)

    @extend_schema(request=serializers.TagsSerializer)
    def tags(self, request: Request, study_id: int, number: int) -> Response:
        """Let a trial carry these tags, in place of those it has; an ended trial may have some too."""
        trial = access.editable_trial(request, study_id, number)
        names = _read(serializers.TagsSerializer, request)["tags"]
        tagging.replace(trial.study, names, trial=trial, person=request.user.get_username(), at=timezone.now())
        return self.retrieve(request, study_id, number)


def _refuse_ended(trial: Trial) -> None:
    if trial.has_ended:
        raise Conflict(f"Trial {trial.number} has ended: nothing can be asked of it any more.", code="trial_finished")


def _filters(request: Request, known: dict[str, str]) -> dict[str, str]:
    """Return the query's filters as columns."""
    return {column: request.query_params[name] for name, column in known.items() if name in request.query_params}
