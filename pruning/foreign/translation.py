"""Reading another tool's settings as a policy, and naming what could not be carried over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pruning.rules.settings import PolicyError, Problem

CONTROL = (
    "One in 20 suggested trials belongs to the control arm, which no rule may stop; no other tool has one. "
    "Write `safeguards: {control_every: 0}` to do without, and without knowing whether the stops were right."
)


@dataclass(frozen=True, kw_only=True)
class Translation:
    """Another tool's settings as a policy."""

    policy: Mapping[str, object]
    """What `Policy.from_mapping` reads."""
    notes: tuple[str, ...]
    """What was left behind, or means something else here, a sentence or two each."""


Reader = Callable[[object, str], Translation]
"""(settings, path) -> translation; PolicyError names every problem by path, with the remedy."""


def policy(strategy: Mapping[str, object] | None, *, looks: object = None, **more: object) -> dict[str, object]:
    """Return a policy's sections; left out what is None."""
    sections = {"looks": looks, "strategy": strategy, **more}
    return {name: value for name, value in sections.items() if value is not None}


def rungs(first: int, factor: float, *, below: int) -> list[int]:
    """Return first, first · factor, first · factor², ... below a step, whole steps only.

    >>> rungs(1, 4, below=100)
    [1, 4, 16, 64]
    """
    steps: list[int] = []
    at = float(first)
    while at < below:
        if not steps or int(at) > steps[-1]:
            steps.append(int(at))
        at *= factor
    return steps


def refuse(path: str, message: str) -> PolicyError:
    """Return the refusal of one field."""
    return PolicyError([Problem(path=path, message=message)])


def mapping(data: object, path: str, example: str) -> Mapping[str, object]:
    """Return plain settings; PolicyError for anything else."""
    if not isinstance(data, Mapping) or not all(isinstance(name, str) for name in data):
        raise refuse(path, f"{data!r} is not a mapping of settings, such as {example}")
    return data


def named(data: object, path: str, *, keys: Sequence[str], example: str) -> tuple[str, dict[str, object]]:
    """Return a class's name and its arguments from the forms in which files write them.

    `{<key>: Name, settings: {...}}`, `{_target_: package.Name, argument: ...}` as Hydra has it, or the name alone.
    """
    if isinstance(data, str):
        return data.rpartition(".")[2], {}
    found = mapping(data, path, example)
    key = next((key for key in (*keys, "_target_") if key in found), None)
    if key is None or not isinstance(found[key], str):
        raise refuse(path, f"names no class: write {example}")
    inner = [name for name in ("settings", "kwargs") if name in found]
    beside = {name: value for name, value in found.items() if name != key and name not in inner}
    for name in inner:
        beside |= mapping(found[name], f"{path}.{name}", example)
    return str(found[key]).rpartition(".")[2], beside
