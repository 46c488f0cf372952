"""Parameters in words, and where a value lies in its range."""

from __future__ import annotations

import math
from collections.abc import Mapping

from trials.pages import words
from trials.space import Categorical, Float, Int, Parameter, Space


def text(space: Space, name: str, value: object) -> str:
    """Return a parameter's value in the notation of its range."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    parameter = space[name] if name in space else None  # noqa: SIM401 - a space is no mapping
    if isinstance(parameter, Float) and parameter.log:
        return words.scientific(float(value))
    return words.plain(float(value))


def place(parameter: Parameter, value: object) -> float | None:
    """Return where a value lies in its range, from 0 to 1; None where that has no meaning.

    >>> place(Float(name="lr", low=1e-5, high=1e-3, log=True), 1e-4)
    0.5
    """
    if isinstance(parameter, Categorical):
        return _place_among(parameter, value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    low, high, here = float(parameter.low), float(parameter.high), float(value)
    if parameter.log:
        if here <= 0:
            return None
        low, high, here = math.log(low), math.log(high), math.log(here)
    if high == low:
        return 0.5
    return round(min(1.0, max(0.0, (here - low) / (high - low))), 6)


def bounds(parameter: Parameter) -> tuple[str, str]:
    """Return the ends of a range in words; the first and last choice of a categorical one."""
    if isinstance(parameter, Categorical):
        return str(parameter.choices[0]), str(parameter.choices[-1])
    return _bound(parameter.low), _bound(parameter.high)


def prior(parameter: Parameter) -> str:
    """Return how values are spread over the range: `log, real`, `whole in steps of 8`, `one of 3`."""
    if isinstance(parameter, Categorical):
        return f"one of {len(parameter.choices)}: {', '.join(map(str, parameter.choices))}"
    kind = "whole" if isinstance(parameter, Int) else "real"
    spread = "logarithmic" if parameter.log else "uniform"
    step = f", in steps of {parameter.step:g}" if parameter.step not in {None, 1} and parameter.step else ""
    return f"{kind}, {spread}{step}"


def ratio(value: object, base: object) -> float | None:
    """Return how many times the base a value is; None unless both are numbers above zero."""
    if not _positive(value) or not _positive(base):
        return None
    return float(value) / float(base)  # type: ignore[arg-type]  # both are positive numbers


def factor_words(value: object, base: object) -> tuple[str, bool]:
    """Return a factor against the base as `× 15` or `÷ 4.6`, and whether it is large (from 100 up)."""
    found = ratio(value, base)
    if found is None or found == 1:
        return "", False
    sign, size = ("×", found) if found > 1 else ("÷", 1 / found)
    digits = f"{size:.2g}" if size < 100 else f"{float(f'{size:.2g}'):,.0f}"
    return f"{sign} {digits}", size >= 100


def differing(configurations: list[Mapping[str, object]], name: str) -> bool:
    """Say whether the configurations disagree about a parameter."""
    first = configurations[0].get(name)
    return any(other.get(name) != first for other in configurations[1:])


def _place_among(parameter: Categorical, value: object) -> float | None:
    for index, choice in enumerate(parameter.choices):
        if choice == value:
            return index / max(1, len(parameter.choices) - 1)
    return None


def _bound(value: float) -> str:
    if value != 0 and (abs(value) < 1e-2 or abs(value) >= 1e6):
        return words.signed(f"{value:.4g}".replace("e-0", "e-").replace("e+0", "e+"))
    return words.plain(float(value))


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
