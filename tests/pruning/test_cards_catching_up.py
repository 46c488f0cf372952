"""Studies that ended before an upgrade get their cards by themselves, a few at a time."""

from datetime import timedelta

import pytest

from pruning import cards
from pruning.carding import CARD, catch_up
from pruning.library.playing import CARD_POLICIES
from pruning.models import LedgerHead, StudyCard
from pruning.tasks import catch_up_on_cards
from tests.pruning.ended import a_plain_study, carded
from tests.pruning.studies import NOW, a_study
from trials.models import Job, Study, Worker
from trials.running import jobs
from tuning_site.celery import app

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging", "few_orders")]
S = Job.State


@pytest.fixture
def few_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play one order of one policy, where more would tell no more about when a card is made."""
    monkeypatch.setattr(cards, "ORDERS", 1)
    monkeypatch.setattr(cards, "makers", lambda own: {"fast": CARD_POLICIES["fast"]})


def from_before(*names: str) -> list[Study]:
    """Return ended studies as an earlier version left them: without a card, and without a job that makes one."""
    studies = [a_plain_study(name) for name in names]
    for hour, study in enumerate(studies):
        Study.objects.filter(pk=study.pk).update(ended_at=NOW + timedelta(hours=hour))
    Job.objects.filter(kind=CARD).delete()
    return studies


def waiting() -> list[str]:
    return [job.study.name for job in Job.objects.filter(kind=CARD, state=S.WAITING).order_by("pk") if job.study]


def a_worker() -> Worker:
    return Worker.objects.create(name="here-1", host="here", pid=1, queue="work", slots=0, started_at=NOW)


def test_every_earlier_study_gets_its_card_though_only_a_few_wait_at_a_time() -> None:
    from_before("first", "second", "third")
    worker, rounds = a_worker(), []

    while catch_up(at=NOW, most=2):
        rounds.append(waiting())
        for job_id in Job.objects.filter(kind=CARD, state=S.WAITING).values_list("pk", flat=True):
            assert jobs.run(job_id, worker=worker)

    assert rounds == [["third", "second"], ["first"]]
    assert set(StudyCard.objects.values_list("study__name", flat=True)) == {"first", "second", "third"}


def test_what_waits_already_counts_against_the_few() -> None:
    from_before("first", "second", "third")

    assert catch_up(at=NOW, most=2) == 2
    assert catch_up(at=NOW, most=2) == 0
    assert len(waiting()) == 2


def test_a_job_whose_worker_died_goes_on_and_is_not_asked_for_twice() -> None:
    from_before("first")
    catch_up(at=NOW)
    job = jobs.claim(Job.objects.get(kind=CARD).pk, worker=a_worker(), at=NOW)
    assert job is not None
    jobs.release(job, "The worker that ran it was lost.", at=NOW)

    assert catch_up(at=NOW) == 0
    assert waiting() == ["first"]


def test_a_card_that_failed_is_left_to_a_person() -> None:
    from_before("first")
    catch_up(at=NOW)
    Job.objects.filter(kind=CARD).update(state=S.FAILED)

    assert catch_up(at=NOW) == 0


def test_studies_that_run_or_have_a_card_or_no_ledger_are_left_alone() -> None:
    (carded_already, without_ledger) = from_before("carded", "without a ledger")
    carded(carded_already)
    LedgerHead.objects.filter(study_uid=without_ledger.uid).delete()
    a_study(name="still running")

    assert catch_up(at=NOW) == 0
    assert waiting() == []


def test_with_nothing_to_catch_up_on_it_asks_the_database_once(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    carded(*(a_plain_study(f"plain {n}") for n in range(2)))

    with django_assert_num_queries(1):
        assert catch_up(at=NOW) == 0


def test_the_clock_rings_for_it_every_minute() -> None:
    entry = app.conf.beat_schedule["cards"]

    assert entry["task"] == catch_up_on_cards.name
    assert entry["schedule"] == 60.0
    from_before("first")
    assert catch_up_on_cards() == 1
