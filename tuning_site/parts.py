"""The parts of a running site as child processes: started, watched, started again, and stopped without a trace."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0
# A part that lived so long has recovered: its next death is a first one again.
STEADY_SECONDS = 60.0
# Parts get this long to stop by themselves; all is over well within ten seconds.
STOP_SECONDS = 5.0
LOG_BYTES_MAX = 20 * 1_048_576


class AlreadyRunning(Exception):
    """Another process serves this data directory."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process that belongs to the site."""

    name: str
    command: Sequence[str]
    pass_fds: Sequence[int] = ()
    env: Mapping[str, str] = field(default_factory=dict)


class _Running:
    """A part as it runs, with how often it died lately."""

    def __init__(self, part: Part, process: subprocess.Popen[bytes]) -> None:
        self.part = part
        self.process = process
        self.started = time.monotonic()
        self.delay = FIRST_DELAY
        self.start_at: float | None = None


class Parts:
    """Starts parts, starts again those that die, and stops them all."""

    def __init__(self, parts: Sequence[Part], *, logs: Path, root: Path, say: Callable[[str], None]) -> None:
        self._parts = parts
        self._logs = logs
        self._root = root
        self._say = say
        self._running: list[_Running] = []

    def start(self) -> None:
        """Start every part."""
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in self._parts:
            self._running.append(_Running(part, self._launch(part)))

    def tend(self) -> None:
        """Look after the parts once: start again what has died, each time a little later."""
        for running in self._running:
            if running.start_at is not None:
                self._start_again(running)
            elif (status := running.process.poll()) is not None:
                self._schedule(running, status)

    def stop(self, patience: float = STOP_SECONDS) -> None:
        """Ask every part to stop, then kill what is left of its group."""
        for running in self._running:
            _signal(running.process, signal.SIGTERM)
        deadline = time.monotonic() + patience
        for running in self._running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        for running in self._running:
            _kill_group(running.process)
        for running in self._running:
            _reap(running.process)
        self._running.clear()

    def pids(self) -> dict[str, int]:
        """Return the process of every part, by its name."""
        return {running.part.name: running.process.pid for running in self._running}

    def _schedule(self, running: _Running, status: int) -> None:
        _kill_group(running.process)
        _reap(running.process)
        if time.monotonic() - running.started >= STEADY_SECONDS:
            running.delay = FIRST_DELAY
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        log = self._logs / f"{running.part.name}.log"
        self._say(f"{running.part.name} {how}; starting it again in {running.delay:g} s (its words: {log})")
        running.start_at = time.monotonic() + running.delay
        running.delay = min(LONGEST_DELAY, 2 * running.delay)

    def _start_again(self, running: _Running) -> None:
        if running.start_at is not None and time.monotonic() >= running.start_at:
            running.process = self._launch(running.part)
            running.started, running.start_at = time.monotonic(), None

    def _launch(self, part: Part) -> subprocess.Popen[bytes]:
        log = self._logs / f"{part.name}.log"
        if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            return subprocess.Popen(
                part.command,
                cwd=self._root,
                env={**os.environ, **part.env, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=part.pass_fds,
                # A session of its own: Ctrl-C reaches us alone, and we stop the parts in order.
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )


def _end_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(number)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a part's group: its pool, its nursery."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _reap(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1)


def adopt_orphans() -> None:
    """Have whatever outlives its parent among our descendants become our child; a container may have nobody else."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def bury_orphans(*, but: Collection[int] = ()) -> bool:
    """Collect our children that have ended, except those whose status somebody still wants; True if none is left."""
    try:
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in but:
                return False
            os.waitpid(ended.si_pid, 0)
    except ChildProcessError:
        return True
    return False


@contextmanager
def sole_owner(path: Path) -> Iterator[None]:
    """Hold the data directory's lock; raise AlreadyRunning if another process does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise AlreadyRunning(
                f"{path.parent}: already served by process {owner}; stop it first, "
                "or set ESPALIER_DATA_DIR to another folder"
            ) from None
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
