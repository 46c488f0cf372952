"""The job: asked once, read from the database, kept as of the study's sequence."""

from __future__ import annotations

import numpy as np
import pytest
from django.utils import timezone

from tests import factories
from tests.trials.importance.stored import LOOK, a_searched_study
from trials import explaining
from trials.importance import Fate
from trials.models import Job, Observation, Study, Trial, Worker
from trials.running import jobs

pytestmark = pytest.mark.django_db


def a_worker() -> Worker:
    facts = {"host": "here", "pid": 1, "queue": "work", "slots": 0, "started_at": factories.NOW}
    return Worker.objects.get_or_create(name="work", defaults=facts)[0]


def ran(study: Study) -> Job:
    """Ask for importance and run it as a `work` process does."""
    job = explaining.ask(study, at=timezone.now())
    assert job is not None
    assert jobs.run(job.pk, worker=a_worker())
    job.refresh_from_db()
    return job


def test_a_study_is_explained_and_the_result_kept_with_what_it_rests_on(quick: None) -> None:
    study = a_searched_study()

    job = ran(study)

    assert (job.state, job.message) == (Job.State.DONE, "refit 10 of 10")
    assert job.result is not None
    assert job.result["names"] == ["learning_rate", "batch_size", "dropout", "optimizer"]
    assert job.result["as_of"] == study.sequence
    assert job.result["fates"] == {"open": 1, "stopped": 19, "broken": 0, "finished": 20}
    shares = job.result["readings"]["imputed"]["by"]["fanova"]
    assert shares[0][0] > 0.6
    assert {key: reading["n"] for key, reading in job.result["readings"].items()} == {
        "imputed": 39, "last_look": 39, "equal_step": 40, "survival": 40, "finished": 20
    }  # fmt: skip


def test_it_is_asked_for_once() -> None:
    study = a_searched_study(trials=3)

    assert explaining.ask(study, at=timezone.now()) is not None
    assert explaining.ask(study, at=timezone.now()) is None
    assert study.jobs.filter(kind=explaining.KIND).count() == 1


def test_an_older_result_goes_when_a_newer_one_is_there_and_no_other_job_does(quick: None) -> None:
    study = a_searched_study()
    other = jobs.enqueue("backtest", study=study, at=timezone.now())

    first, second = ran(study), ran(study)

    assert not Job.objects.filter(pk=first.pk).exists()
    assert explaining.known(study).result == second.result
    assert Job.objects.filter(pk=other.pk).exists()


def test_a_failure_is_kept_beside_the_result_before_it(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    study = a_searched_study()
    before = ran(study).result

    def broken(study: Study) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(explaining, "read", broken)
    ran(study)

    known = explaining.known(study)
    assert known.job is not None
    assert (known.job.state, known.job.message) == (Job.State.FAILED, "MemoryError: no room")
    assert known.result == before


def test_values_are_read_so_that_lower_is_better() -> None:
    from trials.plan import Objective

    study = a_searched_study(objectives=(Objective(metric="accuracy", direction="maximize"),))
    configurations, courses = explaining.read(study)

    trial = study.trials.filter(state=Trial.State.COMPLETE).order_by("number")[0]
    row = next(index for index, found in enumerate(configurations) if found == trial.params)
    assert trial.value is not None
    assert courses.values[row] == -trial.value
    assert courses.at_looks[row, 0] > courses.values[row]


def test_every_way_of_standing_is_read_for_what_it_says() -> None:
    played = factories.a_played_study()
    configurations, courses = explaining.read(played.study)
    numbers = list(played.study.trials.exclude(state="WAITING").order_by("number").values_list("number", flat=True))

    def fate(number: int) -> Fate:
        return Fate(courses.fates[numbers.index(number)])

    stopped = played.study.trials.filter(ending_code="outpaced")[0]
    assert len(configurations) == len(courses) == len(numbers)
    assert courses.looks == (4, 8)
    assert fate(0) == Fate.FINISHED
    assert fate(stopped.number) == Fate.STOPPED
    assert fate(played.diverged.number) == Fate.BROKEN
    assert fate(played.failed.number) == Fate.OPEN
    assert fate(played.running.trial.number) == Fate.OPEN
    assert courses.n_reached[numbers.index(played.running.trial.number)] == 1
    assert courses.n_reached[numbers.index(0)] == 2


def test_a_person_who_stops_a_trial_holds_nothing_against_it() -> None:
    study = a_searched_study()
    trial = study.trials.get(state=Trial.State.RUNNING)
    Trial.objects.filter(pk=trial.pk).update(
        state=Trial.State.PRUNED, ending_code="stopped_by_user", ended_at=factories.NOW
    )

    _, courses = explaining.read(study)

    assert Fate(courses.fates[-1]) == Fate.OPEN


def test_a_trial_that_another_continues_is_read_once() -> None:
    study = a_searched_study()
    first = study.trials.get(number=0)
    study.trials.filter(number=1).update(continues=first)

    configurations, _ = explaining.read(study)

    assert len(configurations) == 39
    assert first.params not in configurations


def test_the_newest_observation_at_a_look_counts_and_one_without_a_number_is_worst() -> None:
    study = a_searched_study()
    trial = study.trials.get(number=0)
    for sequence, best in ((5_000, 0.123), (5_001, None)):
        Observation.objects.create(
            study=study, trial=trial if best else study.trials.get(number=1), attempt_number=2, sequence=sequence,
            step=LOOK, value=best, value_state="" if best else "nan", best=best, at=factories.NOW,
        )  # fmt: skip

    _, courses = explaining.read(study)

    assert courses.at_looks[0, 0] == 0.123
    assert np.isinf(courses.at_looks[1, 0])


def test_reading_takes_the_same_queries_whatever_the_number_of_trials(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    for trials in (5, 40):
        study = a_searched_study(factories.a_project(f"p{trials}"), trials=trials)
        with django_assert_num_queries(3):
            explaining.read(study)


def test_a_study_without_trials_says_what_is_missing(quick: None) -> None:
    job = ran(factories.a_study(defaults=None))

    assert job.state == Job.State.DONE
    assert job.result is not None
    assert all(reading["missing"] for reading in job.result["readings"].values())


def test_a_worker_that_was_lost_gives_the_job_back(quick: None) -> None:
    study = a_searched_study()
    job = explaining.ask(study, at=timezone.now())
    assert job is not None
    claimed = jobs.claim(job.pk, worker=a_worker(), at=timezone.now())
    assert claimed is not None

    jobs.release(claimed, "The worker that ran it was lost.", at=timezone.now())

    assert jobs.run(job.pk, worker=a_worker())
    assert explaining.known(study).result is not None
