"""Curves on their way to the browser."""

import numpy as np

from tests.trials.charts.unpacking import split, unpacked
from trials.charts.band import band
from trials.charts.packing import gapped, pack
from trials.charts.thinning import thinned


def steps(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_an_array_comes_back_as_float32() -> None:
    values = np.array([0.1, np.nan, -3.5])

    assert np.array_equal(unpacked({**pack(values)}), values.astype("f4"), equal_nan=True)


def test_what_float32_cannot_hold_becomes_infinite_without_a_warning() -> None:
    assert unpacked({**pack([1e300, -1e300])}).tolist() == [float("inf"), float("-inf")]


def test_curves_are_joined_with_one_gap_between_two() -> None:
    joined = gapped(
        [(3, steps(1, 2), np.array([5.0, 4.0])), (9, steps(), np.array([])), (7, steps(4), np.array([6.0]))]
    )

    assert joined.trials == [3, 7]
    assert joined.offsets == [0, 3]
    assert np.isnan(joined.y[2])
    again = split({**joined._asdict(), "x": pack(joined.x), "y": pack(joined.y)})
    assert {number: (x.tolist(), y.tolist()) for number, (x, y) in again.items()} == {
        3: ([1.0, 2.0], [5.0, 4.0]),
        7: ([4.0], [6.0]),
    }


def test_no_curves_are_an_empty_trace() -> None:
    joined = gapped([])

    assert (joined.trials, joined.x.size, joined.y.size) == ([], 0, 0)


def test_a_band_stands_only_where_four_peers_were() -> None:
    curves = [(steps(1, 2), np.array([float(value), value + 10.0])) for value in range(4)]
    curves[0] = (steps(1, 2), np.array([0.0, np.nan]))

    found = band(curves)

    assert found is not None
    assert found.steps.tolist() == [1]
    # Observed values, never interpolated ones.
    assert found.quantiles[:, 0].tolist() == [0.0, 0.0, 2.0, 3.0]


def test_a_band_ends_where_it_is_told_to() -> None:
    curves = [(steps(1, 2, 3), np.arange(3.0) + value) for value in range(5)]

    found = band(curves, until=2)

    assert found is not None
    assert found.steps.tolist() == [1, 2]
    assert band(curves, until=0) is None
    assert band([]) is None


def test_thinning_keeps_ends_and_extremes() -> None:
    values = np.sin(np.arange(1000) / 40)
    values[500] = 9.0
    values[501] = np.nan

    kept_steps, kept = thinned(np.arange(1000), values, 40)

    assert kept.size <= 42
    assert (kept_steps[0], kept_steps[-1]) == (0, 999)
    assert 9.0 in kept
    assert not np.isnan(kept).any()


def test_a_short_curve_is_left_alone() -> None:
    assert thinned(steps(1, 2), np.array([1.0, 2.0]), 40)[1].tolist() == [1.0, 2.0]
