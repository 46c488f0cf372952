"""Read the `space` of a plan, and the configurations that name its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeGuard

from trials.plan.fields import Section, as_section, shown, unknown
from trials.space import Categorical, Float, Int, Parameter, Space, Value
from trials.space.parameters import same
from trials.space.space import find_circle

MOST_PARAMETERS = 200
MOST_CHOICES = 1000
MOST_CHARACTERS = 500
# A double holds every whole number up to here; beyond, a table could not sort them truthfully.
MOST_INTEGER = 2**53
KINDS = ("categorical", "float", "int")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,99}")


def read_space(section: Section, kinds: Mapping[str, str]) -> tuple[Parameter, ...]:
    """Return the parameters that are in order; complain about the others.

    `kinds` says what the trainable's own parameters are, for those that name no type.
    """
    if not section.data:
        section.problems.add(section.path, "empty; name at least one parameter to tune")
    if len(section.data) > MOST_PARAMETERS:
        section.problems.add(section.path, f"{len(section.data)} parameters; tune at most {MOST_PARAMETERS}")
        return ()
    found = (_read_parameter(section, name, kinds.get(name, "")) for name in section.data)
    parameters = tuple(parameter for parameter in found if parameter is not None)
    return _check_conditions(section, parameters)


def read_params(section: Section) -> dict[str, Value]:
    """Return one configuration: a plain value for every name."""
    params: dict[str, Value] = {}
    for name, value in section.data.items():
        if value is not None and not isinstance(value, str | int | float | bool):
            section.complain(name, f"{shown(value)} is no value of a parameter; write a number, a word or true/false")
        else:
            params[name] = value
    return params


def _read_parameter(space: Section, name: str, kind: str) -> Parameter | None:
    if not NAME.fullmatch(name):
        space.complain(name, "a parameter's name has letters, digits, `_`, `-` and `.`, and starts with a letter")
        return None
    section = space.section(name)
    if section is None:
        space.complain(
            name, "no range; write {type: float, low: 0.0, high: 1.0} or {type: categorical, choices: [a, b]}"
        )
        return None
    given = section.text("type", most=20) or kind or ("categorical" if "choices" in section else "")
    if given not in KINDS:
        message = unknown(given, KINDS, "type") if given else f"missing; write one of {', '.join(KINDS)}"
        section.complain("type", message)
        return None
    when = _read_when(section)
    try:
        if given == "categorical":
            return _read_categorical(section, name, when)
        return _read_range(section, name, given, when)
    except ValueError as error:
        # The values refuse nonsense themselves, each as `field: what; remedy`.
        field, _, message = str(error).partition(": ")
        section.complain(field, message)
        return None


def _read_categorical(section: Section, name: str, when: dict[str, tuple[Value, ...]]) -> Categorical | None:
    section.only(("choices", "type", "when"))
    if not section.require("choices", "list the values, such as [adamw, adafactor]"):
        return None
    choices = tuple(_read_value(section, path, item) for path, item in section.items("choices", most=MOST_CHOICES))
    return None if section.problems.under(section.at("choices")) else Categorical(name=name, choices=choices, when=when)


def _read_range(section: Section, name: str, kind: str, when: dict[str, tuple[Value, ...]]) -> Float | Int | None:
    section.only(("high", "log", "low", "step", "type", "when"))
    section.require("low", "give the lowest value")
    section.require("high", "give the highest value")
    log = section.boolean("log")
    if kind == "int":
        low, high = (section.integer(key, low=-MOST_INTEGER, high=MOST_INTEGER) for key in ("low", "high"))
        step = section.integer("step", low=1, high=MOST_INTEGER, default=1)
        if low is None or high is None or step is None:
            return None
        return Int(name=name, low=low, high=high, log=log, step=step, when=when)
    first, last, width = (section.number(key) for key in ("low", "high", "step"))
    if first is None or last is None:
        return None
    return Float(name=name, low=first, high=last, log=log, step=width, when=when)


def _read_when(section: Section) -> dict[str, tuple[Value, ...]]:
    conditions = section.section("when")
    if conditions is None:
        return {}
    when = {}
    for other, value in conditions.data.items():
        if isinstance(value, list):
            items = conditions.items(other, most=MOST_CHOICES)
            if not items:
                conditions.complain(other, "no value; list those under which this parameter varies")
            when[other] = tuple(_read_value(conditions, path, item) for path, item in items)
        else:
            when[other] = (_read_value(conditions, conditions.at(other), value),)
    return when


def _read_value(section: Section, path: str, value: object) -> Value:
    if isinstance(value, str) and len(value) > MOST_CHARACTERS:
        section.problems.add(path, f"{len(value)} characters; a value has at most {MOST_CHARACTERS}")
    elif value is None or isinstance(value, str) or _is_modest(value):
        return value
    else:
        section.problems.add(path, f"{shown(value)} is no value of a parameter; write a number, a word or true/false")
    return None


def _is_modest(value: object) -> TypeGuard[float | int | bool]:
    return isinstance(value, int | float) and abs(value) <= MOST_INTEGER


def _check_conditions(section: Section, parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    by_name = {parameter.name: parameter for parameter in parameters}
    for parameter in parameters:
        when = as_section(dict(parameter.when), f"{section.at(parameter.name)}.when", section.problems)
        for other, values in parameter.when.items():
            if when is not None:
                _check_condition(when, other, values, by_name, section)
    circle = find_circle({parameter.name: tuple(parameter.when) for parameter in parameters})
    if circle:
        message = f"the conditions run in a circle, {' -> '.join(circle)}; drop one of them"
        section.problems.add(f"{section.at(circle[0])}.when", message)
    return parameters


def _check_condition(
    when: Section, other: str, values: tuple[Value, ...], by_name: Mapping[str, Parameter], space: Section
) -> None:
    if other not in space.data:
        when.complain(other, unknown(other, sorted(space.data), "parameter in the space"))
    parent = by_name.get(other)
    for value in values:
        if parent is not None and not parent.contains(value):
            when.complain(other, f"{shown(value)} is never a value of {other} ({parent.describe()}); correct it")
    for index, value in enumerate(values):
        if any(same(value, earlier) for earlier in values[:index]):
            when.complain(other, f"{shown(value)} is listed twice; remove one")


def sound_space(parameters: tuple[Parameter, ...]) -> Space:
    """Return the space of the parameters whose conditions can be met; the others have been complained about."""
    kept = parameters
    while True:
        names = {parameter.name for parameter in kept}
        left = tuple(parameter for parameter in kept if names.issuperset(parameter.when))
        if len(left) == len(kept):
            break
        kept = left
    circular = set(find_circle({parameter.name: tuple(parameter.when) for parameter in kept}))
    if not circular:
        return Space(kept)
    return sound_space(tuple(parameter for parameter in kept if parameter.name not in circular))
