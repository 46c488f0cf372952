"""A trainable that counts: it sleeps a little at each step and can crash, hang, raise or run out of memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from trials.trainables.base import MetricInfo, ParameterInfo, Run

STEPS = 10
FAULT_STEP = 5


class Tiny:
    """Counts to the setting `steps`; `loss` falls with each step and rises with the parameter `x`."""

    name = "tiny"
    title = "Counting, for tests of running"
    step_unit = "counts"
    parameters = (ParameterInfo(name="x", kind="float", default=0.5, low=0.0, high=1.0),)
    metrics = (MetricInfo(name="loss", direction="minimize"), MetricInfo(name="started_at", repeatable=False))
    preload = ()

    def check_settings(self, settings: Mapping[str, object]) -> Sequence[str]:
        known = {"steps", "pause", "fault", "once", "prepare_seconds"}
        return [f"{name}: unknown; remove it" for name in settings if name not in known]

    def resource_names(self, settings: Mapping[str, object]) -> Sequence[str]:
        return ()

    def horizon(self, settings: Mapping[str, object]) -> int:
        return int(str(settings.get("steps", STEPS)))

    def report_steps(self, settings: Mapping[str, object]) -> Sequence[int]:
        return range(1, self.horizon(settings) + 1)

    def prepare(self, run: Run) -> None:
        seconds = float(str(run.settings.get("prepare_seconds", 0)))
        for part in range(10):
            run.progress("counting slowly", part + 1, 10)
            time.sleep(seconds / 10)

    def train(self, run: Run) -> None:
        first = json.loads(run.checkpoint.read_text())["step"] if run.checkpoint else 0
        for step in range(first + 1, self.horizon(run.settings) + 1):
            time.sleep(float(str(run.settings.get("pause", 0.0))))
            self._fail_as_told(run, step)
            run.progress("counting", step, self.horizon(run.settings))
            run.save(step, lambda path, now=step: _write(path, now), best=True)  # type: ignore[misc]
            if run.report(step, {"loss": loss(float(str(run.params.get("x", 0.5))), step)}).halts:
                return

    def evaluate(self, run: Run) -> Mapping[str, float]:
        assert run.checkpoint is not None
        return {"test_loss": float(json.loads(run.checkpoint.read_text())["step"])}

    def _fail_as_told(self, run: Run, step: int) -> None:
        if step != FAULT_STEP or (run.settings.get("once") and run.checkpoint is not None):
            return
        match run.settings.get("fault"):
            case "raise":
                raise RuntimeError("the loss fell off a cliff")
            case "memory":
                raise MemoryError
            case "hog":
                hog = bytearray(4 << 30)
                hog[:] = b"\x01" * len(hog)
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "exit":
                os._exit(3)
            case "hang":
                time.sleep(3600)


def loss(x: float, step: int) -> float:
    """Return the value reported at `step`."""
    return x + 1.0 / step


def _write(path: Path, step: int) -> None:
    path.write_text(json.dumps({"step": step}))


class Curious(Tiny):
    """Prints the environment it sees, the one the kernel shows included."""

    def train(self, run: Run) -> None:
        print("\n".join(f"{name}={value}" for name, value in os.environ.items()))
        print(Path("/proc/self/environ").read_text().replace("\0", "\n"))


class Parent(Tiny):
    """Leaves a process behind."""

    def train(self, run: Run) -> None:
        left = subprocess.Popen(["sleep", "600"])
        print(left.pid)
