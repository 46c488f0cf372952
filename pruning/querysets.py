"""Questions that pages ask the ledger, one query each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from django.db import connection
from django.db.models import Max, UUIDField

from pruning.foreign.registry import EVERY_STRATEGY
from pruning.models import PruningEvent, PruningEventQuerySet
from trials.models import Revision, Study

RANKED = frozenset(EVERY_STRATEGY)
"""Rules whose verdicts compare a trial with its peers."""
HALTS = ("STOP", "PAUSE", "FINISH")
"""Verdicts that a trial does not train on after."""


def strategic(study: Study) -> PruningEventQuerySet:
    """Return the verdicts that a strategy gave, the overruled ones included."""
    return PruningEvent.objects.of_study(study).verdicts().filter(rule__in=RANKED)


def newest_sequence(study: Study) -> int:
    """Return the number of the newest row of a study's ledger, which has at most so many rows; 0 without a ledger."""
    rows = PruningEvent.objects.of_study(study).order_by("-sequence")
    return rows.values_list("sequence", flat=True).first() or 0


def newest_by_step(study: Study, *, until: int | None = None) -> Iterable[PruningEvent]:
    """Return the newest strategic verdict at each decision point, ascending in step."""
    newest = _newest_at(study, looks_of(study), study.sequence if until is None else until)
    return PruningEvent.objects.of_study(study).filter(sequence__in=newest).order_by("step")


def looks_of(study: Study) -> list[int]:
    """Return every decision point that a revision of the study has or had."""
    looks = Revision.objects.filter(study=study).values_list("looks", flat=True)
    return sorted({int(look) for one in looks for look in one})


def _newest_at(study: Study, steps: Sequence[int], until: int) -> list[int]:
    """Return the number of the newest strategic verdict at each step that has one.

    One look into an index for each step: grouping would read every verdict of the study. Strategies judge at decision
    points and nowhere else.
    """
    if not steps:
        return []
    quote = connection.ops.quote_name
    rules = ", ".join(["%s"] * len(RANKED))
    listed = ", ".join(["(%s)"] * len(steps))
    sql = f"""
        WITH looks(step) AS (VALUES {listed})
        SELECT (
            SELECT sequence FROM {quote(PruningEvent._meta.db_table)}
            WHERE study_uid = %s AND step = looks.step AND sequence <= %s AND kind = %s AND rule IN ({rules})
            ORDER BY sequence DESC LIMIT 1
        ) FROM looks"""  # noqa: S608 - our own names
    uid = UUIDField().get_db_prep_value(study.uid, connection)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*steps, uid, until, PruningEvent.Kind.VERDICT, *sorted(RANKED)])
        return [sequence for (sequence,) in cursor.fetchall() if sequence is not None]


def steps_between(study: Study, low: int, high: int | None, *, most: int) -> list[int]:
    """Return the steps in a span that any row stands at, ascending, at most so many; a look into an index for each."""
    quote = connection.ops.quote_name
    table, until = quote(PruningEvent._meta.db_table), "" if high is None else " AND step <= %s"
    sql = f"""
        WITH RECURSIVE found(step) AS (
            SELECT MIN(step) FROM {table} WHERE study_uid = %s AND step >= %s{until}
            UNION ALL
            SELECT (SELECT MIN(step) FROM {table} WHERE study_uid = %s AND step > found.step{until})
            FROM found WHERE found.step IS NOT NULL
        )
        SELECT step FROM found WHERE step IS NOT NULL LIMIT %s"""  # noqa: S608 - our own names
    uid = UUIDField().get_db_prep_value(study.uid, connection)
    bound = [] if high is None else [high]
    with connection.cursor() as cursor:
        cursor.execute(sql, [uid, low, *bound, uid, *bound, most])
        return [step for (step,) in cursor.fetchall()]


def counts_at_steps(study: Study, steps: Sequence[int], *, most: int) -> Mapping[int, int]:
    """Return how many rows stand at each of these steps, counted up to `most`, from the index of steps alone."""
    if not steps:
        return {}
    table = connection.ops.quote_name(PruningEvent._meta.db_table)
    listed = ", ".join(["(%s)"] * len(steps))
    sql = f"""
        WITH looks(step) AS (VALUES {listed})
        SELECT step, (
            SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE study_uid = %s AND step = looks.step LIMIT %s) AS one
        ) FROM looks"""  # noqa: S608 - our own names
    uid = UUIDField().get_db_prep_value(study.uid, connection)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*steps, uid, most])
        return dict(cursor.fetchall())


def newest_by_trial(study: Study, numbers: Collection[int]) -> Iterable[PruningEvent]:
    """Return the newest strategic verdict on each of these trials."""
    rows = strategic(study).filter(trial_number__in=numbers)
    newest = rows.values("trial_number").annotate(last=Max("sequence")).values("last")
    return PruningEvent.objects.of_study(study).filter(sequence__in=newest)


def spared_among(study: Study, numbers: Collection[int]) -> frozenset[int]:
    """Return which of these trials the control arm protected from a rule."""
    # By the index of trials alone: named in the query, the verdict would have SQLite read every PROTECT of the study;
    # and without the kind, all columns would stand in the index of verdicts, which it would then read whole.
    rows = PruningEvent.objects.of_study(study).filter(trial_number__in=numbers)
    found = rows.values_list("trial_number", "kind", "verdict", "reason")
    spared = ["verdict", "PROTECT", "control"]
    return frozenset(number for number, *said in found if said == spared and number is not None)


def spared(uids: Iterable[UUID]) -> Mapping[UUID, frozenset[int]]:
    """Return, by study, the numbers of the trials that the control arm protected from a rule."""
    rows = PruningEvent.objects.filter(study_uid__in=list(uids), verdict="PROTECT", reason="control")
    found: dict[UUID, set[int]] = {}
    for uid, number in rows.values_list("study_uid", "trial_number").distinct():
        if number is not None:
            found.setdefault(uid, set()).add(number)
    return {uid: frozenset(numbers) for uid, numbers in found.items()}
