"""What the API shows, field by field, and the small bodies that its commands take."""

from __future__ import annotations

import math
from typing import Any

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from trials import tags as tagging
from trials.api import numbers
from trials.models import Attempt, Project, Revision, Study, Trial
from trials.models.values import join
from trials.seam import Decision

NUMBER_OR_WORD = {"oneOf": [{"type": "number"}, {"type": "string", "enum": ["nan", "inf", "-inf"]}], "nullable": True}


class ProjectSerializer(serializers.ModelSerializer[Project]):
    """A project and the caller's role in it."""

    role = serializers.SerializerMethodField()

    class Meta:
        model = Project
        fields = ["slug", "name", "role", "created_at"]

    @extend_schema_field({"type": "string", "enum": ["owner", "editor", "viewer"], "nullable": True})
    def get_role(self, project: Project) -> str | None:
        user = self.context["request"].user
        return None if isinstance(user, AnonymousUser) else project.role_of(user)


class StudySerializer(serializers.ModelSerializer[Study]):
    """A study and its rollups."""

    project = serializers.CharField(source="project.slug")
    trials = serializers.SerializerMethodField()
    tags = serializers.SerializerMethodField()

    class Meta:
        model = Study
        fields = [
            "id",
            "uid",
            "project",
            "name",
            "state",
            "ending_code",
            "ending_sentence",
            "metric",
            "direction",
            "tags",
            "horizon",
            "step_unit",
            "seed",
            "trainable",
            "trials",
            "best_value",
            "best_number",
            "best_seen_value",
            "best_seen_number",
            "steps_trained",
            "steps_saved",
            "slot_seconds",
            "created_at",
            "started_at",
            "ended_at",
            "last_activity_at",
            "archived_at",
        ]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_tags(self, study: Study) -> list[str]:
        # Of rows that a list reads ahead for all its studies; a trial's tags are its own.
        return sorted(row.name for row in study.own_tags) if hasattr(study, "own_tags") else tagging.of_study(study)

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_trials(self, study: Study) -> dict[str, int]:
        return {
            "waiting": study.n_waiting,
            "running": study.n_running,
            "paused": study.n_paused,
            "complete": study.n_complete,
            "pruned": study.n_pruned,
            "failed": study.n_failed,
        }


class RevisionSerializer(serializers.ModelSerializer[Revision]):
    """One version of a study's plan."""

    class Meta:
        model = Revision
        fields = ["number", "fingerprint", "plan", "looks", "reason", "author", "created_at", "from_sequence"]


class TrialSerializer(serializers.ModelSerializer[Trial]):
    """A trial: its configuration, how far it came and how it ended."""

    last_value = serializers.SerializerMethodField()
    continues = serializers.IntegerField(source="continues.number", default=None, allow_null=True)
    tags = serializers.SerializerMethodField()

    class Meta:
        model = Trial
        fields = [
            "number",
            "uid",
            "state",
            "origin",
            "suggestion",
            "continues",
            "inherited_step",
            "params",
            "pinned",
            "note",
            "tags",
            "value",
            "best_value",
            "best_step",
            "last_value",
            "last_step",
            "ending_code",
            "ending_motive",
            "ending_sentence",
            "ending_step",
            "n_attempts",
            "steps_trained",
            "slot_seconds",
            "created_at",
            "started_at",
            "ended_at",
        ]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_tags(self, trial: Trial) -> list[str]:
        # Of rows that a list reads ahead for all its trials.
        return sorted(row.name for row in trial.tag_rows.all())

    @extend_schema_field(NUMBER_OR_WORD)
    def get_last_value(self, trial: Trial) -> float | str | None:
        return numbers.spell(join(trial.last_value, trial.last_value_state))


class TagsSerializer(serializers.Serializer[Any]):
    """The tags that a study or a trial is to carry, in place of those it has."""

    tags = serializers.ListField(child=serializers.CharField(max_length=tagging.LENGTH), max_length=tagging.MOST)


class PlanSerializer(serializers.Serializer[Any]):
    """A plan: as data, or as the YAML text it was written in."""

    plan = serializers.JSONField(help_text="an object, or a text of YAML")


class LaunchSerializer(PlanSerializer):
    """A study to launch."""

    project = serializers.CharField(max_length=64)


