"""The state of studies, kept between two verdicts."""

from __future__ import annotations

import itertools

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from pruning import memory
from pruning.history import MOVING, Course, moves
from pruning.models import PruningEvent
from pruning.replay import replay
from tests.pruning.studies import a_played_study, a_study, an_attempt, events, falling, tell, train
from trials.models import Study

pytestmark = pytest.mark.django_db

FLOORS = [0.5 + 0.1 * (n * 7 % 11) for n in range(11)]


def kept(study: Study) -> Course:
    """Return what this process remembers of a study."""
    return memory._memories[study.uid].course


def read_anew(study: Study) -> Course:
    """Return the same state read from the database."""
    study.refresh_from_db()
    course = Course(study)
    course.read(study, seen=(-1, study.sequence), said=(-1, study.sequence))
    return course


def rungs(course: Course) -> list[tuple[int, int, str]]:
    """Return (reached, eliminated, digest) of every rung."""
    found = [course.population.rung(step, by=by) for step in (2, 4, 8, 16) for by in ("value", "best")]
    return [(rung.reached, rung.eliminated, rung.digest) for rung in found]


def test_what_is_kept_is_what_would_be_read() -> None:
    study = a_played_study(FLOORS)

    assert rungs(kept(study)) == rungs(read_anew(study))
    assert replay(study).holds


@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_alone_reads_neither_observations_nor_the_ledger_to_judge() -> None:
    study = a_played_study(FLOORS[:4])
    attempt = an_attempt(study)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        tell(attempt, 2, 1.0)

    selects = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert not [sql for sql in selects if 'FROM "pruning_event"' in sql]
    assert not [sql for sql in selects if 'FROM "observation"' in sql and "sequence" in sql.partition("WHERE")[2]]


def test_what_another_process_did_is_read_before_the_next_verdict() -> None:
    study = a_played_study(FLOORS[:4])
    mine = memory._memories.pop(study.uid)
    train(an_attempt(study), falling(0.1))  # as another process, which begins without a memory
    memory._memories[study.uid] = mine

    tell(an_attempt(study), 2, 1.0)

    assert kept(study) is mine.course
    assert rungs(mine.course) == rungs(read_anew(study))


def test_a_verdict_that_was_rolled_back_is_forgotten() -> None:
    study = a_played_study(FLOORS[:4])
    attempt = an_attempt(study)
    with transaction.atomic():
        tell(attempt, 2, 0.001)
        transaction.set_rollback(True)

    tell(attempt, 2, 5.0)

    assert rungs(kept(study)) == rungs(read_anew(study))
    assert kept(study).population.rung(2).rank(5.0, attempt.trial.number) == 5


def test_the_rows_that_move_a_state_are_the_same_in_memory_and_in_the_database() -> None:
    study = a_study()
    values = itertools.product(
        PruningEvent.Kind.values,
        ["", "KEEP", "WARN", "STOP", "FINISH", "PAUSE", "RESUME", "PROTECT", "ABSTAIN"],
        ["", "control", "diversity", "pinned"],
        [False, True],
    )
    PruningEvent.objects.bulk_create(
        PruningEvent(
            study_uid=study.uid,
            sequence=1000 + n,
            kind=kind,
            verdict=verdict,
            reason=reason,
            shadow=shadow,
            at=study.created_at,
            previous_hash="0" * 64,
            hash="0" * 64,
            body=b"",
        )
        for n, (kind, verdict, reason, shadow) in enumerate(values)
    )

    found = set(PruningEvent.objects.of_study(study).filter(MOVING).values_list("sequence", flat=True))

    assert found == {row.sequence for row in events(study) if moves(row)}
    assert len(found) > 10
