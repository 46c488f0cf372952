"""Long work other than training: a row with progress, claimed like a trial."""

from __future__ import annotations

from django.db import models

from trials.models.study import Study


class Job(models.Model):
    """One piece of long work. A lost message loses nothing: the sweep rings again for what waits."""

    class State(models.TextChoices):
        WAITING = "WAITING", "Waiting"
        RUNNING = "RUNNING", "Running"
        DONE = "DONE", "Done"
        FAILED = "FAILED", "Failed"

    kind = models.CharField(max_length=32)
    study = models.ForeignKey(Study, null=True, blank=True, on_delete=models.CASCADE, related_name="jobs")
    args = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    message = models.TextField(blank=True, default="")
    done = models.FloatField(default=0.0)
    total = models.FloatField(default=0.0)
    result = models.JSONField(null=True, blank=True)
    worker = models.ForeignKey("trials.Worker", null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs")
    n_attempts = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "job"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["WAITING", "RUNNING", "DONE", "FAILED"]), name="job_state_known"
            )
        ]
        indexes = [
            # Claiming: oldest first among what waits.
            models.Index(fields=["id"], name="job_to_claim", condition=models.Q(state="WAITING"))
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"
