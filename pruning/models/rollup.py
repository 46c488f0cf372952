"""What a ledger's rows amount to, kept beside it so that a page of a million rows counts none of them."""

from __future__ import annotations

import uuid

from django.db import models


class LedgerTally(models.Model):
    """So many rows of a study's ledger that agree in all that one can filter by."""

    study_uid = models.UUIDField()
    kind = models.CharField(max_length=12)
    verdict = models.CharField(max_length=8, blank=True, default="")
    motive = models.CharField(max_length=16, blank=True, default="")
    reason = models.CharField(max_length=32, blank=True, default="")
    rule = models.CharField(max_length=64, blank=True, default="")
    policy = models.CharField(max_length=64, blank=True, default="")
    n = models.BigIntegerField(default=0)

    class Meta:
        db_table = "ledger_tally"
        constraints = [
            models.UniqueConstraint(
                fields=["study_uid", "kind", "verdict", "motive", "reason", "rule", "policy"],
                name="ledger_tally_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.n} of {self.verdict or self.kind} {self.reason} in {self.study_uid}"


class LedgerActor(models.Model):
    """The person behind one row of a ledger."""

    study_uid = models.UUIDField()
    sequence = models.BigIntegerField()
    person = models.CharField(max_length=200)

    class Meta:
        db_table = "ledger_actor"
        constraints = [
            models.UniqueConstraint(fields=["study_uid", "sequence"], name="ledger_actor_once"),
        ]
        indexes = [
            # What one person did, newest first.
            models.Index(fields=["study_uid", "person", "sequence"], name="ledger_actor_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person} at entry {self.sequence} of {self.study_uid}"


class LedgerSpared(models.Model):
    """What one row says against a trial of the control arm, or for its resumption (`judgement.shadow.Said`)."""

    study_uid = models.UUIDField()
    sequence = models.BigIntegerField()
    trial_number = models.IntegerField()
    step = models.BigIntegerField()
    # The verdict that was overruled, with its reason: STOP, PAUSE or FINISH; or RESUME.
    wanted = models.CharField(max_length=8)
    rule = models.CharField(max_length=64, blank=True, default="")
    reason = models.CharField(max_length=32, blank=True, default="")
    motive = models.CharField(max_length=16, blank=True, default="")

    class Meta:
        db_table = "ledger_spared"
        constraints = [
            models.UniqueConstraint(fields=["study_uid", "sequence"], name="ledger_spared_once"),
        ]

    def __str__(self) -> str:
        return f"{self.wanted} of trial {self.trial_number} at entry {self.sequence} of {self.study_uid}"


class LedgerReach(models.Model):
    """How far a ledger has been counted, and how far its chain has been checked."""

    study_uid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    counted_to = models.BigIntegerField(default=0)
    # The chain holds up to this row, whose hash it was; 0 before the first check.
    checked_to = models.BigIntegerField(default=0)
    checked_hash = models.CharField(max_length=64, blank=True, default="")
    checked_at = models.DateTimeField(null=True, blank=True)
    # The check of all rows again, from the first: how far it is (0 while none goes on), and when the last was through.
    again_to = models.BigIntegerField(default=0)
    again_hash = models.CharField(max_length=64, blank=True, default="")
    again_at = models.DateTimeField(null=True, blank=True)
    # The first bad row that a check found, and what is wrong with it.
    bad_sequence = models.BigIntegerField(null=True, blank=True)
    problem = models.TextField(blank=True, default="")

    class Meta:
        db_table = "ledger_reach"

    def __str__(self) -> str:
        return f"{self.study_uid}: counted to {self.counted_to}, checked to {self.checked_to}"
