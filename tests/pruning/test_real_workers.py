"""Calibrated halving on real workers: children pause at their checkpoint, others take the slot, the best go on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.trials.running.bench import ROOT, Bench

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


def test_what_real_trials_use_is_measured_at_their_looks_and_replays(bench: Bench) -> None:
    watching = {
        "looks": [2, 4],
        "gates": [{"rule": "resources", "min_peers": 1, "max_memory_gb": 0.001, "reports": 2}],
        "strategy": {"rule": "percentile", "keep": 99},
        "safeguards": {"min_peers": 1, "control_every": 0},
    }
    study = bench.ask("launch", trials=4, policy=watching)

    bench.await_end(study, seconds=120)

    rows = ledger_of(bench, bench.ask("study", study_id=study)["name"])
    noticed = {row["step"] for row in rows if row["rule"] == "resources"}
    ended = [row["evidence"] for row in rows if row["kind"] == "ended"]
    assert noticed == {4}  # no process trains in a megabyte: noticed once, at its second look
    assert ended
    assert all(one["device"] == "cpu" and one["memory_bytes"] > 2**20 for one in ended)
    bench.manage("ledger", "verify")
    bench.manage("ledger", "replay")


def ledger_of(bench: Bench, study: str) -> list[dict[str, Any]]:
    """Return the content of the rows of a study's ledger, as exported."""
    command = [sys.executable, "manage.py", "ledger", "export", study]
    done = subprocess.run(command, cwd=ROOT, env=bench.environment, check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [json.loads(line["body"].partition("\n")[2]) for line in lines if "body" in line]
