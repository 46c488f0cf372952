"""Processes that report at once, one of them killed: the ledger has no gap and replays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trials.running.bench import ROOT, a_database

pytestmark = [pytest.mark.processes, pytest.mark.database]

LAUNCH = """
import django; django.setup()
from tests.pruning.studies import a_study
print(a_study().pk)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A site of its own, migrated: SQLite in a folder, or a new PostgreSQL database."""
    variables = dict(os.environ) | {
        "ESPALIER_DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "tuning_site.settings",
        "PYTHONPATH": str(ROOT),
    }
    if variables.get("DATABASE_URL", "").startswith("postgres"):
        variables["DATABASE_URL"] = a_database(variables["DATABASE_URL"])
    ran(variables, "manage.py", "migrate", "--verbosity", "0")
    return variables


def ran(environment: dict[str, str], *arguments: str) -> str:
    """Run one command to its end and return what it said; its exit status must be 0."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_reporters_that_race_and_die_leave_a_ledger_without_gaps(environment: dict[str, str]) -> None:
    study_id = ran(environment, "-c", LAUNCH).strip()
    reporters = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.pruning.reporter", study_id, str(seed), "4"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(4)
    ]
    victim = reporters[0]
    assert victim.stdout is not None
    victim.stdout.readline()  # its first trial has ended: it is in the midst of the second
    victim.send_signal(signal.SIGKILL)

    said = [reporter.communicate(timeout=120)[0].split() for reporter in reporters]

    assert [reporter.returncode for reporter in reporters] == [-signal.SIGKILL, 0, 0, 0]
    assert sum(len(numbers) for numbers in said[1:]) == 12
    assert "chain intact" in ran(environment, "manage.py", "ledger", "verify")
    assert "all agree bit for bit" in ran(environment, "manage.py", "ledger", "replay")
