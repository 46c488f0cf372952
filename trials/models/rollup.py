"""What stands ready of a study's trials, so that no page counts them."""

from __future__ import annotations

from django.db import models

from trials.models.study import Study


class EndingCount(models.Model):
    """How many trials of a study are paused or have ended in one way; moved with each of them."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="ending_counts")
    state = models.CharField(max_length=8)
    code = models.CharField(max_length=32)
    motive = models.CharField(max_length=16, blank=True, default="")
    n = models.IntegerField(default=0)

    class Meta:
        db_table = "ending_count"
        constraints = [
            models.UniqueConstraint(fields=["study", "state", "code", "motive"], name="ending_count_once_per_way")
        ]

    def __str__(self) -> str:
        return f"{self.n} {self.state} {self.code} of study {self.study_id}"
