"""The child's side: one attempt's training code, and the `Run` it is handed. No Django in here.

The first message on the pipe is the order: what to run and with what. After it the child talks (reports, saved
checkpoints, progress, its own end) and hears answers.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import resource
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, cast

from trials.running.wire import Message, decode, encode, numbers
from trials.trainables.base import Answer, Value

if TYPE_CHECKING:
    from trials.trainables.base import Trainable

TRACEBACK_CHARACTERS = 20_000
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# What a library says when memory runs out, where it does not raise MemoryError.
OUT_OF_MEMORY_NAMES = frozenset({"OutOfMemoryError", "_ArrayMemoryError"})
OUT_OF_MEMORY_WORDS = ("can't allocate memory", "cannot allocate memory", "out of memory", "unable to allocate")


def main(talk: int) -> int:
    """Carry out the order that comes over the pipe; return the exit status."""
    pipe = Connection(talk)
    order = decode(pipe.recv_bytes())
    try:
        _limit(order)
        run = PipeRun(pipe, order)
        _carry_out(order["task"], load(order["trainable"]), run)
    except BaseException as error:
        return _tell_failure(pipe, error)
    pipe.send_bytes(encode({"is": "done"}))
    return 0


def load(path: str) -> Trainable:
    """Return an instance of the class that a worker's settings registered, as `package.module.Class`."""
    module, _, name = path.rpartition(".")
    return cast("Trainable", getattr(importlib.import_module(module), name)())


class PipeRun:
    """One attempt as its training code sees it; `trials.trainables.base.Run` says what each member means."""

    def __init__(self, pipe: Connection, order: Message) -> None:
        self.params: Mapping[str, Value] = order["params"]
        self.settings: Mapping[str, object] = order["settings"]
        self.seed: int = order["seed"]
        self.device: str = order["device"]
        self.threads: int = order["threads"]
        self.directory = Path(order["directory"])
        self.checkpoint = Path(order["checkpoint"]) if order["checkpoint"] else None
        self._pipe = pipe
        self._resources: Mapping[str, str] = order["resources"]
        self._looks = frozenset(order["looks"])
        self._metric: str = order["metric"]
        self._store = Path(order["store"])
        self._suffix = f"{order['attempt']}"
        self._asked = 0
        self._halt: Answer | None = None
        self._began = time.monotonic()

    def resource(self, name: str) -> Path:
        return Path(self._resources[name])

    def report(self, step: int, metrics: Mapping[str, float], labels: Mapping[str, str] | None = None) -> Answer:
        told = numbers(metrics)
        ask = None
        if step in self._looks and self._metric in told and not labels:
            ask = self._asked = self._asked + 1
        elapsed = round(time.monotonic() - self._began, 3)
        point = {"step": int(step), "metrics": told, "labels": dict(labels or {}), "elapsed": elapsed}
        self._send({"is": "report", **point, "ask": ask})
        return self._await_verdict(ask) if ask is not None else self._hear()

    def save(self, step: int, write: Callable[[Path], None], *, best: bool = False) -> None:
        last = self._store / f"last-{int(step)}-{self._suffix}"
        _put(last, write)
        self._send({"is": "saved", "kind": "last", "step": int(step), "path": str(last), "size": _size(last)})
        if best:
            kept = self._store / f"best-{int(step)}-{self._suffix}"
            _link(last, kept)
            self._send({"is": "saved", "kind": "best", "step": int(step), "path": str(kept), "size": _size(kept)})

    def progress(self, text: str, done: float, total: float) -> None:
        self._send({"is": "progress", "text": str(text), "done": float(done), "total": float(total)})

    def _send(self, message: Mapping[str, object]) -> None:
        self._pipe.send_bytes(encode(message))

    def _hear(self) -> Answer:
        """Return a halting answer if one has come, else KEEP; wait for nothing."""
        while self._halt is None and self._pipe.poll():
            self._take(decode(self._pipe.recv_bytes()))
        return self._halt or Answer()

    def _await_verdict(self, ask: int) -> Answer:
        while self._halt is None:
            message = decode(self._pipe.recv_bytes())
            answer = self._take(message)
            if message.get("ask") == ask:
                return answer
        return self._halt

    def _take(self, message: Message) -> Answer:
        answer = Answer(action=message["action"], sentence=message["sentence"])
        if answer.halts:
            self._halt = answer
        return answer


def _carry_out(task: str, trainable: Trainable, run: PipeRun) -> None:
    run.directory.mkdir(parents=True, exist_ok=True)
    os.chdir(run.directory)
    match task:
        case "train":
            trainable.train(run)
        case "prepare":
            trainable.prepare(run)
        case _:
            raise ValueError(f"task: {task!r} is unknown; give train or prepare")


def _limit(order: Message) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if order["memory_bytes"]:
        resource.setrlimit(resource.RLIMIT_DATA, (order["memory_bytes"], order["memory_bytes"]))


def _tell_failure(pipe: Connection, error: BaseException) -> int:
    if isinstance(error, (BrokenPipeError, EOFError, ConnectionResetError)):
        return 1  # the supervisor is gone; nobody is left to tell
    code = failure_code(error)
    text = "".join(traceback.format_exception(error))[-TRACEBACK_CHARACTERS:]
    print(text, file=sys.stderr, flush=True)
    sentence = f"{type(error).__name__}: {error}".strip()[:1000]
    with contextlib.suppress(OSError):
        pipe.send_bytes(encode({"is": "failed", "code": code, "sentence": sentence, "traceback": text}))
    return 1


def failure_code(error: BaseException) -> str:
    """Return what kind of failure an exception is: `out_of_memory`, `disk_full` or `error`."""
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return "disk_full"
    return "out_of_memory" if is_out_of_memory(error) else "error"


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an exception means that memory ran out, on the host or on the device."""
    if isinstance(error, MemoryError) or type(error).__name__ in OUT_OF_MEMORY_NAMES:
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in OUT_OF_MEMORY_WORDS)


def _put(target: Path, write: Callable[[Path], None]) -> None:
    """Write a file or a folder beside its place, make it durable, and rename it into place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}.partial")
    _remove(scratch)
    write(scratch)
    for path in [scratch, *scratch.rglob("*")] if scratch.is_dir() else [scratch]:
        _sync(path)
    _remove(target)
    scratch.rename(target)
    _sync(target.parent)


def _link(source: Path, target: Path) -> None:
    """Keep the same checkpoint under a second name; a saved one is never written to again."""
    _remove(target)
    if source.is_dir():
        shutil.copytree(source, target, copy_function=os.link)
    else:
        os.link(source, target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size(path: Path) -> int:
    parts = path.rglob("*") if path.is_dir() else [path]
    return sum(part.stat().st_size for part in parts if part.is_file())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
