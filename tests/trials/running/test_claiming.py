"""Exactly one claimer gets a trial, and it is the right trial."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings

from tests.trials.builders import NOW, PAUSE_AT_4, ScriptedReviewer, a_study
from tests.trials.running.bench import Bench
from trials import endings, reporting
from trials.models import Artifact, Attempt, Job, Study, Trial, Worker
from trials.plan import Enqueued, TrainableSpec
from trials.running import checkpoints
from trials.running.claims import claim
from trials.running.orders import Place
from trials.running.slots import give_back
from trials.series import Point

THREE = (Enqueued(params={"x": 0.1}), Enqueued(params={"x": 0.2}), Enqueued(params={"x": 0.3}))


@pytest.fixture
def worker(db: None) -> Worker:
    """A worker of this host."""
    return Worker.objects.create(name="w", host=checkpoints.host(), pid=1, started_at=NOW)


def take(worker: Worker, *trainables: str) -> Attempt | None:
    """Claim as a worker with these trainables does."""
    return claim(worker, at=NOW, trainables=trainables or ("tiny",))


def a_prepared_study(**changes: object) -> Study:
    """Launch a study of the tiny trainable whose preparation is done."""
    study = a_study(trainable=TrainableSpec(name="tiny"), enqueue=THREE, **changes)
    Job.objects.filter(study=study).update(state=Job.State.DONE)
    return study


def test_trials_are_claimed_in_the_order_of_their_numbers(worker: Worker) -> None:
    study = a_prepared_study()

    attempts = [take(worker) for _ in range(4)]

    assert [attempt.trial.number if attempt else None for attempt in attempts] == [0, 1, 2, None]
    study.refresh_from_db()
    assert (study.n_waiting, study.n_running, study.started_at) == (0, 3, NOW)


def test_a_resumption_comes_before_new_numbers(worker: Worker, reviewer: type[ScriptedReviewer]) -> None:
    reviewer.script = {(0, 4): PAUSE_AT_4}
    a_prepared_study()
    first = take(worker)
    assert first is not None
    reporting.report(attempt_id=first.pk, batch=1, points=[Point(step=4, metrics={"loss": 1.0})], at=NOW)
    endings.resume(first.trial, at=NOW)

    again = take(worker)

    assert again is not None
    assert (again.trial_id, again.number) == (first.trial_id, 2)


def test_a_study_waits_for_its_preparation(worker: Worker) -> None:
    study = a_prepared_study()
    Job.objects.filter(study=study).update(state=Job.State.RUNNING)

    assert take(worker) is None


def test_a_worker_leaves_trainables_it_does_not_have(worker: Worker) -> None:
    a_prepared_study()

    assert take(worker, "another") is None


def test_a_study_that_is_ending_starts_nothing(worker: Worker) -> None:
    study = a_prepared_study()
    Study.objects.filter(pk=study.pk).update(ending_code="stopped_by_user")

    assert take(worker) is None


def lost_at_step_5(worker: Worker) -> Trial:
    """Return a trial that told five steps, kept a checkpoint at the third, and lost its worker."""
    attempt = take(worker)
    assert attempt is not None
    points = [Point(step=step, metrics={"loss": 1 / step}) for step in range(1, 6)]
    reporting.report(attempt_id=attempt.pk, batch=1, points=points, at=NOW)
    path = checkpoints.folder(attempt.trial) / "last-3-1"
    path.parent.mkdir(parents=True)
    path.write_text("three")
    checkpoints.record(attempt, kind="last", step=3, path=path, size=5, at=NOW)
    endings.requeue(attempt, outcome="worker_lost", sentence="Lost.", at=NOW)
    return attempt.trial


def test_an_attempt_resumes_from_the_checkpoint_on_this_host(
    worker: Worker, settings: LazySettings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    a_prepared_study()
    trial = lost_at_step_5(worker)

    attempt = take(worker)

    assert attempt is not None
    assert (attempt.trial_id, attempt.number, attempt.resumed_from) == (trial.pk, 2, 3)
    # What it told after its checkpoint is forgotten: it will tell it again.
    assert attempt.trial.last_step == 3
    assert attempt.trial.best_value == pytest.approx(1 / 3)


def test_an_attempt_begins_anew_where_the_checkpoint_lies_on_another_host(
    worker: Worker, settings: LazySettings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    a_prepared_study()
    lost_at_step_5(worker)
    Artifact.objects.update(host="elsewhere")

    attempt = take(worker)

    assert attempt is not None
    assert (attempt.resumed_from, attempt.trial.last_step) == (0, None)


def test_a_shared_store_serves_every_host(worker: Worker, settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.SHARED_STORE = tmp_path, True
    a_prepared_study()
    lost_at_step_5(worker)
    Artifact.objects.update(host="elsewhere")

    attempt = take(worker)

    assert attempt is not None
    assert attempt.resumed_from == 3


def test_a_clean_shutdown_is_no_strike_against_a_trial(worker: Worker) -> None:
    a_prepared_study()
    for number in range(1, 6):
        attempt = take(worker)
        assert attempt is not None
        assert (attempt.trial.number, attempt.number) == (0, number)
        assert endings.requeue(attempt, outcome="released", sentence="Shut down.", at=NOW + timedelta(seconds=number))


def test_a_free_slot_gives_back_what_it_is_said_to_run(worker: Worker) -> None:
    a_prepared_study()
    attempt, elsewhere = take(worker), claim(worker, slot=1, at=NOW)
    assert attempt is not None
    assert elsewhere is not None

    give_back(worker, Place(slot=0))

    attempt.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (attempt.outcome, elsewhere.outcome) == ("released", "")
    assert attempt.trial.state == Trial.State.WAITING


@pytest.mark.processes
@pytest.mark.parametrize("n_trials", [100])
def test_many_claimers_get_each_trial_once(tmp_path: Path, n_trials: int) -> None:
    bench = Bench(tmp_path, port=8742)
    n_claimers = 32 if bench.on_postgres else 16
    bench.start_remote()
    study = bench.ask("launch", trials=n_trials)
    bench.ask("fill", study_id=study, n=n_trials)

    claimed = bench.ask("claim_all", n_claimers=n_claimers, study_id=study)

    bench.stop()
    counts = Counter(trial for one in claimed for trial in one)
    assert len(claimed) == n_claimers
    assert len(counts) == n_trials
    assert set(counts.values()) == {1}
