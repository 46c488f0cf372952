"""Alerts: where somebody wants to be told of what happened, and what became of each message."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from trials.models.project import Person, Project
from trials.models.study import Study


class AlertQuerySet(models.QuerySet["Alert"]):
    """Alerts, as a person may see and change them."""

    def manageable_by(self, user: Person) -> AlertQuerySet:
        """Keep the person's own alerts and those of projects they own; a superuser also sees those of all projects."""
        if not user.is_authenticated:
            return self.none()
        own = Q(user_id=user.pk)
        if getattr(user, "is_superuser", False):
            return self.filter(own | Q(project__isnull=False))
        return self.filter(own | Q(project__in=Project.objects.owned_by(user)))

    def hearing(self, kind: str, project_id: int) -> list[Alert]:
        """Return the alerts that want to hear of something in a project: its own, and those of its active members."""
        concerned = Q(project_id=project_id) | (
            Q(user__is_active=True)
            & (Q(user__memberships__project_id=project_id) | Q(user__is_superuser=True, user__isnull=False))
        )
        found = self.filter(concerned, is_enabled=True).distinct().order_by("pk")
        return [alert for alert in found if kind in alert.kinds]


class Alert(models.Model):
    """One target that is told of some kinds of happenings: all studies of a project, or all that a person may see."""

    class Channel(models.TextChoices):
        WEBHOOK = "webhook", "Webhook"
        EMAIL = "email", "E-mail"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="alerts"
    )
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.CASCADE, related_name="alerts")
    name = models.CharField(max_length=80)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    # The address may itself be a secret (chat services put a key into it): pages show its host alone.
    target = models.CharField(max_length=1000)
    # Signs what a webhook is sent; never shown again.
    secret = models.CharField(max_length=200, blank=True, default="")
    kinds = models.JSONField(default=list)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = AlertQuerySet.as_manager()

    class Meta:
        db_table = "alert"
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, project__isnull=True) | Q(user__isnull=True, project__isnull=False),
                name="alert_of_a_person_or_a_project",
            ),
            models.CheckConstraint(condition=Q(channel__in=["webhook", "email"]), name="alert_channel_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.channel})"


class Delivery(models.Model):
    """One message to one alert's target. It is due again after a failure, and given up in the end."""

    class State(models.TextChoices):
        WAITING = "WAITING", "Waiting"
        SENT = "SENT", "Sent"
        FAILED = "FAILED", "Given up"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    study = models.ForeignKey(Study, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=32)
    # What happened, so that nobody is told of it twice.
    key = models.CharField(max_length=100)
    message = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    n_attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField()
    answer = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "alert_delivery"
        constraints = [
            models.UniqueConstraint(fields=["alert", "key"], name="alert_delivery_once"),
            models.CheckConstraint(
                condition=Q(state__in=["WAITING", "SENT", "FAILED"]), name="alert_delivery_state_known"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="alert_delivery_due", condition=Q(state="WAITING")),
            # The log of an alert, newest first; how many it was sent lately.
            models.Index(fields=["alert", "-created_at"], name="alert_delivery_log"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.alert_id} ({self.state})"
