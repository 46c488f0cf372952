"""CUDA devices as NVIDIA's own library reports them; a machine without it has none, and nothing is measured."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

try:
    import pynvml
except ImportError:
    pynvml = None


@dataclass(frozen=True)
class Device:
    """One CUDA device."""

    index: int
    name: str
    memory_bytes: int


@lru_cache(maxsize=1)
def _library() -> Any:  # the module, which carries no types
    """Return the library, initialised; None where there is no driver to talk to."""
    if pynvml is None:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _handles() -> list[Any]:
    """Return the handles of the devices this process may use, in the order frameworks number them."""
    library = _library()
    if library is None:
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return [library.nvmlDeviceGetHandleByIndex(index) for index in range(library.nvmlDeviceGetCount())]
    names = [name.strip() for name in visible.split(",") if name.strip()]
    return [_handle(library, name) for name in names if name != "-1"]


def _handle(library: Any, name: str) -> Any:
    if name.isdecimal():
        return library.nvmlDeviceGetHandleByIndex(int(name))
    return library.nvmlDeviceGetHandleByUUID(name)


def all_devices() -> Sequence[Device]:
    """Return the devices this process may use."""
    library = _library()
    found = []
    for index, handle in enumerate(_handles()):
        memory = library.nvmlDeviceGetMemoryInfo(handle).total
        found.append(Device(index, str(library.nvmlDeviceGetName(handle)), int(memory)))
    return found


def driver() -> str | None:
    """Return the driver's version; None without one."""
    library = _library()
    return str(library.nvmlSystemGetDriverVersion()) if library is not None else None


class Meter:
    """Measures one attempt's use of its device: memory at its peak, seconds held, energy where the device tells."""

    def __init__(self, device: str) -> None:
        kind, _, index = device.partition(":")
        handles = _handles() if kind == "cuda" else []
        self._handle = handles[int(index or 0)] if int(index or 0) < len(handles) else None
        self._started = time.monotonic()
        self._energy = self._millijoules()
        self.peak_memory_bytes: int | None = None

    def sample(self, pid: int | None) -> None:
        """Look at the memory the process holds on the device now."""
        if self._handle is None or pid is None:
            return
        library = _library()
        try:
            processes = library.nvmlDeviceGetComputeRunningProcesses(self._handle)
        except library.NVMLError:
            return
        held = [process.usedGpuMemory for process in processes if process.pid == pid and process.usedGpuMemory]
        if held:
            self.peak_memory_bytes = max(self.peak_memory_bytes or 0, *map(int, held))

    @property
    def seconds(self) -> float | None:
        """Return how long the attempt has held the device; None on a slot without one."""
        return time.monotonic() - self._started if self._handle is not None else None

    @property
    def joules(self) -> float | None:
        """Return the energy the device took meanwhile; None where it does not tell."""
        now = self._millijoules()
        return (now - self._energy) / 1000 if now is not None and self._energy is not None else None

    def _millijoules(self) -> int | None:
        if self._handle is None:
            return None
        library = _library()
        try:
            return int(library.nvmlDeviceGetTotalEnergyConsumption(self._handle))
        except library.NVMLError:
            return None
