"""An ended trial is gone on with by a real worker, from the checkpoint that its own child wrote."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.trials.running.bench import Bench, wait_for

pytestmark = pytest.mark.processes


@pytest.fixture
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("site"), port=8747)
    bench.start_remote()
    bench.start_up("--slots", "1")
    yield bench
    bench.stop()


def test_a_stopped_trial_goes_on_from_its_checkpoint_and_trains_to_the_end(bench: Bench) -> None:
    study = bench.ask("launch", trials=2, settings={"pause": 0.3})
    first = bench.await_step(study, 3)
    bench.ask("stop", trial_id=first["pk"])
    wait_for(lambda: bench.trial(study)["state"] == "PRUNED", seconds=60, what="the trial to stop")

    made = bench.ask("go_on", trial_id=first["pk"])
    trials = {trial["pk"]: trial for trial in bench.await_end(study, seconds=180)}

    assert made["inherited_step"] >= 3
    again = trials[made["pk"]]
    assert (again["state"], again["last_step"], again["n_attempts"]) == ("COMPLETE", 10, 1)
    steps, _ = bench.ask("points", trial_id=made["pk"])
    assert steps == list(range(1, 11))
    resumed = [one["resumed_from"] for one in bench.ask("attempts", study_id=study)]
    assert made["inherited_step"] in resumed
    # Two configurations, three trials: the one that was continued counts once.
    assert len(trials) == 3
