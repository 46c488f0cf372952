"""Parts are started again when they die, and stopped together."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

import pytest

from tuning_site import parts
from tuning_site.parts import AlreadyRunning, Part, Parts, sole_owner
from tuning_site.site import free_port


def a_part(code: str) -> Part:
    """Return a part that runs a line of Python."""
    return Part(name="piece", command=[sys.executable, "-c", code])


@pytest.mark.processes
def test_a_part_that_died_is_started_again_a_little_later_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "FIRST_DELAY", 0.05)
    said: list[str] = []
    pieces = Parts(
        [a_part("print('once', flush=True); raise SystemExit(3)")], logs=tmp_path, root=tmp_path, say=said.append
    )
    pieces.start()

    until = time.monotonic() + 30
    while len(said) < 3 and time.monotonic() < until:
        pieces.tend()
        time.sleep(0.02)
    pieces.stop()

    assert said[0].startswith("piece ended with status 3; starting it again in 0.05 s")
    assert ["in 0.05 s" in said[0], "in 0.1 s" in said[1], "in 0.2 s" in said[2]] == [True, True, True]
    assert (tmp_path / "piece.log").read_text().splitlines().count("once") >= 3


@pytest.mark.processes
def test_a_part_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True); time.sleep(600)"
    pieces = Parts([a_part(stubborn)], logs=tmp_path, root=tmp_path, say=print)
    pieces.start()
    until = time.monotonic() + 30
    while "on" not in (tmp_path / "piece.log").read_text() and time.monotonic() < until:
        time.sleep(0.02)
    (pid,) = pieces.pids().values()

    pieces.stop(patience=0.2)

    assert not Path(f"/proc/{pid}").exists()


def test_one_process_owns_a_data_directory(tmp_path: Path) -> None:
    with (
        sole_owner(tmp_path / "up.lock"),
        pytest.raises(AlreadyRunning, match="already served by process"),
        sole_owner(tmp_path / "up.lock"),
    ):
        pass


def test_a_taken_port_makes_way_for_the_next_free_one() -> None:
    said: list[str] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with free_port("127.0.0.1", port, say=said.append) as listener:
            assert listener.getsockname()[1] > port

    assert said == [f"Port {port} is taken; using {listener_port(said)}."]


def listener_port(said: list[str]) -> str:
    """Return the port that was named."""
    return said[0].removesuffix(".").rsplit(" ", 1)[1]
