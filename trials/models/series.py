"""Series storage (packed points), their summaries, and observations. `trials.series` hides the layout."""

from __future__ import annotations

from django.db import models

from trials.models.study import Study
from trials.models.trial import Attempt, Trial
from trials.models.values import join, number_field, state_field


class SeriesTail(models.Model):
    """One batch as it was told, all its metrics packed, with the answer it got."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="tails")
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="tails")
    batch = models.BigIntegerField()
    # Emptied once its points stand in chunks; the row stays, so that a replayed batch gets its first answer.
    payload = models.BinaryField(null=True)
    n_points = models.IntegerField()
    action = models.CharField(max_length=8, default="KEEP")
    code = models.CharField(max_length=32, blank=True, default="")
    motive = models.CharField(max_length=16, blank=True, default="")
    sentence = models.TextField(blank=True, default="")
    step = models.BigIntegerField(null=True, blank=True)

    class Meta:
        db_table = "series_tail"
        constraints = [models.UniqueConstraint(fields=["attempt", "batch"], name="series_tail_batch_once")]
        indexes = [
            # Reading a trial's points that are not packed yet.
            models.Index(fields=["trial", "id"], name="series_tail_open", condition=models.Q(payload__isnull=False))
        ]

    def __str__(self) -> str:
        return f"batch {self.batch} of attempt {self.attempt_id}"


class SeriesChunk(models.Model):
    """Up to 1,000 points of one series of one attempt: int32 steps, float64 values, little endian."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="chunks")
    attempt_number = models.IntegerField()
    metric = models.CharField(max_length=200)
    # Canonical JSON of the labels, "{}" for none.
    labels = models.CharField(max_length=500, default="{}")
    first_step = models.BigIntegerField()
    last_step = models.BigIntegerField()
    n_points = models.IntegerField()
    steps = models.BinaryField()
    values = models.BinaryField()

    class Meta:
        db_table = "series_chunk"
        indexes = [
            # Reading one series of one trial in order.
            models.Index(fields=["trial", "metric", "labels", "attempt_number", "first_step"], name="series_chunk_read")
        ]

    def __str__(self) -> str:
        return f"{self.metric} of trial {self.trial_id}, steps {self.first_step} to {self.last_step}"


class MetricSummary(models.Model):
    """First, last, lowest and highest value of one series, for tables."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="summaries")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    metric = models.CharField(max_length=200)
    labels = models.CharField(max_length=500, default="{}")
    n_points = models.IntegerField(default=0)
    first_value = number_field()
    first_step = models.BigIntegerField()
    last_value = number_field()
    last_value_state = state_field()
    last_step = models.BigIntegerField()
    low_value = number_field()
    low_step = models.BigIntegerField(null=True, blank=True)
    high_value = number_field()
    high_step = models.BigIntegerField(null=True, blank=True)

    class Meta:
        db_table = "metric_summary"
        constraints = [models.UniqueConstraint(fields=["trial", "metric", "labels"], name="metric_summary_once")]
        indexes = [
            # Sorting and querying trials by what a metric came to: one index that holds it all, in the order of trials,
            # because each report moves it.
            models.Index(
                fields=["study", "metric", "labels", "trial", "last_value", "low_value", "high_value", "first_value"],
                name="metric_summary_table",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} of trial {self.trial_id}"

    @property
    def last(self) -> float | None:
        """Return the value last told, NaN and infinities included."""
        return join(self.last_value, self.last_value_state)


class Observation(models.Model):
    """The objective at a decision point, under the study's sequence number; never rewritten."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="observations")
    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="observations")
    attempt_number = models.IntegerField()
    sequence = models.BigIntegerField()
    step = models.BigIntegerField()
    # As told at this step, and the best told up to it (NULL while nothing finite was told).
    value = number_field()
    value_state = state_field()
    best = number_field()
    at = models.DateTimeField()

    class Meta:
        db_table = "observation"
        constraints = [
            models.UniqueConstraint(fields=["study", "sequence"], name="observation_sequence_once"),
        ]
        indexes = [
            # Ranks at a rung: how many peers at this step are better.
            models.Index(fields=["study", "step", "best"], name="observation_rank_by_best"),
            models.Index(fields=["study", "step", "value", "trial"], name="observation_rank_by_value"),
            # A trial's own passage through the rungs.
            models.Index(fields=["trial", "step", "sequence"], name="observation_of_trial"),
        ]

    def __str__(self) -> str:
        return f"observation {self.sequence} of study {self.study_id}"

    @property
    def told(self) -> float | None:
        """Return the value as told, NaN and infinities included."""
        return join(self.value, self.value_state)
