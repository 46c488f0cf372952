"""The nursery: a small process that has imported what training needs, and forks a child for every attempt.

`python -m trials.running.nursery FD MODULE...` serves the socket FD of the worker that started it. It knows no Django,
no database and no secret: its environment is an allow-list, and it has one thread, so that forking is safe. One
message on the socket is one child, with three descriptors: where the child talks, where its exit is told, its log.

It ends, and its children with it, when the worker's end of the socket closes, however the worker died.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: Sequence[str]) -> int:
    """Import what is to be preloaded, say so, and serve until the worker is gone."""
    worker = socket.socket(fileno=int(arguments[0]))
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The worker decides when to end: a signal to its whole group must not take the children before it has let them go.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _preload(arguments[1:])
    return Nursery(worker).serve()


def _preload(modules: Sequence[str]) -> None:
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            # A trainable whose libraries are missing fails in its own child, with its own message.
            print(f"nursery: {name} is not preloaded: {error}", file=sys.stderr, flush=True)


class Nursery:
    """Forks children on request and tells how each ended."""

    def __init__(self, worker: socket.socket) -> None:
        self.worker = worker
        self.exits: dict[int, int] = {}
        self._wake_r, self._wake_w = os.pipe()
        for fd in (self._wake_r, self._wake_w):
            os.set_blocking(fd, False)

    def serve(self) -> int:
        """Fork and reap until the worker's end of the socket closes."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)
        with selectors.DefaultSelector() as selector:
            selector.register(self.worker, selectors.EVENT_READ)
            selector.register(self._wake_r, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._wake_r in ready:
                    self._reap()
                if self.worker in ready and not self._fork():
                    return self._close()

    def _fork(self) -> bool:
        """Fork one child; False when the worker is gone."""
        try:
            data, fds, _, _ = socket.recv_fds(self.worker, 16, 3)
        except ConnectionError:
            return False
        if not data:
            return False
        talk, exit_w, log = fds
        nursery = os.getpid()
        child = os.fork()
        if child == 0:
            _become_child(self, nursery, talk, log, exit_w)
        for fd in (talk, log):
            os.close(fd)
        self.exits[child] = exit_w
        _tell(exit_w, {"pid": child})
        return True

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_r, 4096)
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            exit_w = self.exits.pop(pid, None)
            if exit_w is None:
                continue  # a grandchild that outlived its parent
            # What the child left behind in its group must not outlive it.
            _kill_group(pid)
            code = os.waitstatus_to_exitcode(status)
            # ru_maxrss counts kibibytes on Linux.
            spent = {"cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_memory_bytes": usage.ru_maxrss * 1024}
            _tell(exit_w, {"code": code, **spent})
            os.close(exit_w)

    def _close(self) -> int:
        for pid in self.exits:
            _kill_group(pid)
        return 0

    def close_in_child(self) -> None:
        """Close what belongs to the nursery; the exits of siblings too, whose ends must be theirs alone."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.worker.close()
        for fd in (self._wake_r, self._wake_w, *self.exits.values()):
            os.close(fd)


def _become_child(nursery: Nursery, parent: int, talk: int, log: int, exit_w: int) -> None:
    """Turn the fork into a child with a session of its own, and never return."""
    code = 1
    try:
        nursery.close_in_child()
        os.close(exit_w)
        os.setsid()
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # the nursery died before the death signal was set
        _redirect(log)
        from trials.running.child import main as run_child

        code = run_child(talk)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _redirect(log: int) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(null)
    os.close(log)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _tell(fd: int, message: dict[str, float]) -> None:
    # A supervisor that is gone needs no telling.
    with contextlib.suppress(OSError):
        os.write(fd, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
