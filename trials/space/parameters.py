"""The three kinds of parameter, as frozen values that refuse nonsense and quote it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, TypeAlias, TypeGuard, cast

Value: TypeAlias = float | int | str | bool | None
"""The value of one parameter in one configuration."""

When: TypeAlias = Mapping[str, tuple[Value, ...]]
"""Conditions, all of which must hold: another parameter's name, and the values of it that let this one vary."""


@dataclass(frozen=True, kw_only=True)
class Float:
    """A real number in [low, high].

    With `log`, equal ratios are equally likely, so `low` must be above zero. With `step`, the values are
    low, low + step, ..., high; `log` and `step` exclude each other.
    """

    kind: ClassVar[str] = "float"

    name: str
    low: float
    high: float
    log: bool = False
    step: float | None = None
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        _refuse_bad_range(self.low, self.high, self.log)
        if self.step is not None:
            _refuse_bad_step(self.low, self.high, self.log, self.step)

    def contains(self, value: object) -> bool:
        """Say whether `value` is one of the values this parameter takes."""
        if not _is_number(value) or not self.low <= value <= self.high:
            return False
        return self.step is None or _fits_step(self.low, value, self.step)

    def describe(self) -> str:
        """Return the range in words, such as `1e-05 to 0.001 (log)`."""
        return _range_in_words(self.low, self.high, self.log, self.step)

    def to_data(self) -> dict[str, object]:
        """Return plain data with every default filled in."""
        return {
            "name": self.name,
            "type": self.kind,
            "low": self.low,
            "high": self.high,
            "log": self.log,
            "step": self.step,
            "when": _when_to_data(self.when),
        }


@dataclass(frozen=True, kw_only=True)
class Int:
    """A whole number in [low, high]; with `log`, equal ratios are equally likely; with `step`, on that grid."""

    kind: ClassVar[str] = "int"

    name: str
    low: int
    high: int
    log: bool = False
    step: int = 1
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        _refuse_bad_range(self.low, self.high, self.log)
        if self.step != 1:
            _refuse_bad_step(self.low, self.high, self.log, self.step)

    def contains(self, value: object) -> bool:
        """Say whether `value` is one of the values this parameter takes; 8.0 is not 8."""
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return self.low <= value <= self.high and (value - self.low) % self.step == 0

    def describe(self) -> str:
        """Return the range in words, such as `8 to 64 in steps of 8`."""
        return _range_in_words(self.low, self.high, self.log, self.step if self.step != 1 else None)

    def to_data(self) -> dict[str, object]:
        """Return plain data with every default filled in."""
        return {
            "name": self.name,
            "type": self.kind,
            "low": self.low,
            "high": self.high,
            "log": self.log,
            "step": self.step,
            "when": _when_to_data(self.when),
        }


@dataclass(frozen=True, kw_only=True)
class Categorical:
    """One of a few values without an order."""

    kind: ClassVar[str] = "categorical"

    name: str
    choices: tuple[Value, ...]
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.choices:
            raise ValueError("choices: there are none; list at least one value")
        for index, choice in enumerate(self.choices):
            if any(same(choice, earlier) for earlier in self.choices[:index]):
                raise ValueError(f"choices: {choice!r} is listed twice; remove one")

    def contains(self, value: object) -> bool:
        """Say whether `value` is one of the choices; True is not 1."""
        return any(same(value, choice) for choice in self.choices)

    def describe(self) -> str:
        """Return the choices in words, such as `adamw, adafactor`."""
        return ", ".join(str(choice) for choice in self.choices)

    def to_data(self) -> dict[str, object]:
        """Return plain data with every default filled in."""
        return {
            "name": self.name,
            "type": self.kind,
            "choices": list(self.choices),
            "when": _when_to_data(self.when),
        }


Parameter: TypeAlias = Float | Int | Categorical


def same(one: object, other: object) -> bool:
    """Say whether two values are the same choice: numbers by value, everything else by type as well."""
    if _is_number(one) and _is_number(other):
        return one == other
    return type(one) is type(other) and one == other


def parameter_from_data(data: Mapping[str, object]) -> Parameter:
    """Return the parameter that `to_data` wrote; fields left out have their defaults."""
    name = cast(str, data["name"])
    conditions = cast(Mapping[str, Sequence[Value]], data.get("when", {}))
    when = {other: tuple(values) for other, values in conditions.items()}
    if data["type"] == Categorical.kind:
        return Categorical(name=name, choices=tuple(cast(Sequence[Value], data["choices"])), when=when)
    low, high, log = cast(int, data["low"]), cast(int, data["high"]), bool(data.get("log"))
    step = cast("int | None", data.get("step"))
    if data["type"] == Int.kind:
        return Int(name=name, low=low, high=high, log=log, step=step or 1, when=when)
    # A database may hand 1.0 back as 1.
    as_float = None if step is None else float(step)
    return Float(name=name, low=float(low), high=float(high), log=log, step=as_float, when=when)


def _when_to_data(when: When) -> dict[str, object]:
    return {name: list(values) for name, values in when.items()}


def _is_number(value: object) -> TypeGuard[float | int]:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _refuse_bad_range(low: float, high: float, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"low: {low} to {high} is not a finite range; give two ordinary numbers")
    if low > high:
        raise ValueError(f"low: {low} is above high, {high}; swap the two")
    if log and low <= 0:
        raise ValueError(f"low: {low} cannot start a log range; start above zero or leave out log")


def _refuse_bad_step(low: float, high: float, log: bool, step: float) -> None:
    if log:
        raise ValueError(f"step: {step} cannot be combined with log; leave out one of the two")
    if not (math.isfinite(step) and step > 0):
        raise ValueError(f"step: {step} is not above zero; give a positive step")
    if not _fits_step(low, high, step):
        last = _exact(low) + (_exact(high) - _exact(low)) // _exact(step) * _exact(step)
        raise ValueError(
            f"step: steps of {step} from {low} do not end at {high}; "
            f"set high to {last.normalize():f} or {(last + _exact(step)).normalize():f}"
        )


def _fits_step(low: float, value: float, step: float) -> bool:
    # In decimal, as people write them: 0.3 is three steps of 0.1. A computed value may be off by its rounding.
    n = float((_exact(value) - _exact(low)) / _exact(step))
    return abs(n - round(n)) < 1e-8


def _exact(number: float) -> Decimal:
    return Decimal(str(number))


def _range_in_words(low: float, high: float, log: bool, step: float | None) -> str:
    words = f"{low} to {high}"
    if log:
        words += " (log)"
    return words if step is None else f"{words} in steps of {step}"