class AmendSerializer(PlanSerializer):
    """The next revision of a plan, and why."""

    reason = serializers.CharField(max_length=2_000)


class ReasonSerializer(serializers.Serializer[Any]):
    """Why something is asked for."""

    reason = serializers.CharField(max_length=2_000, default="", allow_blank=True)


class ContinueSerializer(ReasonSerializer):
    """Where to begin again, and why."""

    from_start = serializers.BooleanField(default=False, help_text="begin at step 0 even where a checkpoint is kept")


class PinSerializer(ReasonSerializer):
    """Whether every rule is to spare a trial, and why."""

    pinned = serializers.BooleanField(default=True)


class ArchiveSerializer(serializers.Serializer[Any]):
    """Whether a study is to be out of the way of lists."""

    archived = serializers.BooleanField(default=True, help_text="false: back in the lists")


class NoteSerializer(serializers.Serializer[Any]):
    """A person's note on a trial."""

    note = serializers.CharField(max_length=2_000, allow_blank=True, help_text="empty: the note is taken away")


class EnqueueSerializer(serializers.Serializer[Any]):
    """A configuration to try."""

    params = serializers.DictField()
    pinned = serializers.BooleanField(default=False)
    note = serializers.CharField(max_length=2_000, default="", allow_blank=True)


class TellSerializer(serializers.Serializer[Any]):
    """How an attempt ended."""

    state = serializers.ChoiceField(choices=["complete", "failed"])
    value = serializers.JSONField(required=False, allow_null=True, help_text="number, for its best observed one")
    error = serializers.CharField(max_length=20_000, default="", allow_blank=True, help_text="its traceback, if failed")

    def validate_value(self, value: object) -> float | None:
        number = numbers.read(value)
        if value is not None and (number is None or not math.isfinite(number)):
            raise serializers.ValidationError("not a finite number; leave it out to count the best observed value")
        return number


class PointSerializer(serializers.Serializer[Any]):
    """One step; describes the body, which `trials.api.reports` reads."""

    step = serializers.IntegerField(min_value=0)
    metrics = serializers.DictField(child=serializers.FloatField())
    labels = serializers.DictField(child=serializers.CharField(), required=False)
    elapsed_s = serializers.FloatField(
        min_value=0, required=False, help_text="seconds since the attempt began to train; else the time of arrival"
    )


class ReportSerializer(serializers.Serializer[Any]):
    """One batch of an attempt, numbered from 1 by the sender."""

    batch = serializers.IntegerField(min_value=1)
    points = PointSerializer(many=True)


class AnswerSerializer(serializers.Serializer[Decision]):
    """What became of a report."""

    action = serializers.CharField()
    halts = serializers.BooleanField(source="action.halts", help_text="whether to stop training now")
    code = serializers.CharField()
    motive = serializers.CharField()
    sentence = serializers.CharField()
    step = serializers.IntegerField(allow_null=True)


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """A claimed trial: all that training it needs."""

    study = serializers.IntegerField(source="trial.study_id")
    trial = serializers.IntegerField(source="trial.number")
    trial_state = serializers.CharField(source="trial.state")
    params = serializers.JSONField(source="trial.params")
    metric = serializers.CharField(source="trial.study.metric")
    direction = serializers.CharField(source="trial.study.direction")
    horizon = serializers.IntegerField(source="trial.study.horizon")
    step_unit = serializers.CharField(source="trial.study.step_unit")
    seed = serializers.IntegerField(source="trial.study.seed")

    class Meta:
        model = Attempt
        fields = [
            "id",
            "number",
            "study",
            "trial",
            "trial_state",
            "params",
            "metric",
            "direction",
            "horizon",
            "step_unit",
            "seed",
            "resumed_from",
            "last_step",
            "started_at",
            "ended_at",
            "outcome",
        ]


class ClaimSerializer(serializers.Serializer[Any]):
    """The attempt, or why there is none."""

    attempt = AttemptSerializer(allow_null=True)
    reason = serializers.CharField(help_text="`ended` or `nothing_waits` if there is no attempt")


class SeriesSerializer(serializers.Serializer[Any]):
    """One metric of one trial, by step."""

    metric = serializers.CharField()
    labels = serializers.DictField(child=serializers.CharField())
    steps = serializers.ListField(child=serializers.IntegerField())
    values = serializers.ListField(child=serializers.FloatField())
