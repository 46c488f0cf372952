"""The sweep's own clock decides who is lost: not the wall clock, and not while the database was away."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import OperationalError

from tests.trials.builders import NOW, a_study, an_attempt
from trials.models import Attempt, Job, Study, Trial, Worker
from trials.plan import Enqueued, TrainableSpec
from trials.running import beats, jobs, sweep
from trials.running.claims import claim
from trials.running.sweep import Sweep, Watch


@dataclass
class Clock:
    """A monotonic clock that a test moves."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def seconds_pass(watch: Watch, clock: Clock, beats: dict[sweep.Key, int], seconds: int) -> set[sweep.Key]:
    """Look every ten seconds, as the sweep does; return what was stale at the last look."""
    stale: set[sweep.Key] = set()
    for _ in range(seconds // 10):
        clock.now += 10
        stale = watch.stale(beats)
    return stale


A, B = ("worker", 1), ("worker", 2)


def test_a_beat_that_stands_still_for_the_lease_is_stale() -> None:
    clock = Clock()
    watch = Watch(60, clock=clock)

    assert seconds_pass(watch, clock, {A: 7, B: 1}, 60) == set()
    assert seconds_pass(watch, clock, {A: 7, B: 2}, 10) == {A}


def test_after_an_outage_every_lease_counts_anew() -> None:
    clock = Clock()
    watch = Watch(60, clock=clock)
    seconds_pass(watch, clock, {A: 7}, 60)

    watch.forget()

    assert seconds_pass(watch, clock, {A: 7}, 60) == set()
    assert seconds_pass(watch, clock, {A: 7}, 10) == {A}


def test_a_sweep_that_was_held_up_itself_counts_anew() -> None:
    clock = Clock()
    watch = Watch(60, clock=clock)
    seconds_pass(watch, clock, {A: 7}, 20)
    clock.now += 3600

    assert watch.stale({A: 7}) == set()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until a test moves it."""
    return Clock()


def swept(sweep: Sweep, clock: Clock, seconds: int) -> None:
    """Sweep every ten seconds for a while."""
    for _ in range(seconds // 10):
        clock.now += 10
        sweep.once(at=NOW)


@pytest.fixture
def running(db: None) -> Attempt:
    """A trial that a worker of another host runs."""
    study = a_study(trainable=TrainableSpec(name="tiny"), enqueue=(Enqueued(params={"x": 0.5}),))
    Job.objects.update(state=Job.State.DONE)
    worker = Worker.objects.create(name="far", host="elsewhere", pid=1, started_at=NOW)
    attempt = claim(worker, at=NOW, study=study)
    assert attempt is not None
    return attempt


def test_trials_of_a_silent_worker_go_back_to_waiting(running: Attempt, clock: Clock) -> None:
    swept(Sweep(lease=60, clock=clock), clock, 70)

    running.refresh_from_db()
    assert running.outcome == "worker_lost"
    assert Trial.objects.get().state == Trial.State.WAITING
    assert Worker.objects.get().stopped_at == NOW


def test_a_worker_that_beats_keeps_its_trials(running: Attempt, clock: Clock) -> None:
    patrol = Sweep(lease=60, clock=clock)
    for _ in range(20):
        beats.move(running.worker_id or 0)
        swept(patrol, clock, 10)

    running.refresh_from_db()
    assert running.is_live


def test_an_attempt_over_http_is_lost_by_its_own_beat(db: None, clock: Clock) -> None:
    attempt = an_attempt(a_study())

    swept(Sweep(lease=60, clock=clock), clock, 70)

    attempt.refresh_from_db()
    assert attempt.outcome == "worker_lost"
    assert "tester" in attempt.outcome_sentence


def test_no_lease_runs_out_while_the_database_is_away(
    running: Attempt, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    patrol = Sweep(lease=60, clock=clock)
    swept(patrol, clock, 50)

    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(sweep, "advance", away)
        patched.setattr(Sweep, "_take_from_the_lost", away)
        swept(patrol, clock, 3600)
    swept(patrol, clock, 60)

    running.refresh_from_db()
    assert running.is_live


def test_a_job_whose_worker_was_lost_waits_again_and_fails_the_third_time(running: Attempt, clock: Clock) -> None:
    study = running.trial.study
    worker = Worker.objects.get()
    job = jobs.enqueue("import", study=study, at=NOW)
    states = []
    for _ in range(3):
        Worker.objects.update(stopped_at=None)
        assert jobs.claim(job.pk, worker=worker, at=NOW)
        swept(Sweep(lease=60, clock=clock), clock, 70)
        job.refresh_from_db()
        states.append(job.state)

    assert states == ["WAITING", "WAITING", "FAILED"]
    assert "attempt 3 of 3" in job.message


def test_a_study_whose_preparation_failed_ends(running: Attempt) -> None:
    study = a_study(name="other", trainable=TrainableSpec(name="tiny"), enqueue=(Enqueued(params={"x": 0.5}),))
    job = Job.objects.get(study=study)
    assert jobs.claim(job.pk, worker=Worker.objects.get(), at=NOW)
    job.refresh_from_db()

    jobs.fail(job, "RuntimeError: no data", at=NOW)

    study.refresh_from_db()
    assert study.state == Study.State.ENDED
    assert "no data" in study.ending_sentence


def test_a_worker_of_this_host_that_died_is_known_dead_at_once(db: None) -> None:
    worker = beats.register(queue_name="cpu", slots=1)
    held = beats.hold(worker)
    assert not beats.is_known_dead(worker)

    held.close()

    assert beats.is_known_dead(worker)


def test_a_mistake_in_one_study_does_not_keep_the_sweep_from_the_others(
    running: Attempt, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = a_study(name="another")
    seen: list[int] = []

    def advance(study: Study, *, at: object) -> None:
        seen.append(study.pk)
        raise KeyError("a plan nobody can read")

    monkeypatch.setattr(sweep, "advance", advance)

    Sweep(lease=60, clock=clock).once(at=NOW)

    assert seen == [running.trial.study_id, other.pk]
    assert "a study could not be advanced" in caplog.text
