"""The head of a study: its sequence numbers and its rollups.

Every number belongs to one ledger row (where a reviewer keeps a ledger) and to the observation written with it.
Lock order everywhere: a trial's row first, then its study's.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Sum
from django.db.models.expressions import Combinable

from trials.models import EndingCount, Study, Trial
from trials.statements import Upsert

COUNTER = {
    Trial.State.WAITING: "n_waiting",
    Trial.State.RUNNING: "n_running",
    Trial.State.PAUSED: "n_paused",
    Trial.State.COMPLETE: "n_complete",
    Trial.State.PRUNED: "n_pruned",
    Trial.State.FAILED: "n_failed",
}


_add = Upsert(EndingCount, unique=("study", "state", "code", "motive"), added=("n",))


def lock(study_id: int) -> Study:
    """Return the study with its row locked until the transaction ends."""
    return Study.objects.select_for_update().get(pk=study_id)


def next_sequence(study: Study) -> int:
    """Take the study's next sequence number; the caller holds its lock."""
    study.sequence += 1
    Study.objects.filter(pk=study.pk).update(sequence=study.sequence)
    return study.sequence


def move(study_id: int, *, before: str | None, after: str, at: datetime, **changes: Combinable | float | int) -> None:
    """Move the rollups for one trial that changed state; further changes go into the same UPDATE."""
    counters: dict[str, Combinable] = {}
    if before != after:
        if before is not None:
            counters[COUNTER[Trial.State(before)]] = F(COUNTER[Trial.State(before)]) - 1
        counters[COUNTER[Trial.State(after)]] = F(COUNTER[Trial.State(after)]) + 1
    touch(study_id, at=at, **counters, **changes)


def count_ending(study_id: int, state: str, code: str, motive: str, *, by: int = 1) -> None:
    """Move the count of trials that are paused or have ended in this way. The caller has moved the study's row."""
    _add([EndingCount(study_id=study_id, state=state, code=code, motive=motive, n=by)])


def touch(study_id: int, *, at: datetime, **changes: Combinable | float | int) -> None:
    """Bump the version that pages poll against, and apply further changes in the same UPDATE."""
    Study.objects.filter(pk=study_id).update(version=F("version") + 1, last_activity_at=at, **changes)


def live_version(study: Study) -> str:
    """Return a text that changes whenever a page of this study could.

    Reports between decision points take no study-wide lock, so they do not move `Study.version`; the steps of the
    running trials stand in for them. Where none runs nothing is asked: an open page polls every second or two.
    """
    if not study.n_running:
        return f"{study.version}-0"
    # The few that run are found first, by the index of states; asked for in one, SQLite would scan all trials.
    running = study.trials.running().values("pk")
    steps = Trial.objects.filter(pk__in=running).aggregate(steps=Sum("last_step"))["steps"]
    return f"{study.version}-{steps or 0}"
