"""Regions of a parameter in words, and as queries over trials."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pruning.halted.regions import ALPHA, Region, Unfair
from trials.pages import ranges, words
from trials.query import named, quoted
from trials.space import Categorical, Parameter, Space


def value_at(parameter: Parameter, place: float) -> float:
    """Return the value at a place from 0 to 1 of a range, by the logarithm where it is logarithmic.

    Of a range that goes in steps, as whole numbers do: the first of its values at the place or above.
    """
    if isinstance(parameter, Categorical):
        raise TypeError(f"{parameter.name} is a choice, not a range")
    low, high = float(parameter.low), float(parameter.high)
    value = low + place * (high - low)
    if parameter.log:
        value = math.exp(math.log(low) + place * (math.log(high) - math.log(low)))
    if not parameter.step:
        return value
    return float(f"{low + parameter.step * math.ceil((value - low) / parameter.step - 1e-6):.12g}")


def last_below(parameter: Parameter, place: float) -> float:
    """Return the last value below a place of a range that goes in steps; at its end, the last one."""
    if isinstance(parameter, Categorical) or not parameter.step:
        raise TypeError(f"{parameter.name} does not go in steps")
    if place < 1:
        return float(f"{value_at(parameter, place) - parameter.step:.12g}")
    n = math.floor((parameter.high - parameter.low) / parameter.step + 1e-6)
    return float(f"{parameter.low + parameter.step * n:.12g}")


def edge_words(parameter: Parameter, place: float) -> str:
    """Return the value at a place in few digits, as an axis writes it."""
    if goes_in_steps(parameter):
        return words.plain(value_at(parameter, place))
    value = value_at(parameter, place)
    if not isinstance(parameter, Categorical) and parameter.log:
        return words.scientific(value)
    return words.plain(float(f"{value:.3g}"))


def where(space: Space, region: Region) -> str:
    """Return a region in words: `lr below 1.00e−4`, `lr from 1.00e−4 to 1.00e−3`, `optimizer sgd`, `layers 2`."""
    parameter = space[region.name]
    if region.choice:
        return f"{region.name} {region.choice}"
    low, high = edge_words(parameter, region.low), edge_words(parameter, region.high)
    if region.low <= 0:
        return f"{region.name} below {high}"
    if not goes_in_steps(parameter):
        return f"{region.name} above {low}" if region.high >= 1 else f"{region.name} from {low} to {high}"
    if region.high >= 1:
        return f"{region.name} above {words.plain(last_below(parameter, region.low))}"
    last = words.plain(last_below(parameter, region.high))
    return f"{region.name} {low}" if last == low else f"{region.name} from {low} to {last}"


def query_of(space: Space, region: Region) -> str:
    """Return the query that finds a region's trials."""
    if region.choice:
        return f"{named(region.name)} = {quoted(region.choice)}"
    parameter = space[region.name]
    if goes_in_steps(parameter) and region.low > 0 and region.high < 1:
        first = value_at(parameter, region.low)
        if first == last_below(parameter, region.high):
            return f"{named(region.name)} = {first:.6g}"
    return " and ".join(filter(None, bounds_of(space, region)))


def bounds_of(space: Space, region: Region) -> tuple[str, str]:
    """Return the lower and the upper bound of a stretch as queries; empty where the range itself ends."""
    parameter, name = space[region.name], named(region.name)
    low = f"{name} >= {value_at(parameter, region.low):.6g}" if region.low > 0 else ""
    return low, f"{name} < {value_at(parameter, region.high):.6g}" if region.high < 1 else ""


def bin_words(space: Space, name: str, low: float, high: float) -> str:
    """Return a bin of a range in words: `1.00e−5 to 1.58e−5`, of whole numbers the first and the last, `4 to 6`."""
    parameter = space[name]
    end = last_below(parameter, high) if goes_in_steps(parameter) else value_at(parameter, high)
    first, last = ranges.text(space, name, value_at(parameter, low)), ranges.text(space, name, end)
    return first if first == last else f"{first} to {last}"


def goes_in_steps(parameter: Parameter) -> bool:
    """Say whether a range holds whole numbers, or values a step apart."""
    return not isinstance(parameter, Categorical) and bool(parameter.step)


def ranks(share: float) -> str:
    """Return a share of all ranks in words.

    >>> ranks(0.118), ranks(0.01)
    ('12 ranks of a hundred', '1 rank of a hundred')
    """
    return f"{words.counted(round(100 * share), 'rank')} of a hundred"


def gained(one: Unfair, looks: Sequence[int]) -> str:
    """Say by how much the trials of a region that no rule chose ended better than they promised; the lower limit is
    rounded down so that the claim holds.
    """
    told = f"{one.told:,} control trials"
    if one.look == len(looks) - 1:
        told = f"{one.told:,} trials that went on past the last look"
    return (
        f"But its {told} ended {ranks(one.gain)} better than trials elsewhere of similar rank at step "
        f"{looks[one.look]:,}: at least {math.floor(100 * one.least + 1e-9)} better, with {words.percent(1 - ALPHA)} "
        "confidence."
    )
