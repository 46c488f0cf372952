"""Studies and the revisions of their plans."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.urls import reverse

from trials.models.project import EDITING, Person, Project
from trials.models.values import number_field

if TYPE_CHECKING:
    from trials.plan import Plan


class StudyQuerySet(models.QuerySet["Study"]):
    """Studies, as a person may see them."""

    def visible_to(self, user: Person) -> StudyQuerySet:
        """Keep the studies of the person's projects; a superuser sees all."""
        if not user.is_authenticated:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(project__memberships__user=user)

    def editable_by(self, user: Person) -> StudyQuerySet:
        """Keep the studies in whose projects the person may launch and stop."""
        if not user.is_authenticated:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(project__memberships__user=user, project__memberships__role__in=EDITING)

    def running(self) -> StudyQuerySet:
        """Keep the studies that have not ended."""
        return self.filter(state=Study.State.RUNNING)


class Study(models.Model):
    """One tuning effort: objective, search space, sampler, policy, budget, trainable."""

    class State(models.TextChoices):
        RUNNING = "RUNNING", "Running"
        ENDED = "ENDED", "Ended"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="studies")
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    # Why it ended: finished, budget_trials, budget_slot_hours, budget_wall_hours, stopped_by_user.
    ending_code = models.CharField(max_length=32, blank=True, default="")
    ending_sentence = models.TextField(blank=True, default="")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    last_activity_at = models.DateTimeField()

    # Facts of revision 1 that no amendment may change.
    metric = models.CharField(max_length=200)
    direction = models.CharField(max_length=8, choices=[("minimize", "minimize"), ("maximize", "maximize")])
    horizon = models.BigIntegerField()
    step_unit = models.CharField(max_length=32, default="steps")
    seed = models.BigIntegerField(default=0)
    trainable = models.CharField(max_length=100, blank=True, default="")

    # The head: the last sequence number given out. Its row lock serialises the study's decisions.
    sequence = models.BigIntegerField(default=0)
    next_number = models.IntegerField(default=0)
    next_suggestion = models.IntegerField(default=0)

    # Rollups, moved in the transaction of the change they count.
    n_waiting = models.IntegerField(default=0)
    n_running = models.IntegerField(default=0)
    n_paused = models.IntegerField(default=0)
    n_complete = models.IntegerField(default=0)
    n_pruned = models.IntegerField(default=0)
    n_failed = models.IntegerField(default=0)
    # Steps trained by every attempt, and steps that a rule's stops left untrained.
    steps_trained = models.BigIntegerField(default=0)
    steps_saved = models.BigIntegerField(default=0)
    slot_seconds = models.FloatField(default=0.0)
    # Best of the COMPLETE trials, and the best value seen by any trial.
    best_value = number_field()
    best_number = models.IntegerField(null=True, blank=True)
    best_seen_value = number_field()
    best_seen_number = models.IntegerField(null=True, blank=True)
    # Moves with every change a page could show; pages poll against it.
    version = models.BigIntegerField(default=0)

    # A state of display alone: an archived study is out of the way and goes on as it did.
    archived_at = models.DateTimeField(null=True, blank=True)
    # Handed out with the form it was launched from, so that a form sent twice launches once.
    launch_key = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    # The study whose plan it was launched from as the next one.
    follows = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="followers")

    objects = StudyQuerySet.as_manager()

    class Meta:
        db_table = "study"
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="study_name_once_per_project"),
            models.CheckConstraint(condition=models.Q(state__in=["RUNNING", "ENDED"]), name="study_state_known"),
            models.CheckConstraint(
                condition=models.Q(direction__in=["minimize", "maximize"]), name="study_direction_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state="RUNNING", ended_at__isnull=True)
                | models.Q(state="ENDED", ended_at__isnull=False),
                name="study_ended_at_with_state",
            ),
        ]
        indexes = [
            # Studies page: newest activity first.
            models.Index(fields=["-last_activity_at", "-id"], name="study_by_activity"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    def get_absolute_url(self) -> str:
        return reverse("trials:overview", args=[self.pk])

    @property
    def minimises(self) -> bool:
        """Say whether lower values of the objective are better."""
        return self.direction == "minimize"

    @property
    def n_trials(self) -> int:
        """Return how many trials exist in any state."""
        return self.n_waiting + self.n_running + self.n_paused + self.n_complete + self.n_pruned + self.n_failed

    @property
    def n_ended(self) -> int:
        """Return how many trials have ended, however they did."""
        return self.n_complete + self.n_pruned + self.n_failed

    def newest_revision(self) -> Revision:
        """Return the revision that holds now."""
        return self.revisions.order_by("-number")[0]

    def plan(self) -> Plan:
        """Return the plan that holds now, as a value."""
        return self.newest_revision().parsed()

    def better(self, value: float, than: float | None) -> bool:
        """Say whether `value` beats `than` in the study's direction; anything beats nothing."""
        return than is None or (value < than if self.minimises else value > than)


class Revision(models.Model):
    """One immutable, fingerprinted version of a study's plan."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="revisions")
    number = models.IntegerField()
    # The plan as data, with every default filled in, and the text it was read from.
    plan = models.JSONField()
    source = models.TextField(blank=True, default="")
    fingerprint = models.CharField(max_length=64)
    # Decision points (steps), fixed here; ascending, at most 64.
    looks = models.JSONField(default=list)
    # Why it was amended; empty for the first.
    reason = models.TextField(blank=True, default="")
    author = models.CharField(max_length=150, blank=True, default="")
    created_at = models.DateTimeField()
    # It holds for decisions with a larger sequence number.
    from_sequence = models.BigIntegerField(default=0)

    class Meta:
        db_table = "revision"
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="revision_number_once_per_study"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="revision_number_from_one"),
            models.CheckConstraint(
                condition=models.Q(number=1) | ~models.Q(reason=""), name="revision_amendment_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"revision {self.number} of study {self.study_id}"

    def parsed(self) -> Plan:
        """Return the plan as a value."""
        from trials.plan import Plan

        return Plan.from_stored(self.plan)


class Environment(models.Model):
    """Where attempts ran: python, packages, commit, host, device, data; stored once by its digest."""

    digest = models.CharField(max_length=64, unique=True)
    facts = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "environment"

    def __str__(self) -> str:
        return self.digest[:12]


class Evaluation(models.Model):
    """The held-out test split, evaluated once on one trial's best checkpoint; apart from anything tuning sees."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="evaluations")
    trial = models.ForeignKey("trials.Trial", on_delete=models.CASCADE, related_name="evaluations")
    split = models.CharField(max_length=32, default="test")
    role = models.CharField(max_length=32)
    metrics = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "evaluation"
        constraints = [
            models.UniqueConstraint(fields=["study", "trial", "split"], name="evaluation_once_per_trial_and_split")
        ]

    def __str__(self) -> str:
        return f"{self.split} of trial {self.trial_id}"
