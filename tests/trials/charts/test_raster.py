"""Many curves on a grid."""

from __future__ import annotations

import numpy as np
import pytest

from trials.charts import raster
from trials.charts.raster import COLUMNS, QUANTILES, Axis, Grid, rasterise
from trials.charts.scale import axis_of

ALONG, UP = Axis(0, 50), Axis(0, 10)


def flat(*curves: tuple[list[float], list[float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lengths = [len(x) for x, _ in curves]
    x, y = (np.concatenate([np.array(curve[i], dtype=float) for curve in curves]) for i in (0, 1))
    return x, y, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def many(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = np.tile(np.arange(1.0, 51.0), n)
    return x, 5 + np.random.default_rng(seed).normal(0, 1, x.size), np.arange(n + 1) * 50


def column(grid: Grid, at: float) -> int:
    return int(grid.x.place(np.array([at]))[0] * COLUMNS)


def test_a_curve_crosses_every_column_between_its_first_and_last_point() -> None:
    grid = rasterise(*flat(([10.0, 30.0], [2.0, 4.0])), along=ALONG, up=UP)

    alive = grid.alive()
    assert alive[column(grid, 9.0)] == alive[column(grid, 31.0)] == 0
    assert set(alive[column(grid, 10.5) : column(grid, 29.5)].tolist()) == {1}


def test_between_two_reports_a_curve_lies_on_their_line() -> None:
    curves = [([0.0, 50.0], [2.0, 4.0])] * 4

    grid = rasterise(*flat(*curves), along=ALONG, up=UP)

    median = grid.quantiles()[QUANTILES.index(0.5)]
    assert median[column(grid, 25.0)] == pytest.approx(3.0, abs=0.02)


def test_two_neighbouring_curves_are_not_joined() -> None:
    grid = rasterise(*flat(([0.0, 10.0], [1.0, 1.0]), ([0.0, 10.0], [9.0, 9.0])), along=ALONG, up=UP)

    assert grid.alive().max() == 2
    assert grid.fine[0, :, 100:-100].sum() == 0


def test_quantiles_are_those_of_the_values_told() -> None:
    x, y, offsets = many(4000)

    grid = rasterise(x, y, offsets, along=Axis(0.875, 50.875), up=UP)

    at = column(grid, 25.0)
    expected = np.quantile(y[x == 25.0], QUANTILES)
    assert grid.centres()[at] == pytest.approx(25.0)
    assert grid.quantiles()[:, at] == pytest.approx(expected, abs=0.02)
    assert grid.means()[at] == pytest.approx(y[x == 25.0].mean(), abs=0.01)


def test_every_crossing_is_counted_once_however_many_are_worked_on_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, offsets = many(60)
    whole = rasterise(x, y, offsets, along=ALONG, up=UP)

    monkeypatch.setattr(raster, "BLOCK", 500)
    in_blocks = rasterise(x, y, offsets, along=ALONG, up=UP)

    assert np.array_equal(whole.fine, in_blocks.fine)
    assert np.allclose(whole.sums, in_blocks.sums)


def test_groups_are_counted_apart_and_those_in_none_are_left_out() -> None:
    x, y, offsets = many(30)
    groups = np.arange(30) % 3 - 1

    grid = rasterise(x, y, offsets, along=ALONG, up=UP, groups=groups, n_groups=2)

    assert [int(grid.alive(group).max()) for group in (0, 1)] == [10, 10]


def test_what_leaves_the_scale_is_counted_and_drawn_nowhere() -> None:
    curves = [([0.0, 50.0], [20.0, 20.0])] * 3 + [([0.0, 50.0], [-3.0, -3.0])] * 2

    grid = rasterise(*flat(*curves), along=ALONG, up=UP)

    assert grid.beyond() == 5 * COLUMNS
    assert grid.cells().sum() == 0
    assert np.isnan(grid.quantiles()).all()


def test_what_is_not_a_number_breaks_the_line() -> None:
    grid = rasterise(*flat(([0.0, 20.0, 40.0], [1.0, float("nan"), 1.0])), along=ALONG, up=UP)

    assert grid.alive()[column(grid, 10.0)] == 0


def test_fewer_than_four_have_no_quantiles() -> None:
    grid = rasterise(*flat(*[([0.0, 50.0], [2.0, 4.0])] * 3), along=ALONG, up=UP)

    assert np.isnan(grid.quantiles()).all()


def test_a_logarithmic_axis_halves_at_the_geometric_middle() -> None:
    axis = Axis(1.0, 100.0, log=True)

    assert axis.place(np.array([1.0, 10.0, 100.0])) == pytest.approx([0.0, 0.5, 1.0])
    assert axis.at(np.array([0.5])) == pytest.approx([10.0])
    assert np.isnan(axis.place(np.array([-1.0]))).all()


@pytest.mark.parametrize(("low", "high", "log"), [(1, 1, False), (2, 1, False), (0, 1, True), (float("nan"), 1, False)])
def test_an_axis_that_shows_nothing_is_refused(low: float, high: float, log: bool) -> None:
    with pytest.raises(ValueError, match="axis"):
        Axis(low, high, log)


def test_no_curves_are_an_empty_grid() -> None:
    grid = rasterise(np.empty(0), np.empty(0), np.zeros(1, dtype=np.int64), along=ALONG, up=UP)

    assert grid.alive().sum() == 0


def test_one_trial_that_runs_away_does_not_flatten_the_others() -> None:
    _, y, offsets = many(40)
    y[:50] = np.geomspace(10, 1e9, 50)

    axis = axis_of(y, offsets, minimises=True, log=False)

    assert axis is not None
    assert axis.low < y.min()
    assert axis.high < 20


@pytest.mark.parametrize("minimises", [True, False])
def test_the_scale_holds_the_best_value(minimises: bool) -> None:
    _, y, offsets = many(40)

    axis = axis_of(y, offsets, minimises=minimises, log=False)

    assert axis is not None
    assert axis.low < (y.min() if minimises else y.max()) < axis.high


def test_values_that_cannot_be_drawn_have_no_scale() -> None:
    offsets = np.array([0, 2])

    assert axis_of(np.array([np.nan, np.inf]), offsets, minimises=True, log=False) is None
    assert axis_of(np.array([-1.0, -2.0]), offsets, minimises=True, log=True) is None
