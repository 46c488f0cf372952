"""What a CUDA slot measures, on a machine that has no device: NVIDIA's library is stood in for."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from trials.running import devices
from trials.running.devices import Meter
from trials.running.slots import places


@dataclass
class Library:
    """As much of NVIDIA's library as a meter asks, with one device."""

    millijoules: int = 1_000
    held: tuple[int, ...] = (4_000, 9_000, 2_000)
    NVMLError = RuntimeError

    def __post_init__(self) -> None:
        self._samples = iter(self.held)

    def nvmlDeviceGetCount(self) -> int:
        return 1

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:
        self.millijoules += 500
        return self.millijoules

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        mine = SimpleNamespace(pid=7, usedGpuMemory=next(self._samples))
        return [SimpleNamespace(pid=8, usedGpuMemory=99_000), mine]


def test_a_meter_keeps_the_peak_of_its_own_process_and_the_energy_of_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = Library()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "_library", lambda: library)
    meter = Meter("cuda:0")

    for _ in range(3):
        meter.sample(7)

    assert meter.peak_memory_bytes == 9_000
    assert meter.joules == 0.5
    assert meter.seconds is not None


def test_a_cpu_slot_measures_no_device() -> None:
    meter = Meter("cpu")
    meter.sample(7)

    assert (meter.peak_memory_bytes, meter.joules, meter.seconds) == (None, None, None)


def test_slots_share_the_cores_and_spread_over_the_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trials.running.slots.n_cores", lambda: 8)
    monkeypatch.setattr("trials.running.slots.all_devices", lambda: [object(), object()])

    assert [(place.device, place.threads) for place in places(queue_name="cpu", n_slots=3)] == [("cpu", 2)] * 3
    assert [place.device for place in places(queue_name="cuda", n_slots=3)] == ["cuda:0", "cuda:1", "cuda:0"]
