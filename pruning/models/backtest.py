"""Backtests: policies played on recorded studies, with every finished cell."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from pruning.backtest import Cell, Trace
from trials.models import Job, Project, Study
from trials.models.project import Person


class BacktestQuerySet(models.QuerySet["Backtest"]):
    """Backtests, as a person may see them."""

    def visible_to(self, user: Person) -> BacktestQuerySet:
        """Keep those of the person's projects of whose studies the person may see every one."""
        if not user.is_authenticated:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        played = Backtest.studies.through.objects.filter(backtest=OuterRef("pk"))
        unseen = played.exclude(study__in=Study.objects.visible_to(user))
        return self.filter(~Exists(unseen), project__in=Project.objects.visible_to(user))

    def editable_by(self, user: Person) -> BacktestQuerySet:
        """Keep those of them that the person may have played again."""
        return self.visible_to(user).filter(project__in=Project.objects.editable_by(user))

    def deletable_by(self, user: Person) -> BacktestQuerySet:
        """Keep those that the person may delete: what they asked for themselves, and all in projects they own."""
        own = Q(project__in=Project.objects.owned_by(user))
        if user.is_authenticated:
            own |= Q(created_by=user, project__in=Project.objects.editable_by(user))
        return self.visible_to(user).filter(own)


class Backtest(models.Model):
    """What somebody asked the lab: which policies, on which recorded studies; its job plays them."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="backtests")
    name = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    studies = models.ManyToManyField(Study, related_name="backtests", db_table="backtest_study")
    # Registered folders with the families chosen: {name: [family, ...]}.
    folders = models.JSONField(default=dict)
    # In the order of the tables: {"name": ..., "mapping": null for a known name, else the policy's canonical form}.
    policies = models.JSONField()
    # The policy others are compared with.
    against = models.CharField(max_length=100)
    orders = models.IntegerField()
    workers = models.IntegerField()
    # Its result is what `manage.py backtest --json` writes.
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="backtest")

    objects = BacktestQuerySet.as_manager()

    class Meta:
        db_table = "backtest"
        constraints = [
            models.CheckConstraint(condition=models.Q(orders__gte=1, workers__gte=1), name="backtest_plays_something")
        ]

    def __str__(self) -> str:
        return f"backtest {self.pk} of {self.policy_names}"

    def get_absolute_url(self) -> str:
        return reverse("pruning:backtest", args=[self.pk])

    @property
    def policy_names(self) -> list[str]:
        """Return the policies' names in the order of the tables."""
        return [policy["name"] for policy in self.policies]


class BacktestTask(models.Model):
    """One recorded study as a backtest played it: who its trials are, and the curves that pages draw."""

    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, related_name="tasks")
    # The order of the tables.
    place = models.IntegerField()
    name = models.CharField(max_length=300)
    family = models.CharField(max_length=200)
    # Where its trials have pages; none for recorded folders.
    study = models.ForeignKey(Study, null=True, on_delete=models.CASCADE, related_name="+")
    # Digest of the curves, and the fingerprint of each policy that was played on them: {name: fingerprint}.
    curves = models.CharField(max_length=64)
    policies = models.JSONField()
    # Of every recording, in the order from which orders are drawn: its name, and its best value (null: none finite).
    names = models.JSONField()
    values = models.JSONField()
    # What is drawn: unit, band, and the curves of the best trials, packed.
    picture = models.JSONField()

    class Meta:
        db_table = "backtest_task"
        constraints = [models.UniqueConstraint(fields=["backtest", "name"], name="backtest_task_once")]

    def __str__(self) -> str:
        return f"{self.name} in backtest {self.backtest_id}"


class BacktestCell(models.Model):
    """What one policy made of one order of one study; kept as soon as it is played."""

    task = models.ForeignKey(BacktestTask, on_delete=models.CASCADE, related_name="cells")
    order = models.IntegerField()
    # Of the policy, and of the curves: whatever was changed is played again.
    fingerprint = models.CharField(max_length=64)
    curves = models.CharField(max_length=64)
    # `Cell.to_mapping()` and `Trace.to_mapping()`.
    line = models.JSONField()
    trace = models.JSONField()

    class Meta:
        db_table = "backtest_cell"
        constraints = [
            models.UniqueConstraint(fields=["task", "order", "fingerprint"], name="backtest_cell_once"),
        ]
        indexes = [
            # Cells that another backtest has played on the same curves.
            models.Index(fields=["curves", "fingerprint"], name="backtest_cell_of_curves"),
        ]

    def __str__(self) -> str:
        return f"order {self.order} of task {self.task_id}"

    def to_cell(self) -> Cell:
        """Return the cell as a value, without its trace."""
        return Cell.from_mapping(self.line)

    def to_trace(self) -> Trace:
        """Return what became of every trial."""
        data: dict[str, Any] = self.trace
        return Trace.from_mapping(data)
