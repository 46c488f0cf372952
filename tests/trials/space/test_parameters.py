"""Parameters refuse nonsense, know their values, and survive storage."""

import pytest

from trials.space import Categorical, Float, Int, Parameter, Space
from trials.space.distributions import distribution


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param({"low": 2.0, "high": 1.0}, "low", id="inverted"),
        pytest.param({"low": 0.0, "high": 1.0, "log": True}, "low", id="log from zero"),
        pytest.param({"low": -1.0, "high": 1.0, "log": True}, "low", id="log from below"),
        pytest.param({"low": float("nan"), "high": 1.0}, "low", id="not a number"),
        pytest.param({"low": 0.0, "high": float("inf")}, "low", id="endless"),
        pytest.param({"low": 0.0, "high": 1.0, "step": 0.4}, "step", id="step misses the end"),
        pytest.param({"low": 0.0, "high": 1.0, "step": 0.0}, "step", id="step of zero"),
        pytest.param({"low": 0.1, "high": 1.0, "step": 0.1, "log": True}, "step", id="step and log"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused_by_its_field(fields: dict[str, float], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: .*; "):
        Float(name="lr", **fields)  # type: ignore[arg-type]  # the table mixes numbers and flags


def test_a_step_that_does_not_fit_names_the_ends_that_would() -> None:
    with pytest.raises(ValueError, match=r"set high to 0\.9 or 1\.2"):
        Float(name="lr", low=0.0, high=1.0, step=0.3)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        pytest.param((), "there are none", id="empty"),
        pytest.param(("a", "b", "a"), "'a' is listed twice", id="the same word"),
        pytest.param((1, 1.0), "1.0 is listed twice", id="the same number"),
    ],
)
def test_choices_are_neither_none_nor_listed_twice(choices: tuple[str | float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Categorical(name="c", choices=choices)


def test_true_and_one_are_different_choices() -> None:
    parameter = Categorical(name="c", choices=(True, 1))

    assert parameter.contains(True)
    assert not Categorical(name="c", choices=(1,)).contains(True)


@pytest.mark.parametrize(
    ("parameter", "inside", "outside"),
    [
        pytest.param(Float(name="x", low=0.0, high=1.0), (0.0, 0.5, 1, 1.0), (1.01, -1, "a", None, True), id="float"),
        pytest.param(Float(name="x", low=0.0, high=0.9, step=0.3), (0.3, 0.6, 0.1 * 3), (0.4,), id="float by steps"),
        pytest.param(Int(name="x", low=8, high=64, step=8), (8, 16, 64), (9, 72, 8.0, "8", False), id="int by steps"),
        pytest.param(Categorical(name="x", choices=("a", None)), ("a", None), ("b", 0, False), id="categorical"),
    ],
)
def test_a_parameter_knows_its_values(
    parameter: Parameter, inside: tuple[object, ...], outside: tuple[object, ...]
) -> None:
    assert [parameter.contains(value) for value in inside] == [True] * len(inside)
    assert [parameter.contains(value) for value in outside] == [False] * len(outside)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_lies_in_no_range(value: float) -> None:
    assert not Float(name="x", low=0.0, high=1.0, step=0.5).contains(value)


SPACE = Space(
    (
        Float(name="lr", low=1e-5, high=1e-1, log=True),
        Float(name="momentum", low=0.1, high=0.9, step=0.2, when={"optimizer": ("sgd",)}),
        Categorical(name="optimizer", choices=("sgd", "adamw")),
        Int(name="warmup", low=0, high=10, when={"momentum": (0.1, 0.9)}),
    )
)


def test_a_space_survives_storage() -> None:
    assert Space.from_data(SPACE.to_data()) == SPACE


def test_a_database_that_drops_the_point_of_a_float_changes_no_space() -> None:
    stored = Space((Float(name="x", low=1.0, high=2.0),)).to_data()
    stored[0] |= {"low": 1, "high": 2}

    (parameter,) = Space.from_data(stored)

    assert isinstance(parameter.low, float)  # type: ignore[union-attr]  # it is a Float


def test_conditions_come_before_what_depends_on_them() -> None:
    assert [parameter.name for parameter in SPACE.in_order()] == ["lr", "optimizer", "momentum", "warmup"]


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        pytest.param({"lr": 1e-3, "optimizer": "adamw"}, {}, id="fits without the conditional"),
        pytest.param({"lr": 1e-3, "optimizer": "sgd", "momentum": 0.5}, {}, id="fits with the conditional"),
        pytest.param(
            {"lr": 1e-3, "optimizer": "sgd"}, {"momentum": "missing; give a value from 0.1 to 0.9"}, id="missing"
        ),
        pytest.param(
            {"lr": 1e-3, "optimizer": "adamw", "momentum": 0.5},
            {"momentum": "does not vary here (only when optimizer is sgd)"},
            id="not active",
        ),
        pytest.param({"lr": 1.0, "optimizer": "adamw"}, {"lr": "1.0 is not in the space"}, id="out of range"),
        pytest.param(
            {"lr": 1e-3, "optimizer": "adamw", "lrr": 1}, {"lrr": "no such parameter in the space"}, id="unknown"
        ),
    ],
)
def test_a_configuration_fits_or_says_why_not(params: dict[str, object], wrong: dict[str, str]) -> None:
    problems = dict(SPACE.problems(params))

    assert problems.keys() == wrong.keys()
    assert all(wrong[name] in problem for name, problem in problems.items())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        pytest.param((Int(name="a", low=0, high=1), Int(name="a", low=0, high=1)), "a: given twice", id="twice"),
        pytest.param((Int(name="a", low=0, high=1, when={"b": (1,)}),), "no parameter 'b'", id="missing"),
        pytest.param((Int(name="a", low=0, high=1, when={"a": (1,)}),), "a depends on a", id="itself"),
        pytest.param(
            (Int(name="a", low=0, high=1, when={"b": (1,)}), Int(name="b", low=0, high=1, when={"a": (1,)})),
            "a depends on b depends on a",
            id="circle",
        ),
    ],
)
def test_a_space_whose_conditions_cannot_be_met_is_refused(parameters: tuple[Parameter, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Space(parameters)


@pytest.mark.parametrize("parameter", SPACE.parameters, ids=lambda parameter: parameter.name)
def test_what_optuna_suggests_lies_in_the_parameter(parameter: Parameter) -> None:
    theirs = distribution(parameter)

    ends = [getattr(theirs, "low", None), getattr(theirs, "high", None)]

    assert ends == [getattr(parameter, "low", None), getattr(parameter, "high", None)]
    assert getattr(theirs, "choices", None) == getattr(parameter, "choices", None)
