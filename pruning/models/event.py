"""The ledger: one row per pruning event, never updated, never deleted."""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import Any

from django.db import models

from pruning.canonical import decode
from trials.models import Study


class PruningEventQuerySet(models.QuerySet["PruningEvent"]):
    """Ledger rows. Rows of one study stand in the order of `sequence`."""

    def of_study(self, study: Study) -> PruningEventQuerySet:
        """Keep the rows of one study."""
        return self.filter(study_uid=study.uid)

    def verdicts(self) -> PruningEventQuerySet:
        """Keep the verdicts, leaving out registrations, endings and interventions."""
        return self.filter(kind=PruningEvent.Kind.VERDICT)

    def of_trial(self, number: int) -> PruningEventQuerySet:
        """Keep the rows about one trial of the study."""
        return self.filter(trial_number=number)


class PruningEvent(models.Model):
    """One row of a study's ledger.

    `body` holds the canonical bytes that were hashed; every other column is a copy for searching, and `ledger
    verify` compares each. No foreign key: deleting a study leaves its chain. Triggers refuse UPDATE and DELETE.
    """

    class Kind(models.TextChoices):
        VERDICT = "verdict", "verdict"
        LAUNCHED = "launched", "study registered"
        AMENDED = "amended", "plan amended"
        CALIBRATED = "calibrated", "quotas calibrated"
        DRIFTED = "drifted", "drift found"
        ENDED = "ended", "trial ended"
        INTERVENED = "intervened", "a person acted"
        CLOSED = "closed", "study ended"
        DELETED = "deleted", "study deleted"

    study_uid = models.UUIDField(editable=False)
    sequence = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    trial_number = models.IntegerField(null=True, blank=True)
    trial_uid = models.UUIDField(null=True, blank=True)
    attempt_number = models.IntegerField(null=True, blank=True)
    step = models.BigIntegerField(null=True, blank=True)
    # KEEP, WARN, STOP, FINISH, PAUSE, RESUME, PROTECT, ABSTAIN; empty for other kinds.
    verdict = models.CharField(max_length=8, blank=True, default="")
    rule = models.CharField(max_length=64, blank=True, default="")
    rule_version = models.IntegerField(null=True, blank=True)
    policy = models.CharField(max_length=64, blank=True, default="")
    # Reason code, safeguard, cause of a RESUME, or the ending's code.
    reason = models.CharField(max_length=32, blank=True, default="")
    motive = models.CharField(max_length=16, blank=True, default="")
    shadow = models.BooleanField(default=False)
    sentence = models.TextField(blank=True, default="")
    at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    body = models.BinaryField()

    objects = PruningEventQuerySet.as_manager()

    class Meta:
        db_table = "pruning_event"
        constraints = [
            models.UniqueConstraint(fields=["study_uid", "sequence"], name="pruning_event_sequence_once"),
        ]
        indexes = [
            # A trial's page: every verdict on it, in order.
            models.Index(fields=["study_uid", "trial_number", "sequence"], name="pruning_event_of_trial"),
            # The audit page's filters; and which trials a verdict, or a rule, was about, without reading a row: bodies
            # lie between them.
            models.Index(
                fields=["study_uid", "verdict", "sequence", "trial_number", "rule", "reason"],
                name="pruning_event_by_verdict",
            ),
            models.Index(fields=["study_uid", "reason", "sequence"], name="pruning_event_by_reason"),
            # The newest cut of each decision point.
            models.Index(fields=["study_uid", "step", "sequence"], name="pruning_event_by_step"),
        ]

    def __str__(self) -> str:
        return f"entry {self.sequence} of {self.study_uid}: {self.verdict or self.kind}"

    @cached_property
    def record(self) -> dict[str, Any]:
        """Return the row's canonical content."""
        return decode(bytes(self.body))

    @property
    def evidence(self) -> dict[str, Any]:
        """Return everything the row was derived from, floats bit for bit."""
        evidence: dict[str, Any] = self.record["evidence"]
        return evidence


class LedgerHead(models.Model):
    """A study's ledger, and the newest mark on its chain: what the row of that number must be.

    The chain goes on beyond the mark, up to the number that the study itself stands at. The mark moves with every
    so many rows, when the study ends, and onto the tombstone when it is deleted.
    """

    study_uid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study_name = models.CharField(max_length=200)
    first_sequence = models.BigIntegerField()
    sequence = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    # Set when the study was deleted: its chain ends with a tombstone.
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "ledger_head"

    def __str__(self) -> str:
        return f"ledger of {self.study_name}, marked at entry {self.sequence}"
