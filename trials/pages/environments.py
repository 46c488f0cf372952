"""Where attempts ran, flattened for a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from trials.pages.words import NOT_TOLD

MOST_ROWS = 60
MOST_CHARACTERS = 200


def differences(environments: Sequence[Mapping[str, object] | None]) -> list[tuple[str, list[str]]]:
    """Return (fact, value of each) for the facts that differ; one that was not recorded differs from nothing.

    >>> differences([{"python": "3.11", "host": "a"}, {"python": "3.11", "host": "b"}])
    [('host', ['a', 'b'])]
    """
    flat = [None if one is None else dict(_flatten(one)) for one in environments]
    recorded = [one for one in flat if one is not None]
    names = sorted({name for one in recorded for name in one})
    differing = [name for name in names if len({one.get(name) for one in recorded}) > 1]
    return [
        (name, [NOT_TOLD if one is None else one.get(name, NOT_TOLD) for one in flat]) for name in differing[:MOST_ROWS]
    ]


def _flatten(facts: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)[:MOST_CHARACTERS]
