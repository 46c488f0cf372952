"""What a person keeps of a page: views under a name, and selections too long for an address."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from trials.models.project import Project
from trials.models.study import Study


class SavedView(models.Model):
    """How a person likes to see one page of a project's studies: query, columns, sorting, axes, slider."""

    class Page(models.TextChoices):
        TRIALS = "trials", "Trials"
        CURVES = "curves", "Curves"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="views")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=16, choices=Page.choices)
    name = models.CharField(max_length=80)
    # What stands after the question mark in the page's address; never a selection or a place in the pages.
    address = models.TextField(blank=True, default="")
    # Every member of the project may open it; only its owner changes it.
    shared = models.BooleanField(default=False)
    # What the page opens with for its owner.
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "saved_view"
        constraints = [
            models.UniqueConstraint(fields=["project", "owner", "page", "name"], name="saved_view_name_once"),
            models.UniqueConstraint(
                fields=["project", "owner", "page"], name="saved_view_one_default", condition=models.Q(is_default=True)
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="saved_view_has_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.page}) of {self.owner_id} in {self.project_id}"


class StoredSelection(models.Model):
    """A selection of more trials than an address holds, stored once by what it holds."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    # SHA-256 of the numbers, in order.
    digest = models.CharField(max_length=64)
    numbers = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "stored_selection"
        constraints = [models.UniqueConstraint(fields=["study", "digest"], name="stored_selection_once")]

    def __str__(self) -> str:
        return f"{len(self.numbers)} trials of study {self.study_id}"
