"""The replay script, on a small folder of curves in the layout it reads."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "replay.py"
RUNS, REPORTS = 32, 8


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    """Return a folder with one usable task and one of too few runs."""
    folder = tmp_path / "curves"
    folder.mkdir()
    entries = [_task(folder, "toys__falling", RUNS), _task(folder, "toys__small", 5)]
    (folder / "index.json").write_text(json.dumps(entries))
    return folder


def _task(folder: Path, name: str, runs: int) -> dict[str, object]:
    random = np.random.default_rng(0)
    rows = [
        {"config_id": run, "report": report, "step": report, "val_loss": run / runs + random.normal(0, 0.1) - report}
        for run in range(runs)
        for report in range(REPORTS + 1)
    ]
    pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")
    return {
        "name": name,
        "benchmark": "toys",
        "role": "sweep",
        "objective": "val_loss",
        "mode": "min",
        "n_configs": runs,
    }


def replay(curves: Path, work: Path) -> str:
    command = [sys.executable, str(SCRIPT), "--curves", str(curves), "--work", str(work), "--orders", "2"]
    command += ["--policies", "full", "stop 20 %", "--against", "full"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return str(done.stdout)


def test_a_replay_continues_where_it_was_cut_off(curves: Path, tmp_path: Path) -> None:
    work = tmp_path / "work.jsonl"
    told = replay(curves, work)
    lines = work.read_text().splitlines()
    work.write_text("\n".join(lines[:-1]) + "\n" + lines[-1][:20])  # killed while writing the last cell

    again = replay(curves, work)

    assert len(lines) == 4
    assert again == told
    *kept, cut, anew = work.read_text().splitlines()
    assert (kept, cut) == (lines[:3], lines[-1][:20])
    assert json.loads(anew)["compute"] == json.loads(lines[-1])["compute"]


def test_tables_name_compute_regret_and_losses_and_what_was_skipped(curves: Path, tmp_path: Path) -> None:
    told = replay(curves, tmp_path / "work.jsonl")

    assert "skipped toys__small: sweep of 5 runs, where 30 that differ are needed" in told
    assert f"toys__falling: {RUNS} runs of {REPORTS} reports" in told
    assert "| full | 100.0 % | 0.0000 [0.0000, 0.0000] | 0 % [0, 0] | 0 % |" in told
    assert "Differences to full [95 %]:" in told
    assert "| toys__falling | 100 % / 0.000 / 0 % |" in told
