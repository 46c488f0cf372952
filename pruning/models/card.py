"""Cards: what every finished study leaves behind for the next one."""

from __future__ import annotations

from django.db import models

from pruning.models.policy import PolicyVersion
from trials.models import Study
from trials.models.project import Person


class StudyCardQuerySet(models.QuerySet["StudyCard"]):
    """Cards, as a person may see them."""

    def visible_to(self, user: Person) -> StudyCardQuerySet:
        """Keep the cards of the studies that the person may see."""
        return self.filter(study__in=Study.objects.visible_to(user))


class StudyCard(models.Model):
    """One study's card (`pruning.library.card`), made once when it has ended; it goes with its study."""

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="card")
    # The canonical form; the columns beside it are copies for filters.
    body = models.JSONField()
    metric = models.CharField(max_length=200)
    # Of the policy that the study ran under last.
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    # SHA-256 of the curves; empty where none could be played.
    curves = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField()

    objects = StudyCardQuerySet.as_manager()

    class Meta:
        db_table = "study_card"
        indexes = [
            # The policy's page: how it did on the studies that ran under it.
            models.Index(fields=["fingerprint"], name="study_card_by_policy"),
        ]

    def __str__(self) -> str:
        return f"card of study {self.study_id}"


class PolicyUse(models.Model):
    """A study that was launched under a version of a policy, or amended to it."""

    version = models.ForeignKey(PolicyVersion, on_delete=models.CASCADE, related_name="uses")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    # The first moment, in the study's own numbering, from which on it held.
    sequence = models.BigIntegerField()

    class Meta:
        db_table = "policy_use"
        constraints = [models.UniqueConstraint(fields=["study", "version"], name="policy_use_once_per_study")]

    def __str__(self) -> str:
        return f"study {self.study_id} under version {self.version_id}"
