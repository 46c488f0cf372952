"""Read a plan's fixed settings into a frozen dataclass, and name whatever is wrong with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_type_hints

from trials.trainables.base import ParameterInfo, Value

S = TypeVar("S")


def setting(
    default: object, *, low: float | None = None, high: float | None = None, choices: Sequence[object] = ()
) -> Any:
    """Declare one field of a settings dataclass with the values it allows.

    Returns `Any`, as `dataclasses.field` does, so that the field keeps its own annotation.
    """
    return dataclasses.field(default=default, metadata={"low": low, "high": high, "choices": tuple(choices)})


def read_settings(kind: type[S], settings: Mapping[str, object]) -> S:
    """Build the settings dataclass; raise ValueError with every problem if there is one."""
    problems = settings_problems(kind, settings)
    if problems:
        raise ValueError("; ".join(problems))
    return kind(**settings)


def settings_problems(kind: type, settings: Mapping[str, object]) -> list[str]:
    """Return what is wrong, each as `field: what, and the remedy`; an empty list if nothing is."""
    hints = get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    problems = [
        f"{name}: there is no such setting; the settings are {', '.join(sorted(fields))}"
        for name in settings
        if name not in fields
    ]
    for name, value in settings.items():
        if name in fields:
            problems.extend(_value_problems(fields[name], hints[name], value))
    return problems


def with_defaults(parameters: Sequence[ParameterInfo], values: Mapping[str, Value]) -> dict[str, Value]:
    """Return one value for every tunable parameter: the configuration's own, else the default.

    Raises ValueError that names every unknown parameter.
    """
    known = {parameter.name: parameter.default for parameter in parameters}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no such parameter; the parameters are {', '.join(sorted(known))}")
    return known | dict(values)


def _value_problems(field: dataclasses.Field[Any], hint: type, value: object) -> Iterator[str]:
    if not _fits(value, hint):
        yield f"{field.name}: {value!r} is not {_noun(hint)}; write {_noun(hint)} such as {field.default!r}"
        return
    low, high, choices = (field.metadata.get(key) for key in ("low", "high", "choices"))
    if choices and value not in choices:
        yield f"{field.name}: {value!r} is not one of {', '.join(map(str, choices))}; choose one of them"
    if isinstance(value, int | float):
        if low is not None and not value >= low:
            yield f"{field.name}: {value!r} is below {low}; give at least {low}"
        if high is not None and not value <= high:
            yield f"{field.name}: {value!r} is above {high}; give at most {high}"


def _fits(value: object, hint: type) -> bool:
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, int | float if hint is float else hint)


def _noun(hint: type) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false"}.get(hint, "a text")
