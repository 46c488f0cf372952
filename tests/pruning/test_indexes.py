"""What is asked at every poll and every decision touches the trials it is about, not all of a study."""

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from pruning import judging
from pruning.briefing import stream_of
from pruning.provider import LedgerProvider
from pruning.querysets import spared_among
from pruning.searching import searchable
from tests.pruning.studies import NOW, a_study, an_attempt
from trials import head, studies
from trials.budgets import slot_hours

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
def test_neither_a_poll_nor_a_decision_scans_the_table_of_trials() -> None:
    study = a_study()
    an_attempt(study)
    study.refresh_from_db()

    with CaptureQueriesContext(connection) as queries:
        head.live_version(study)
        stream_of(study)
        studies.room(study, study.plan())

    plans = []
    with connection.cursor() as cursor:
        for query in queries.captured_queries:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plans += [row[3] for row in cursor.fetchall()]
    assert [plan for plan in plans if "trial_table" in plan or plan.startswith("SCAN")] == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
def test_trials_are_found_by_their_verdicts_without_reading_a_row_of_the_ledger() -> None:
    facts = {fact.name: fact for fact in searchable(a_study())}

    asked = {"verdict": ["STOP"], "rule": ["asha", "divergence"], "spared": ["yes"]}
    for name, values in asked.items():
        numbers = facts[name].numbers(values)

        assert isinstance(numbers, QuerySet)
        assert "COVERING INDEX pruning_event_by_verdict" in numbers.explain(), name


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
def test_whether_a_trial_was_halted_again_is_asked_of_that_trial() -> None:
    facts = {fact.name: fact for fact in searchable(a_study())}

    numbers = facts["halted_by"].numbers(["asha"])

    assert isinstance(numbers, QuerySet)
    plan = numbers.explain()
    assert "COVERING INDEX pruning_event_by_verdict" in plan
    assert "SEARCH U0 USING INDEX pruning_event_of_trial (study_uid=? AND trial_number=? AND sequence>?)" in plan


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
def test_who_was_spared_among_a_few_is_asked_of_those_few() -> None:
    with CaptureQueriesContext(connection) as queries:
        spared_among(a_study(), [1, 2, 3])

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries.captured_queries[-1]['sql']}")
        assert "pruning_event_of_trial (study_uid=? AND trial_number=?)" in cursor.fetchall()[0][3]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
def test_a_page_asks_by_what_it_shows_and_by_what_is_best() -> None:
    study = a_study()
    judging.judged([study])
    asked = {
        "the rulings on a few trials": (
            lambda: LedgerProvider().rulings_of(study, [1, 2, 3]),
            "pruning_event_of_trial (study_uid=? AND trial_number=?)",
        ),
        "the best trials": (lambda: judging._best([study]), "trial_by_value (study_id=? AND value>?)"),
        "the attempts that run": (lambda: slot_hours(study, at=NOW), "trial_by_state (study_id=? AND state=?)"),
    }

    for what, (ask, index) in asked.items():
        with CaptureQueriesContext(connection) as queries:
            ask()
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {queries.captured_queries[-1]['sql']}")
            assert any(index in row[3] for row in cursor.fetchall()), what
