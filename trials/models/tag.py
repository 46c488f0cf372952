"""Words that people put on studies and trials, to find them again."""

from __future__ import annotations

from django.db import models

from trials.models.study import Study
from trials.models.trial import Trial


class TagQuerySet(models.QuerySet["Tag"]):
    """Tags of studies and tags of trials: never both at once."""

    def of_studies(self) -> TagQuerySet:
        """Keep the tags that stand on a study itself."""
        return self.filter(trial=None)

    def of_trials(self) -> TagQuerySet:
        """Keep the tags that stand on trials."""
        return self.exclude(trial=None)


class Tag(models.Model):
    """One word on a study (no `trial`) or on one of its trials. `trials.tags` puts them there and takes them away."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="tag_rows")
    trial = models.ForeignKey(Trial, null=True, blank=True, on_delete=models.CASCADE, related_name="tag_rows")
    name = models.CharField(max_length=64)
    author = models.CharField(max_length=150, blank=True, default="")
    created_at = models.DateTimeField()

    objects = TagQuerySet.as_manager()

    class Meta:
        db_table = "tag"
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "name"], name="tag_once_per_trial", condition=models.Q(trial__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["study", "name"], name="tag_once_per_study", condition=models.Q(trial__isnull=True)
            ),
        ]
        indexes = [
            # `tag = baseline`, and the names in use.
            models.Index(fields=["study", "name", "trial"], name="tag_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} on {f'trial {self.trial_id}' if self.trial_id else f'study {self.study_id}'}"
