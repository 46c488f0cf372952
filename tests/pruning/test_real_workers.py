"""Calibrated halving on real workers: children pause at their checkpoint, others take the slot, the best go on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.trials.running.bench import Bench

pytestmark = pytest.mark.processes

PAUSING = {
    "looks": [2, 4],
    "gates": [{"rule": "divergence"}],
    "strategy": {
        "rule": "calibrated_halving",
        "action": "pause",
        # Very careful, and patient for eight: most of the first that wait go on.
        "risk": 0.001,
        "min_members": 3,
        "wait": 8,
        "min_keep": 1,
        "min_pairs": 0,
        "min_pairs_jump": 0,
    },
    "safeguards": {"min_peers": 1, "control_every": 5},
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A site with two slots."""
    bench = Bench(tmp_path_factory.mktemp("site"), port=8763)
    bench.start_remote()
    bench.start_up("--slots", "2")
    yield bench
    bench.stop()


def test_trials_pause_and_the_best_go_on_from_their_checkpoints(bench: Bench) -> None:
    study = bench.ask("launch", trials=12, policy=PAUSING)

    trials = bench.await_end(study, seconds=120)
    attempts = bench.ask("attempts", study_id=study)

    paused = [attempt for attempt in attempts if attempt["outcome"] == "paused"]
    resumed = [attempt for attempt in attempts if attempt["number"] > 1]
    assert paused
    assert resumed
    assert {attempt["resumed_from"] for attempt in resumed} <= {2, 4}
    assert {trial["state"] for trial in trials} == {"COMPLETE", "PRUNED"}
    bench.manage("ledger", "verify")
    bench.manage("ledger", "replay")
