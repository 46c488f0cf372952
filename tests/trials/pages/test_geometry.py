"""Where the marks of the small drawings stand."""

from __future__ import annotations

import math

import pytest

from trials.pages import geometry
from trials.pages.parts import RankBar, Share, Spared, Spark


def test_the_parts_of_a_bar_fill_it_in_order() -> None:
    parts = geometry.segments([Share("finished", 1), Share("failed", 0), Share("speed", 3)])

    assert [(part.kind, part.x, part.width) for part in parts] == [("finished", 0.0, 25.0), ("speed", 25.0, 75.0)]


def test_one_trial_of_thousands_can_still_be_seen() -> None:
    parts = geometry.segments([Share("failed", 1), Share("finished", 99_999)])

    assert parts[0].width > 1
    assert sum(part.width for part in parts) == pytest.approx(100)


def test_a_bar_of_nothing_has_no_parts() -> None:
    assert geometry.segments([]) == []


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (0.25, 25.0),
        (-1.0, 0.0),  # below its range
        (7.0, 100.0),  # beyond it
        (math.nan, 0.0),
    ],
)
def test_a_place_stays_within_its_range(fraction: float, expected: float) -> None:
    assert geometry.clamp(fraction) == expected


def test_the_best_so_far_steps_down_and_runs_to_the_last_trial() -> None:
    shape = geometry.spark_shape(Spark([3.0, 1.0, 2.0, None], best=True), width=106, height=26)

    assert shape.line == "M2.0 3.0L35.3 3.0L35.3 23.0L102.0 23.0"
    assert shape.end == (102.0, 23.0)
    assert len(shape.cloud) == 3


def test_maximising_mirrors_the_best_so_far() -> None:
    shape = geometry.spark_shape(Spark([1.0, 3.0], minimize=False, best=True), width=106, height=26)

    assert shape.end == (102.0, 3.0)


def test_a_sparkline_without_a_number_draws_nothing() -> None:
    shape = geometry.spark_shape(Spark([None, math.nan, math.inf]), width=100, height=20)

    assert shape == geometry.SparkShape("", (), None)


def test_one_diverged_trial_does_not_flatten_the_others() -> None:
    values = [1.0 + place / 100 for place in range(19)] + [1e9]
    shape = geometry.spark_shape(Spark(values), width=100, height=26)

    heights = {y for _, y in (point.split() for point in shape.line.removeprefix("M").split("L"))}
    assert len(heights) > 10


def test_equal_spared_trials_pile_up() -> None:
    spared = [Spared(1, "/1", 0.5), Spared(2, "/2", 0.5), Spared(3, "/3", 0.9)]

    marks, tallest = geometry.strip_marks(spared, low=0.0, high=1.0, width=100)

    assert tallest == 2
    assert marks[0].x == marks[1].x < marks[2].x


def test_ticks_are_round_numbers_inside_the_range() -> None:
    assert [text for _, text in geometry.round_ticks(3.31, 3.72)] == ["3.4", "3.5", "3.6", "3.7"]
    assert geometry.round_ticks(1.0, 1.0) == []


def test_a_rank_stands_left_of_its_quota_when_it_goes_on() -> None:
    bar = RankBar(rank=5, of=50, quota=5)
    quota = geometry.quota_place(bar)

    assert quota is not None
    assert geometry.rank_place(bar.rank, bar.of) < quota
    assert geometry.quota_place(RankBar(1, 10)) is None
