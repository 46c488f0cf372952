"""What can be seen of the memory of an attempt's process while it lives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trials.running import gauges


def test_an_attempt_is_answered_for_as_long_as_it_is_watched() -> None:
    with gauges.watched(7, lambda: 123):
        assert gauges.peak_memory_bytes(7) == 123
        assert gauges.peak_memory_bytes(8) is None
    assert gauges.peak_memory_bytes(7) is None


def test_an_attempt_that_fails_is_watched_no_longer() -> None:
    with pytest.raises(RuntimeError), gauges.watched(7, lambda: 123):
        raise RuntimeError

    assert gauges.peak_memory_bytes(7) is None


def test_the_kernel_tells_the_peak_of_a_living_process() -> None:
    peak = gauges.peak_of_process(os.getpid())

    assert peak is not None
    assert 2**20 < peak < 2**40
    assert peak % 1024 == 0


def test_a_process_that_is_gone_or_tells_nothing_has_no_peak(tmp_path: Path) -> None:
    (tmp_path / "5").mkdir()
    (tmp_path / "5" / "status").write_text("Name:\tzombie\n")

    assert gauges.peak_of_process(4, tmp_path) is None
    assert gauges.peak_of_process(5, tmp_path) is None
