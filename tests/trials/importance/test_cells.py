"""Configurations become cells: every kind of parameter, absence, constants."""

import numpy as np
import pytest

from tests.trials.importance.made import MIXED
from trials.importance import coded
from trials.space import Float, Int, Space

ROWS: list[dict[str, object]] = [
    {"rate": 1e-5, "layers": 1, "width": 8, "optimizer": "adam", "fixed": 0.5},
    {"rate": 1e-3, "layers": 4, "width": 64, "optimizer": "sgd", "momentum": 0.9, "fixed": 0.5},
    {"rate": 1e-1, "layers": 2, "width": 512, "optimizer": "sgd", "momentum": 0.0, "fixed": 0.5},
]


def test_a_range_is_cut_into_cells_by_its_own_scale() -> None:
    found = coded(MIXED, ROWS)

    assert found.codes[:, found.names.index("rate")].tolist() == [0, 16, 31]
    assert found.codes[:, found.names.index("layers")].tolist() == [0, 3, 1]
    assert found.codes[:, found.names.index("width")].tolist() == [0, 16, 31]


def test_a_parameter_with_one_value_says_nothing_and_is_named() -> None:
    found = coded(MIXED, ROWS)

    assert found.constant == ("fixed",)
    assert "fixed" not in found.names


def test_absence_is_a_cell_of_its_own_with_its_share_of_the_trials() -> None:
    found = coded(MIXED, ROWS)
    momentum = found.factors[found.names.index("momentum")]

    assert found.codes[:, found.names.index("momentum")].tolist() == [32, 31, 0]
    assert momentum.has_absent
    assert momentum.weights[-1] == pytest.approx(1 / 3)
    assert momentum.weights.sum() == pytest.approx(1.0)


def test_every_factor_takes_up_the_whole_space() -> None:
    for factor in coded(MIXED, ROWS).factors:
        assert factor.weights.sum() == pytest.approx(1.0)
        assert (factor.weights > 0).all()


def test_a_value_outside_an_amended_range_goes_to_the_nearest_cell() -> None:
    space = Space((Float(name="x", low=0.0, high=1.0), Int(name="n", low=2, high=5)))

    found = coded(space, [{"x": -3.0, "n": 1}, {"x": 7.0, "n": 9}, {"x": 0.5, "n": 3}])

    assert found.codes.tolist() == [[0, 0], [31, 3], [16, 1]]


def test_a_value_of_another_kind_counts_as_absent() -> None:
    space = Space((Float(name="x", low=0.0, high=1.0),))

    found = coded(space, [{"x": "high"}, {"x": True}, {"x": 0.2}, {"x": float("nan")}])

    assert found.codes[:, 0].tolist() == [32, 32, 6, 32]


def test_nothing_varies_where_there_are_no_trials() -> None:
    found = coded(MIXED, [])

    assert found.factors == ()
    assert found.codes.shape == (0, 0)
    assert found.features().shape == (0, 0)


def test_features_are_places_and_categories_stand_apart() -> None:
    found = coded(MIXED, ROWS)
    features = found.features()

    # rate, layers, width, two optimizers, momentum and its absence
    assert features.shape == (3, 7)
    assert np.allclose(features[:, 1], [0.125, 0.875, 0.375])
    assert features[:, 3:5].tolist() == [[1, 0], [0, 1], [0, 1]]
    assert features[0, 5:].tolist() == [0.5, 1.0]
