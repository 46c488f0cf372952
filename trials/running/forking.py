"""The worker's side of the nursery: start it, have it fork a child, talk with the child, learn how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from trials.running.wire import Message, decode, encode

# Everything a training process may see of our environment. Passwords and keys are in none of these.
ENVIRONMENT = (
    "CUDA_HOME",
    "CUDA_VISIBLE_DEVICES",
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PATH",
    "TMPDIR",
    "TZ",
    "VIRTUAL_ENV",
)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
# Nothing is fetched from a hub or told to one.
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
SEND_BYTES = 1_048_576


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How a child ended."""

    code: int | None
    """Exit status, or minus the signal that killed it; None if the nursery died with it."""
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None

    @property
    def signal(self) -> int | None:
        """Return the signal that killed the child, if one did."""
        return -self.code if self.code is not None and self.code < 0 else None


class Child:
    """One forked child: its pipe, and its exit once it has one."""

    def __init__(self, pipe: Connection, exits: int) -> None:
        self.pipe = pipe
        self.pid: int | None = None
        self.exit: Exit | None = None
        self._exits = exits
        self._exit_text = b""
        self._talks = True

    def messages(self, patience: float) -> Iterator[Message]:
        """Yield what the child says within `patience` seconds; notes its pid and exit in passing."""
        for ready in wait([*([self.pipe] if self._talks else []), self._exits], timeout=max(0.0, patience)):
            if ready is self.pipe:
                yield from self._read()
            else:
                self._read_exit()

    def send(self, message: Mapping[str, object]) -> None:
        """Tell the child something; a child that is gone needs no telling."""
        with contextlib.suppress(OSError):
            self.pipe.send_bytes(encode(message))

    def kill(self) -> None:
        """Kill the child and everything it started."""
        if self.pid is not None and self.exit is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Give the descriptors back."""
        self.pipe.close()
        os.close(self._exits)

    @property
    def is_over(self) -> bool:
        """Say whether the child has ended and everything it said was heard."""
        return self.exit is not None and not self._talks

    def _read(self) -> Iterator[Message]:
        try:
            while True:
                yield decode(self.pipe.recv_bytes())
                if not self.pipe.poll():
                    return
        except (EOFError, OSError):
            self._talks = False

    def _read_exit(self) -> None:
        data = os.read(self._exits, 4096)
        *lines, self._exit_text = (self._exit_text + data).split(b"\n")
        for line in lines:
            told = json.loads(line)
            if "pid" in told:
                self.pid = told["pid"]
            else:
                self.exit = Exit(**told)
        if not data and self.exit is None:
            self.exit = Exit(code=None)


class Nursery:
    """The nursery process of this worker, started when first needed and again if it died."""

    def __init__(self, *, preload: Sequence[str], threads: int, root: Path, extra: Sequence[str] = ()) -> None:
        self._preload = list(dict.fromkeys(preload))
        self._environment = environment(threads=threads, root=root, extra=extra)
        self._root = root
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self, order: Mapping[str, object], log: Path) -> Child:
        """Have a child forked that carries out `order`, its output appended to `log`."""
        ours, theirs = socket.socketpair()
        exit_r, exit_w = os.pipe()
        log_fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._ask([theirs.fileno(), exit_w, log_fd])
        finally:
            theirs.close()
            os.close(exit_w)
            os.close(log_fd)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            ours.setsockopt(socket.SOL_SOCKET, option, SEND_BYTES)
        child = Child(Connection(ours.detach()), exit_r)
        child.send(order)
        return child

    def close(self) -> None:
        """Let the nursery end, and its children with it."""
        with self._lock:
            self._stop()

    def _ask(self, fds: list[int]) -> None:
        with self._lock:
            try:
                socket.send_fds(self._running(), [b"fork"], fds)
            except OSError:
                self._stop()
                socket.send_fds(self._running(), [b"fork"], fds)

    def _running(self) -> socket.socket:
        if self._socket is not None and self._process is not None and self._process.poll() is None:
            return self._socket
        self._stop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "trials.running.nursery", str(theirs.fileno()), *self._preload],
                cwd=self._root,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._socket = ours
        return ours

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            try:
                self._process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def environment(*, threads: int, root: Path, extra: Sequence[str] = ()) -> dict[str, str]:
    """Return the environment of training processes: an allow-list, the thread count, and no network."""
    allowed = {name: os.environ[name] for name in (*ENVIRONMENT, *extra) if name in os.environ}
    # Celery has the working directory on its path only while it imports the app; a fresh process needs it told.
    return {
        **allowed,
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        **OFFLINE,
        "PYTHONPATH": str(root),
        "PYTHONUNBUFFERED": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
