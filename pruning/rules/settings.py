"""Reading a rule's settings from a plan: unknown names and wrong types are refused by path, with the remedy."""

from __future__ import annotations

import dataclasses
import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pruning.rules.base import SettingError

Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with a policy: where, and what to do."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class PolicyError(ValueError):
    """A policy that cannot be used."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def unknown(name: str, known: Iterable[str], what: str) -> str:
    """Return the message for a name nobody knows, with the nearest known one."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    return f"unknown {what} {name!r}; {hint}"


def read(made: type[Made], data: Mapping[str, object], path: str) -> Made:
    """Make a frozen dataclass of settings from plain data; PolicyError names every problem by path."""
    hints = get_type_hints(made)
    fields = {field.name for field in dataclasses.fields(made)}  # type: ignore[arg-type]  # a dataclass, by contract
    problems: list[Problem] = []
    values: dict[str, Any] = {}  # checked one by one against the annotations, below
    for name, value in data.items():
        if name not in fields:
            problems.append(Problem(path=f"{path}.{name}", message=unknown(name, fields, "setting")))
            continue
        try:
            values[name] = _fitted(value, hints[name])
        except TypeError as error:
            problems.append(Problem(path=f"{path}.{name}", message=f"{value!r} is not {error}"))
    if problems:
        raise PolicyError(problems)
    try:
        return made(**values)
    except SettingError as error:
        raise PolicyError([Problem(path=f"{path}.{error.setting}", message=f"{error.value!r} {error.remedy}")])


def plain(settings: object) -> dict[str, object]:
    """Return a rule's settings as plain data, every default filled in."""
    values = dataclasses.asdict(settings)  # type: ignore[call-overload]  # a dataclass, by contract
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _fitted(value: object, hint: object) -> object:
    """Return the value if it fits the annotation (ints fit floats); TypeError says what it should be."""
    options = get_args(hint) if get_origin(hint) in {Union, types.UnionType} else (hint,)
    if value is None and type(None) in options:
        return None
    wanted = next(option for option in options if option is not type(None))
    if get_origin(wanted) is Mapping:
        return _fitted_mapping(value)
    if get_origin(wanted) is tuple:
        return _fitted_list(value, get_args(wanted)[0])
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted) and isinstance(value, wanted):
        return value  # made by the reader of a nested section
    if wanted is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if wanted is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if (wanted is str and isinstance(value, str)) or (wanted is bool and isinstance(value, bool)):
        return value
    raise TypeError(_DESCRIPTIONS.get(wanted, "valid here"))


def _fitted_list(value: object, item: object) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"a list (of values each of which is {_DESCRIPTIONS.get(item, 'valid')})")
    return tuple(_fitted(entry, item) for entry in value)


def _fitted_mapping(value: object) -> dict[str, object]:
    """Return a mapping whose values its rule checks itself."""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise TypeError("a mapping of settings by name")
    return dict(value)


_DESCRIPTIONS: Mapping[object, str] = {
    float: "a number",
    int: "a whole number",
    str: "a text",
    bool: "true or false",
}
