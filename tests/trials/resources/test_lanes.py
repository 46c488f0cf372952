"""Attempts as bars: one lane a slot, and what is too narrow to be seen drawn together."""

from collections.abc import Sequence

import numpy as np
import pytest

from trials.resources.attempts import Attempts, Place, paused_until
from trials.resources.lanes import MOST_BARS, WIDEST, bars, idle_seconds, lanes_of


def attempts(
    *rows: tuple[float, float], slots: Sequence[int] = (), kinds: Sequence[str] = (), trials: Sequence[int] = ()
) -> Attempts:
    """Return attempts of these (start, end), each its own trial's first unless told."""
    n = len(rows)
    return Attempts(
        start=np.array([start for start, _ in rows], dtype=float),
        end=np.array([end for _, end in rows], dtype=float),
        trial=np.array(trials or range(n), dtype=np.int64),
        number=np.array([1 + list(trials[:at]).count(trials[at]) if trials else 1 for at in range(n)], dtype=np.int64),
        kind=list(kinds) or ["finished"] * n,
        code=["finished"] * n,
        place=[Place("host", slot) for slot in (slots or [0] * n)],
        resumed=np.zeros(n, dtype=bool),
    )


def test_a_slot_is_a_lane() -> None:
    lanes, lane_of = lanes_of(attempts((0, 5), (1, 6), (5, 9), slots=(1, 0, 1)))

    assert [(lane.host, lane.slot) for lane in lanes] == [("host", 0), ("host", 1)]
    assert lane_of == [1, 0, 1]


def test_attempts_that_overlap_on_one_slot_get_as_many_lanes_as_run_at_once() -> None:
    lanes, lane_of = lanes_of(attempts((0, 10), (2, 4), (3, 5), (4, 6), (11, 12)))

    assert len(lanes) == 3
    assert lane_of[0] != lane_of[1] != lane_of[2]
    assert lane_of[3] == lane_of[1]


def test_every_attempt_that_can_be_seen_is_a_bar_of_its_own() -> None:
    found = attempts((0, 100), (100, 250), (250, 400), kinds=("finished", "speed", "running"))

    drawn = bars(found, [0, 0, 0], n_lanes=1, window=(0, 400))

    assert [(bar.start, bar.end, bar.kind, bar.trial, bar.n) for bar in drawn] == [
        (0, 100, "finished", 0, 1),
        (100, 250, "speed", 1, 1),
        (250, 400, "running", 2, 1),
    ]


def test_attempts_too_narrow_to_be_seen_are_drawn_together_and_counted() -> None:
    rows = [(float(second), second + 1.0) for second in range(100_000)]
    kinds = ["speed" if second % 4 == 0 else "finished" for second in range(100_000)]

    drawn = bars(attempts(*rows, kinds=kinds), [0] * 100_000, n_lanes=1, window=(0, 100_000))

    assert len(drawn) <= MOST_BARS
    assert sum(bar.n for bar in drawn) == 100_000
    assert sum(n for bar in drawn for kind, n in bar.counts if kind == "speed") == 25_000
    # A quarter of what is seen is what a quarter of the attempts were.
    assert np.mean([bar.kind == "speed" for bar in drawn]) == pytest.approx(0.25, abs=0.02)
    assert max(bar.end - bar.start for bar in drawn) <= WIDEST * 100_000 / 60


def test_a_narrower_window_tells_more_apart() -> None:
    rows = [(float(second), second + 1.0) for second in range(100_000)]

    drawn = bars(attempts(*rows), [0] * 100_000, n_lanes=1, window=(500, 600))

    assert [bar.trial for bar in drawn] == list(range(499, 601))


def test_a_gap_keeps_bars_apart() -> None:
    rows = [(0.0, 1.0), (1.0, 2.0), (5_000.0, 5_001.0), (99_999.0, 100_000.0)]

    drawn = bars(attempts(*rows), [0] * 4, n_lanes=1, window=(0, 100_000))

    assert [bar.n for bar in drawn] == [2, 1, 1]


def test_time_between_two_attempts_of_a_slot_is_idle() -> None:
    found = attempts((0, 10), (3, 5), (14, 20), slots=(0, 1, 0))

    assert idle_seconds(found, [0, 1, 0]) == 4


def test_a_pause_lasts_until_the_next_attempt_the_end_or_for_good() -> None:
    found = attempts(
        (0, 5), (1, 3), (2, 6), (9, 12), kinds=("paused", "paused", "paused", "finished"), trials=(0, 1, 2, 0)
    )

    begun, over = paused_until(found, {0: 12.0, 1: 30.0})

    assert sorted(zip(begun, over, strict=True)) == [(3, 30), (5, 9), (6, np.inf)]


def test_without_attempts_there_is_nothing() -> None:
    assert lanes_of(attempts()) == ([], [])
    assert bars(attempts(), [], n_lanes=0, window=(0, 0)) == []
    assert attempts().span == (0.0, 0.0)
