"""Children come from a nursery: clean of secrets, alone in their group, and gone with their worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.trials.running.bench import ROOT, wait_for
from trials.running.forking import Child, Nursery, environment
from trials.running.wire import Message

pytestmark = pytest.mark.processes


@pytest.fixture
def nursery(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nursery]:
    """A nursery of a worker whose environment holds a secret."""
    monkeypatch.setenv("DATABASE_URL", "postgres://robin:secret@db/site")
    monkeypatch.setenv("ESPALIER_SECRET_KEY", "secret")
    nursery = Nursery(preload=["json"], threads=3, root=ROOT)
    yield nursery
    nursery.close()


def order(folder: Path, trainable: str = "Tiny", **changes: object) -> Message:
    """Return the order to train in `folder`."""
    return {
        "task": "train",
        "trainable": f"tests.trials.running.tiny.{trainable}",
        "params": {"x": 0.5},
        "settings": {},
        "seed": 0,
        "device": "cpu",
        "threads": 3,
        "directory": str(folder / "scratch"),
        "store": str(folder / "store"),
        "checkpoint": None,
        "resources": {},
        "looks": [5],
        "metric": "loss",
        "attempt": 1,
        "memory_bytes": 0,
        **changes,
    }


def heard(child: Child, *, answer: str = "KEEP") -> list[Message]:
    """Return everything the child says until it ends; answer what it asks."""
    said: list[Message] = []
    while not child.is_over:
        for message in child.messages(10):
            said.append(message)
            if message.get("ask"):
                child.send({"ask": message["ask"], "action": answer, "sentence": "because"})
    child.close()
    return said


def test_a_child_tells_its_reports_in_order_and_then_its_end(nursery: Nursery, tmp_path: Path) -> None:
    child = nursery.launch(order(tmp_path), tmp_path / "log")

    said = heard(child)

    assert [message["step"] for message in said if message["is"] == "report"] == list(range(1, 11))
    assert [message["is"] for message in said[:4]] == ["progress", "saved", "saved", "report"]
    assert said[-1]["is"] == "done"
    assert child.exit is not None
    assert (child.exit.code, (child.exit.peak_memory_bytes or 0) > 1_000_000) == (0, True)


def test_a_child_waits_for_the_verdict_at_a_decision_point(nursery: Nursery, tmp_path: Path) -> None:
    said = heard(nursery.launch(order(tmp_path), tmp_path / "log"), answer="STOP")

    assert [message["step"] for message in said if message["is"] == "report"] == [1, 2, 3, 4, 5]


def test_a_child_sees_no_secret_of_the_worker(nursery: Nursery, tmp_path: Path) -> None:
    child = nursery.launch(order(tmp_path, trainable="Curious"), tmp_path / "log")

    heard(child)

    seen = (tmp_path / "log").read_text()
    assert "PATH=" in seen
    assert "OMP_NUM_THREADS=3" in seen
    assert "secret" not in seen


def test_what_a_child_leaves_behind_dies_with_it(nursery: Nursery, tmp_path: Path) -> None:
    child = nursery.launch(order(tmp_path, trainable="Parent"), tmp_path / "log")

    heard(child)

    grandchild = int((tmp_path / "log").read_text())
    wait_for(lambda: is_gone(grandchild), seconds=5, what="the grandchild to end")
    assert is_gone(grandchild)


def test_children_die_with_their_worker_however_it_dies(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.trials.running.test_nursery import *\n"
        "nursery = Nursery(preload=[], threads=1, root=ROOT)\n"
        "here = Path(sys.argv[1])\n"
        "child = nursery.launch(order(here, settings={'fault': 'hang'}, looks=[]), here / 'log')\n"
        "while child.pid is None: list(child.messages(1))\n"
        "print(child.pid, nursery._process.pid, flush=True)\n"
        "while True: list(child.messages(1))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        pids = [int(pid) for pid in worker.stdout.readline().split()]
        worker.send_signal(signal.SIGKILL)

    assert len(pids) == 2
    wait_for(lambda: all(is_gone(pid) for pid in pids), seconds=5, what="child and nursery to end")


def test_a_nursery_that_was_killed_is_started_again(nursery: Nursery, tmp_path: Path) -> None:
    heard(nursery.launch(order(tmp_path), tmp_path / "log"))
    assert nursery._process is not None
    os.kill(nursery._process.pid, signal.SIGKILL)
    nursery._process.wait()

    said = heard(nursery.launch(order(tmp_path), tmp_path / "log"))

    assert said[-1]["is"] == "done"


def test_the_environment_of_training_is_an_allow_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("DATASETS_AT", "/data")

    allowed = environment(threads=2, root=ROOT, extra=("DATASETS_AT",))

    assert "secret" not in allowed.values()
    assert (allowed["DATASETS_AT"], allowed["OMP_NUM_THREADS"], allowed["HF_HUB_OFFLINE"]) == ("/data", "2", "1")


def is_gone(pid: int) -> bool:
    """Say whether a process has ended, reaped or not."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
