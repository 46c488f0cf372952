"""Reading fixed settings and configurations."""

from dataclasses import dataclass

import pytest

from trials.trainables.base import ParameterInfo
from trials.trainables.fields import read_settings, setting, settings_problems, with_defaults


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of nothing in particular."""

    epochs: int = setting(10, low=1, high=100)
    rate: float = setting(0.1, low=0)
    kind: str = setting("plain", choices=("plain", "fancy"))
    loud: bool = setting(False)


PARAMETERS = (ParameterInfo(name="x", kind="float", default=0.5), ParameterInfo(name="y", kind="int", default=3))


def test_what_is_not_given_has_its_default() -> None:
    read = read_settings(Settings, {"epochs": 4})

    assert (read.epochs, read.kind) == (4, "plain")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        pytest.param(
            {"epoch": 4}, "epoch: there is no such setting; the settings are epochs, kind, loud, rate", id="typo"
        ),
        pytest.param({"epochs": 0}, "epochs: 0 is below 1; give at least 1", id="too low"),
        pytest.param({"epochs": 101}, "epochs: 101 is above 100; give at most 100", id="too high"),
        pytest.param({"epochs": "4"}, "epochs: '4' is not a whole number; write a whole number such as 10", id="text"),
        pytest.param(
            {"epochs": True}, "epochs: True is not a whole number; write a whole number such as 10", id="bool"
        ),
        pytest.param(
            {"epochs": 4.5}, "epochs: 4.5 is not a whole number; write a whole number such as 10", id="fraction"
        ),
        pytest.param({"rate": float("nan")}, "rate: nan is below 0; give at least 0", id="not a number"),
        pytest.param({"kind": "odd"}, "kind: 'odd' is not one of plain, fancy; choose one of them", id="no choice"),
        pytest.param({"loud": 1}, "loud: 1 is not true or false; write true or false such as False", id="one"),
        pytest.param({"kind": None}, "kind: None is not a text; write a text such as 'plain'", id="null"),
    ],
)
def test_a_bad_setting_is_named_with_its_value_and_a_remedy(given: dict[str, object], complaint: str) -> None:
    assert settings_problems(Settings, given) == [complaint]


def test_a_whole_number_is_a_number() -> None:
    assert settings_problems(Settings, {"rate": 1}) == []


def test_reading_tells_every_problem_at_once() -> None:
    with pytest.raises(ValueError, match="epochs: 0 is below 1.*kind: 'odd' is not one of"):
        read_settings(Settings, {"epochs": 0, "kind": "odd"})


def test_a_configuration_is_filled_in_with_defaults() -> None:
    assert with_defaults(PARAMETERS, {"y": 7}) == {"x": 0.5, "y": 7}


def test_a_parameter_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="z: no such parameter; the parameters are x, y"):
        with_defaults(PARAMETERS, {"z": 1})
