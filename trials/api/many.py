"""Many trials at once, as the page of several trials does it (`trials.many`)."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from trials import many
from trials import tags as tagging
from trials.api import access
from trials.api.bodies import read
from trials.api.errors import BadRequest
from trials.models import Study, Trial
from trials.query import QueryError

TAGGING = (many.TAG, many.UNTAG)
MOST_NUMBER = 10**9


class ManySerializer(serializers.Serializer[Any]):
    """What to do, to which trials: by their numbers or by a query, one of the two."""

    action = serializers.ChoiceField(choices=[*many.DEEDS, *TAGGING])
    numbers = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=MOST_NUMBER), required=False, max_length=many.MOST
    )
    query = serializers.CharField(required=False, max_length=1_000, help_text="as typed on the page of trials")
    tags = serializers.ListField(
        child=serializers.CharField(max_length=tagging.LENGTH), default=list, max_length=tagging.MOST
    )
    reason = serializers.CharField(max_length=2_000, default="", allow_blank=True, help_text="it stands in the ledger")
    dry_run = serializers.BooleanField(default=False, help_text="say what would be done, and do nothing")

    def validate(self, body: dict[str, Any]) -> dict[str, Any]:
        if ("numbers" in body) == ("query" in body):
            raise serializers.ValidationError({"numbers": "give either numbers or query, exactly one of the two"})
        if body["action"] in TAGGING and not body["tags"]:
            raise serializers.ValidationError({"tags": "missing; name at least one"})
        if body["action"] not in TAGGING and body["tags"]:
            raise serializers.ValidationError({"tags": f"{body['action']} takes none; leave the field out"})
        return body


class DoneSerializer(serializers.Serializer[many.Done]):
    """What came of it, by trial number."""

    trials = serializers.ListField(child=serializers.IntegerField(), help_text="those it was done to")
    passed_over = serializers.ListField(
        child=serializers.IntegerField(), help_text="those it does not fit; they stay as they were"
    )
    made = serializers.ListField(child=serializers.IntegerField(), help_text="the new trials of retries")


class ManyTrialsView(APIView):
    """Stop, retry, pin, unpin, tag or untag many trials of a study."""

    @extend_schema(request=ManySerializer, responses=DoneSerializer)
    def post(self, request: Request, study_id: int) -> Response:
        """Do one thing to at most 500 trials. What a trial does not fit passes it over, so asking twice is safe.

        Each is a call and an entry of the ledger of its own, as for a single trial.
        """
        study = access.editable_study(request, study_id)
        body = read(ManySerializer, request)
        trials = _trials(study, body)
        return Response(DoneSerializer(_done(study, body, trials, person=request.user.get_username())).data)


def _trials(study: Study, body: dict[str, Any]) -> list[Trial]:
    """Return the trials that a body means; 400 for a query that cannot be read, and for trials that do not exist."""
    if "query" in body:
        return many.numbered(study, _found(study, body["query"]))
    numbers = list(dict.fromkeys(body["numbers"]))
    found = many.numbered(study, numbers)
    if missing := sorted(set(numbers) - {trial.number for trial in found}):
        named = ", ".join(map(str, missing[:10]))
        raise BadRequest(f"numbers: the study has no trial {named}; leave what does not exist out. Nothing was done.")
    return found


def _found(study: Study, text: str) -> list[int]:
    try:
        numbers = many.found_by(study, text, now=timezone.now())
    except QueryError as refused:
        raise BadRequest(f"query: {refused}") from None
    if len(numbers) > many.MOST:
        raise BadRequest(
            f"query: finds more than {many.MOST} trials; narrow it, such as by `and number <= {numbers[-2]}`. "
            "Nothing was done."
        )
    return numbers


def _done(study: Study, body: dict[str, Any], trials: list[Trial], *, person: str) -> many.Done:
    action, now = body["action"], timezone.now()
    if body["dry_run"]:
        fitting = {trial.number for trial in many.fitting(action, trials)}
        numbers = [trial.number for trial in trials]
        return many.Done(
            tuple(number for number in numbers if number in fitting),
            tuple(number for number in numbers if number not in fitting),
            (),
        )
    if action == many.TAG:
        return many.tag(study, tagging.checked(body["tags"]), trials, person=person, at=now)
    if action == many.UNTAG:
        return many.untag(study, tagging.checked(body["tags"]), trials, at=now)
    return many.perform(action, trials, person=person, note=body["reason"], at=now)
