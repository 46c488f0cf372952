"""What is asked at every poll and every decision touches the trials it is about, not all of a study."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pruning.briefing import stream_of
from tests.pruning.studies import a_study, an_attempt
from trials import head, studies

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
def test_neither_a_poll_nor_a_decision_scans_the_table_of_trials() -> None:
    study = a_study()
    an_attempt(study)

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
