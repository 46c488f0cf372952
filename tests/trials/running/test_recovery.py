"""What is killed comes back, and what ends ends once: real workers, real signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.trials.running.bench import ROOT, Bench, wait_for
from tests.trials.running.tiny import loss

pytestmark = pytest.mark.processes
LEASE_SECONDS = 5


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A site with two slots and a short lease, shared by the tests of this file."""
    bench = Bench(
        tmp_path_factory.mktemp("site"),
        port=8741,
        ESPALIER_LEASE_SECONDS=str(LEASE_SECONDS),
        ESPALIER_TRIAL_MEMORY_MB="1500",
    )
    bench.start_remote()
    bench.start_up("--slots", "2")
    yield bench
    bench.stop()


def test_a_study_runs_to_its_end(bench: Bench) -> None:
    study = bench.ask("launch", trials=4)

    trials = bench.await_end(study, seconds=180)

    assert [trial["state"] for trial in trials] == ["COMPLETE"] * 4
    assert [trial["ending_code"] for trial in trials] == ["finished"] * 4

    # What a process used is known when it has left, which may be after its trial has ended.
    def measured() -> bool:
        return all((one["usage__cpu_seconds"] or 0) > 0 for one in bench.ask("attempts", study_id=study))

    wait_for(measured, seconds=60, what="what each attempt used")


def test_each_way_of_failing_has_its_own_ending(bench: Bench) -> None:
    faults = ["raise", "hog", "exit"]
    studies = {fault: bench.ask("launch", settings={"fault": fault}) for fault in faults}
    studies["hang"] = bench.ask("launch", settings={"fault": "hang"}, trial_minutes=0.05)

    trials = {fault: bench.await_end(study, seconds=120)[0] for fault, study in studies.items()}

    assert {fault: trial["state"] for fault, trial in trials.items()} == dict.fromkeys(studies, "FAILED")
    assert trials["raise"]["ending_code"] == "error"
    assert "the loss fell off a cliff" in trials["raise"]["traceback"]
    assert trials["hog"]["ending_code"] == "out_of_memory"
    assert trials["hang"]["ending_code"] == "timed_out"
    assert "status 3" in trials["exit"]["ending_sentence"]
    assert trials["raise"]["last_step"] == 4


def test_a_child_killed_with_9_goes_on_within_15_seconds_from_its_checkpoint(bench: Bench) -> None:
    study = bench.ask("launch", settings={"steps": 60, "pause": 0.1})
    told = bench.await_step(study, 10)["last_step"]
    (victim,) = bench.training()

    victim.send_signal(signal.SIGKILL)

    took = wait_for(lambda: bench.trial(study)["n_attempts"] == 2, seconds=15, what="a second attempt")
    trial = bench.await_end(study, seconds=120)[0]
    first, second = bench.ask("attempts", study_id=study)
    assert took < 15
    assert first["outcome"] == "crashed"
    assert "SIGKILL" in first["outcome_sentence"]
    assert second["resumed_from"] >= told - 1
    assert trial["state"] == "COMPLETE"
    steps, values = bench.ask("points", trial_id=trial["pk"])
    # Nothing acknowledged is lost, and nothing stands twice.
    assert steps == list(range(1, 61))
    assert values == pytest.approx([values[0] - 1.0 + loss(0.0, step) for step in steps])


def test_training_that_crashes_three_times_fails_and_says_so(bench: Bench) -> None:
    study = bench.ask("launch", settings={"fault": "crash"})

    trial = bench.await_end(study, seconds=120)[0]

    assert (trial["state"], trial["ending_code"], trial["n_attempts"]) == ("FAILED", "error", 3)
    assert "SIGSEGV" in trial["ending_sentence"]


def test_a_person_stops_a_running_trial_between_two_reports(bench: Bench) -> None:
    study = bench.ask("launch", settings={"steps": 60, "pause": 0.2})
    trial = bench.await_step(study, 2)

    assert bench.ask("stop", trial_id=trial["pk"])

    ended = bench.await_end(study, seconds=20)[0]
    assert (ended["state"], ended["ending_code"]) == ("PRUNED", "stopped_by_user")
    assert ended["ending_sentence"] == "Stopped by robin: enough"
    wait_for(lambda: not bench.training(), seconds=10, what="the training process to return")


def test_a_study_ends_though_the_broker_was_deleted_under_it(bench: Bench) -> None:
    study = bench.ask("launch", trials=6, settings={"pause": 0.1})
    bench.await_step(study, 1)

    for _ in range(3):
        shutil.rmtree(bench.data / "broker", ignore_errors=True)
        time.sleep(0.5)

    trials = bench.await_end(study, seconds=180)
    assert [trial["state"] for trial in trials] == ["COMPLETE"] * 6
    assert [trial["n_attempts"] for trial in trials] == [1] * 6


def test_trials_of_a_killed_worker_group_go_on_within_the_lease(bench: Bench) -> None:
    study = bench.ask("launch", settings={"steps": 200, "pause": 0.1})
    bench.await_step(study, 5)
    (orphan,) = bench.training()

    os.killpg(bench.part("trials").pid, signal.SIGKILL)

    def is_taken_back() -> bool:
        return bool(bench.ask("attempts", study_id=study)[0]["outcome"])

    wait_for(is_taken_back, seconds=LEASE_SECONDS + 30, what="the trial to be taken from the lost worker")
    # How soon it runs again depends on how fast this machine starts the worker that takes the dead one's place.
    wait_for(lambda: bench.trial(study)["n_attempts"] == 2, seconds=120, what="a second attempt")
    wait_for(lambda: not orphan.is_running(), seconds=5, what="the orphaned training to be gone")
    first, second = bench.ask("attempts", study_id=study)
    assert first["outcome"] == "worker_lost"
    assert second["resumed_from"] >= 5
    assert "trials was killed by signal 9; starting it again" in bench.said()


def test_a_second_up_on_the_same_data_is_refused(bench: Bench) -> None:
    assert bench.up is not None
    command = [sys.executable, "manage.py", "up"]

    second = subprocess.run(command, cwd=ROOT, env=bench.environment, capture_output=True, text=True, timeout=60)

    assert second.returncode == 1
    assert f"already served by process {bench.up.pid}" in second.stderr


def test_up_tells_the_first_password_of_a_fresh_site(bench: Bench) -> None:
    wait_for(lambda: "Log in as admin / " in bench.said(), seconds=20, what="the first password")

    assert bench.said().count("shown this once") == 1


def test_up_stops_within_ten_seconds_and_leaves_no_process(bench: Bench) -> None:
    assert bench.up is not None
    family = psutil.Process(bench.up.pid).children(recursive=True)

    started = time.monotonic()
    bench.up.send_signal(signal.SIGINT)
    bench.up.wait(timeout=20)

    assert time.monotonic() - started < 10
    assert len(family) > 5
    assert [process for process in family if process.is_running()] == []
