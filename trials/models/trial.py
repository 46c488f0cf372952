"""Trials, their attempts, and the workers that run them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.urls import reverse

from trials.models.project import Person
from trials.models.study import Environment, Study
from trials.models.values import join, number_field, state_field

if TYPE_CHECKING:
    from collections.abc import Mapping


class TrialQuerySet(models.QuerySet["Trial"]):
    """Trials, as a person may see them and as work is found."""

    def visible_to(self, user: Person) -> TrialQuerySet:
        """Keep the trials of the studies the person may see."""
        return self.filter(study__in=Study.objects.visible_to(user))

    def waiting(self) -> TrialQuerySet:
        """Keep the trials that nobody has claimed."""
        return self.filter(state=Trial.State.WAITING)

    def running(self) -> TrialQuerySet:
        """Keep the trials that an attempt is training."""
        return self.filter(state=Trial.State.RUNNING)

    def ended(self) -> TrialQuerySet:
        """Keep the trials that have an ending."""
        return self.filter(state__in=Trial.ENDED)


class Trial(models.Model):
    """One configuration tried."""

    class State(models.TextChoices):
        WAITING = "WAITING", "Waiting"
        RUNNING = "RUNNING", "Running"
        PAUSED = "PAUSED", "Paused"
        COMPLETE = "COMPLETE", "Complete"
        PRUNED = "PRUNED", "Pruned"
        FAILED = "FAILED", "Failed"

    class Origin(models.TextChoices):
        SAMPLER = "sampler", "suggested by the sampler"
        DEFAULTS = "defaults", "the defaults"
        ENQUEUED = "enqueued", "enqueued by a person"
        CONTINUED = "continued", "continues an ended trial"

    ENDED = (State.COMPLETE, State.PRUNED, State.FAILED)
    # The allowed moves. Every door names its old states in the UPDATE that decides.
    MOVES: Mapping[State, tuple[State, ...]] = {
        State.WAITING: (State.RUNNING, State.PRUNED, State.FAILED),
        State.RUNNING: (State.WAITING, State.PAUSED, State.COMPLETE, State.PRUNED, State.FAILED),
        State.PAUSED: (State.WAITING, State.PRUNED),
        State.COMPLETE: (),
        State.PRUNED: (),
        State.FAILED: (),
    }

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="trials")
    number = models.IntegerField()
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    origin = models.CharField(max_length=12, choices=Origin.choices, default=Origin.SAMPLER)
    # The nth suggestion of the sampler, from 0; NULL for every other origin. The control arm is drawn from it.
    suggestion = models.IntegerField(null=True, blank=True)
    continues = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="continued_by")
    # The step up to which it took over the points, and the checkpoint, of the trial it continues; 0 = from the start.
    inherited_step = models.BigIntegerField(default=0)
    params = models.JSONField()
    pinned = models.BooleanField(default=False)
    note = models.TextField(blank=True, default="")

    # The objective as last told and at its best.
    last_value = number_field()
    last_value_state = state_field()
    last_step = models.BigIntegerField(null=True, blank=True)
    best_value = number_field()
    best_step = models.BigIntegerField(null=True, blank=True)
    # The told value, else the best observed one; set at the ending.
    value = number_field()

    # How it ended, or, while PAUSED, why it was paused.
    ending_code = models.CharField(max_length=32, blank=True, default="")
    ending_motive = models.CharField(max_length=16, blank=True, default="")
    ending_sentence = models.TextField(blank=True, default="")
    ending_step = models.BigIntegerField(null=True, blank=True)
    traceback = models.TextField(blank=True, default="")
    # Set when a paused trial may go on: it is claimed before new numbers.
    resumes = models.BooleanField(default=False)
    # A person or the study's end asked the running attempt to halt: the code it will end with.
    halt_code = models.CharField(max_length=32, blank=True, default="")
    halt_sentence = models.TextField(blank=True, default="")

    n_attempts = models.IntegerField(default=0)
    steps_trained = models.BigIntegerField(default=0)
    slot_seconds = models.FloatField(default=0.0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = TrialQuerySet.as_manager()

    class Meta:
        db_table = "trial"
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="trial_number_once_per_study"),
            models.UniqueConstraint(
                fields=["continues"], name="trial_continued_once", condition=models.Q(continues__isnull=False)
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["WAITING", "RUNNING", "PAUSED", "COMPLETE", "PRUNED", "FAILED"]),
                name="trial_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["COMPLETE", "PRUNED", "FAILED"], ended_at__isnull=False)
                & ~models.Q(ending_code="")
                | models.Q(state__in=["WAITING", "RUNNING", "PAUSED"], ended_at__isnull=True),
                name="trial_ending_with_state",
            ),
        ]
        indexes = [
            # Claiming: resumptions first, then number, among what waits.
            models.Index(
                fields=["-resumes", "study", "number"], name="trial_to_claim", condition=models.Q(state="WAITING")
            ),
            # Trials page: by state, by value, by ending.
            models.Index(fields=["study", "state", "number"], name="trial_by_state"),
            models.Index(fields=["study", "value", "number"], name="trial_by_value"),
            models.Index(fields=["study", "ending_code", "number"], name="trial_by_ending"),
            # Trials page: every query and every order over columns of its own, without touching a row. `continues` is
            # left out: what a reviewer asks of open trials at every decision would be answered by a scan of this.
            models.Index(
                fields=[
                    "study",
                    "number",
                    "state",
                    "ending_code",
                    "ending_motive",
                    "origin",
                    "pinned",
                    "value",
                    "best_value",
                    "last_value",
                    "last_step",
                    "steps_trained",
                    "slot_seconds",
                    "n_attempts",
                    "created_at",
                    "started_at",
                    "ended_at",
                ],
                name="trial_table",
            ),
        ]

    def __str__(self) -> str:
        return f"trial {self.number} of study {self.study_id} ({self.state})"

    def get_absolute_url(self) -> str:
        return reverse("trials:trial", args=[self.study_id, self.number])

    @property
    def has_ended(self) -> bool:
        """Say whether the trial has an ending."""
        return self.state in self.ENDED

    @property
    def last(self) -> float | None:
        """Return the objective as last told, NaN and infinities included."""
        return join(self.last_value, self.last_value_state)


class TrialParam(models.Model):
    """One parameter of one trial, typed, so that a query over 100,000 trials uses an index."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="param_rows")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    number = models.FloatField(null=True, blank=True)
    text = models.CharField(max_length=500, null=True, blank=True)  # noqa: DJ001 - NULL: the value is a number

    class Meta:
        db_table = "trial_param"
        constraints = [models.UniqueConstraint(fields=["trial", "name"], name="trial_param_once")]
        indexes = [
            # Queries such as `lr > 1e-4`, and slices over one parameter.
            models.Index(fields=["study", "name", "number", "trial"], name="trial_param_by_number"),
            models.Index(fields=["study", "name", "text", "trial"], name="trial_param_by_text"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of trial {self.trial_id}"


class Worker(models.Model):
    """One worker process. It bumps `beat`; the sweep watches the number move, never a clock reading."""

    name = models.CharField(max_length=200, unique=True)
    host = models.CharField(max_length=200)
    pid = models.IntegerField()
    queue = models.CharField(max_length=32, default="cpu")
    slots = models.IntegerField(default=1)
    beat = models.BigIntegerField(default=0)
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "worker"

    def __str__(self) -> str:
        return self.name


class Attempt(models.Model):
    """One execution of a trial by one worker; its number is the fencing token."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="attempts")
    number = models.IntegerField()
    # NULL worker: claimed over HTTP, by `claimed_by`; its own beat moves with every request.
    worker = models.ForeignKey(Worker, null=True, blank=True, on_delete=models.SET_NULL, related_name="attempts")
    claimed_by = models.CharField(max_length=150, blank=True, default="")
    beat = models.BigIntegerField(default=0)
    device = models.CharField(max_length=32, default="cpu")
    slot = models.IntegerField(default=0)
    # The checkpoint it resumed from; 0 = from the start. Its points supersede older attempts' after this step.
    resumed_from = models.BigIntegerField(default=0)
    last_step = models.BigIntegerField(null=True, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # How it ended: an ending code of the trial, or `paused`, `worker_lost`, `crashed`, `released`.
    outcome = models.CharField(max_length=32, blank=True, default="")
    outcome_sentence = models.TextField(blank=True, default="")
    environment = models.ForeignKey(Environment, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    log_path = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        db_table = "attempt"
        constraints = [
            models.UniqueConstraint(fields=["trial", "number"], name="attempt_number_once_per_trial"),
            models.UniqueConstraint(
                fields=["trial"], name="attempt_one_live_per_trial", condition=models.Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, outcome="")
                | models.Q(ended_at__isnull=False) & ~models.Q(outcome=""),
                name="attempt_outcome_when_ended",
            ),
        ]
        indexes = [
            # The sweep: what a lost worker was running.
            models.Index(fields=["worker"], name="attempt_live_by_worker", condition=models.Q(ended_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of trial {self.trial_id}"

    @property
    def is_live(self) -> bool:
        """Say whether this attempt still owns its trial."""
        return self.ended_at is None


class ResourceUsage(models.Model):
    """What one attempt used. NULL means "not measured"."""

    attempt = models.OneToOneField(Attempt, on_delete=models.CASCADE, related_name="usage")
    wall_seconds = models.FloatField()
    cpu_seconds = models.FloatField(null=True, blank=True)
    peak_memory_bytes = models.BigIntegerField(null=True, blank=True)
    device_seconds = models.FloatField(null=True, blank=True)
    device_peak_memory_bytes = models.BigIntegerField(null=True, blank=True)
    energy_joules = models.FloatField(null=True, blank=True)

    class Meta:
        db_table = "resource_usage"

    def __str__(self) -> str:
        return f"usage of attempt {self.attempt_id}"


class Artifact(models.Model):
    """A file a trial left: its last checkpoint (to resume) and its best one (its result) are kept apart."""

    class Kind(models.TextChoices):
        LAST = "last", "last checkpoint"
        BEST = "best", "best checkpoint"

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="artifacts")
    attempt = models.ForeignKey(Attempt, null=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    step = models.BigIntegerField()
    # Relative to the data directory of `host`.
    path = models.CharField(max_length=500)
    host = models.CharField(max_length=200)
    size = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "artifact"
        constraints = [models.UniqueConstraint(fields=["trial", "kind"], name="artifact_one_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind} checkpoint of trial {self.trial_id} at step {self.step}"
