"""Where configurations stand in the unit cube."""

from __future__ import annotations

import math

import pytest

from trials.space import Categorical, Float, Int, Space
from trials.space.places import place_of, places_of

SPACE = Space(
    (
        Float(name="x", low=-1.0, high=3.0),
        Float(name="lr", low=1e-4, high=1e-2, log=True),
        Int(name="layers", low=2, high=10),
        Categorical(name="optimizer", choices=("adam", "sgd", 3)),
        Float(name="momentum", low=0.0, high=1.0, when={"optimizer": ("sgd",)}),
    )
)


def test_numbers_lie_between_their_ends_and_categories_are_their_text() -> None:
    params = {"x": 0.0, "lr": 1e-3, "layers": 8, "optimizer": "sgd", "momentum": 0.9}

    place = place_of(SPACE, params)

    assert place[:3] == pytest.approx((0.25, 0.5, 0.75))
    assert place[3:] == ("'sgd'", 0.9)


PLACES = [
    ("an absent parameter", {"x": 3.0}, (1.0, None, None, None, None)),
    ("beyond a range that has changed", {"x": 7.0}, (2.0, None, None, None, None)),
    ("a category that is a number", {"optimizer": 3.0}, (None, None, None, "3.0", None)),
    ("the same number, read back whole", {"optimizer": 3}, (None, None, None, "3.0", None)),
    ("no number where the space has one", {"x": "auto"}, ("'auto'", None, None, None, None)),
    ("a parameter of a later revision", {"dropout": 0.1}, (None,) * 5),
]


@pytest.mark.parametrize(("params", "place"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
def test_what_is_not_an_ordinary_number_has_its_own_treatment(params: dict[str, object], place: object) -> None:
    assert place_of(SPACE, params) == place


def test_a_range_of_one_value_is_no_distance() -> None:
    assert place_of(Space((Float(name="x", low=2.0, high=2.0),)), {"x": 2.0}) == (0.0,)


def test_many_values_of_a_range_stand_where_each_alone_does() -> None:
    values: list[object] = [2e-4, 1e-3, 1, 0.0, -1.0, float("inf"), True, "auto", None]
    flat = Float(name="x", low=2.0, high=2.0)

    for parameter in (*SPACE.parameters[:3], flat):
        alone = Space((parameter,))
        told = [place_of(alone, {parameter.name: value})[0] for value in values]
        expected = [place if isinstance(place, float) else math.nan for place in told]

        assert places_of(parameter, values).tolist() == pytest.approx(expected, nan_ok=True)  # type: ignore[arg-type]
