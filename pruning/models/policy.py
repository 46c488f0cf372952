"""The library of policies: every version that a study ever ran under."""

from __future__ import annotations

from django.db import models


class Policy(models.Model):
    """A policy by name: a preset, or `custom` for those written out in a plan."""

    name = models.CharField(max_length=100, unique=True)
    description = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "policy"
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """One immutable version of a policy, known by its fingerprint."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    fingerprint = models.CharField(max_length=64, unique=True)
    # The canonical form with every default filled in.
    mapping = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "policy_version"
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="policy_version_number_once"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="policy_version_from_one"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of policy {self.policy_id}"
