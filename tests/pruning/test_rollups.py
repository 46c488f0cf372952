"""The counts beside a ledger, and how far its chain is known to hold."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import PropertyMock, patch

import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from pruning import checking, ledger, rollups
from pruning.ledger import Entry
from pruning.models import LedgerReach, LedgerTally, PruningEvent
from tests import factories
from trials import head
from trials.models import Study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setattr(ledger, "COUNT_EVERY", ledger.MARK_EVERY)
    return factories.a_study()


def add(study: Study, n: int, **fields: object) -> None:
    """Append rows, each in a transaction of its own."""
    for _ in range(n):
        with transaction.atomic():
            locked = head.lock(study.pk)
            said: dict[str, object] = {"kind": "verdict", "verdict": "KEEP", "sentence": "Kept.", **fields}
            ledger.append(locked, Entry(sequence=head.next_sequence(locked), **said))  # type: ignore[arg-type]
    study.refresh_from_db()


def counted(study: Study) -> dict[tuple[str, ...], int]:
    rows = PruningEvent.objects.of_study(study).values_list(*rollups.FIELDS).annotate(n=Count("id")).order_by()
    return {row[:-1]: row[-1] for row in rows}


def test_the_counts_are_exact_at_every_row(study: Study) -> None:
    for n in (1, 30, 7, 40):
        add(study, n, verdict="STOP", reason="outpaced", motive="speed", rule="asha", policy="f" * 64)
        add(study, 1)

        found = rollups.read(study)

        assert {tally[:-1]: tally.n for tally in found.tallies} == counted(study)
        assert found.total == rollups.total(study) == PruningEvent.objects.of_study(study).count()


def test_most_rows_are_counted_before_a_page_asks(study: Study) -> None:
    add(study, 3 * ledger.MARK_EVERY)

    reach = LedgerReach.objects.get(study_uid=study.uid)
    assert study.sequence - reach.counted_to < ledger.MARK_EVERY
    assert sum(LedgerTally.objects.filter(study_uid=study.uid).values_list("n", flat=True)) == reach.counted_to


def test_a_row_that_is_rolled_back_is_not_counted(study: Study) -> None:
    with transaction.atomic():
        add(study, 2 * ledger.MARK_EVERY)
        transaction.set_rollback(True)
    study.refresh_from_db()

    assert rollups.read(study).total == PruningEvent.objects.of_study(study).count()


def test_people_are_counted_by_what_they_did(study: Study) -> None:
    add(study, 40)
    for person in ("ann", "bo", "ann"):
        add(study, 1, kind="intervened", verdict="", reason="note", evidence={"person": person})
    add(study, 40)
    add(study, 1, kind="intervened", verdict="", reason="note", evidence={"person": "bo"})

    assert rollups.read(study).people == {"ann": 2, "bo": 2}
    acts = rollups.acts_of(study, "bo")
    assert acts.kept.count() + len(acts.rest) == 2


def test_what_rules_said_of_the_control_arm_is_decoded_once(study: Study) -> None:
    evidence = {"overruled": "STOP", "overruled_reason": "outpaced"}
    for _ in range(3):
        trial = factories.an_attempt(study).trial
        add(study, 40)
        add(study, 1, verdict="PROTECT", reason="control", motive="speed", rule="asha", trial=trial, evidence=evidence)

    with patch.object(PruningEvent, "evidence", new_callable=PropertyMock, return_value=evidence) as decoded:
        said = list(rollups.spared_since({study.uid: 0}))

    assert [(row.trial_number, row.wanted, row.reason, row.motive) for row in said] == [
        (number, "STOP", "outpaced", "speed") for number in range(3)
    ]
    assert decoded.call_count == 1
    assert [row.sequence for row in rollups.spared_since({study.uid: said[0].sequence})] == [
        row.sequence for row in said[1:]
    ]


def test_a_ledger_far_behind_is_counted_up_by_the_page_that_finds_it(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(study, 40)
    LedgerTally.objects.all().delete()
    LedgerReach.objects.all().delete()
    monkeypatch.setattr(rollups, "BEHIND", 10)

    assert rollups.read(study).total == PruningEvent.objects.of_study(study).count()
    assert LedgerReach.objects.get(study_uid=study.uid).counted_to == study.sequence


def test_a_chain_is_checked_a_stretch_at_a_time_and_no_row_twice(study: Study) -> None:
    add(study, 2 * ledger.MARK_EVERY)

    n = [checking.check_ledgers(rows=25) for _ in range(5)]

    marked = study.sequence - study.sequence % ledger.MARK_EVERY
    assert sum(n) >= marked
    assert n[-1] == 0
    assert LedgerReach.objects.get(study_uid=study.uid).checked_to >= marked


def test_every_row_is_checked_again_after_a_day(study: Study) -> None:
    add(study, 2 * ledger.MARK_EVERY)
    now = timezone.now()
    while checking.check_ledgers(at=now):
        pass

    assert checking.check_ledgers(at=now + timedelta(hours=23)) == 0
    assert checking.check_ledgers(rows=50, at=now + timedelta(hours=25)) == 50
    assert checking.check_ledgers(rows=50, at=now + timedelta(hours=25)) > 0
    assert checking.check_ledgers(rows=50, at=now + timedelta(hours=26)) == 0


def test_what_was_altered_below_the_mark_is_found_by_the_check_of_all(study: Study) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite lets a test drop its triggers by their names alone")
    add(study, 2 * ledger.MARK_EVERY)
    now = timezone.now()
    while checking.check_ledgers(at=now):
        pass
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER pruning_event_no_update")
        cursor.execute("UPDATE pruning_event SET sentence = 'Stopped.' WHERE sequence = 9")

    checking.check_ledgers(at=now + timedelta(days=2))

    reach = LedgerReach.objects.get(study_uid=study.uid)
    assert (reach.bad_sequence, "sentence" in reach.problem) == (9, True)
