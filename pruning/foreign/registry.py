"""Strategies of other libraries by name. Each is imported when a policy names it, so that the rest stays pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from pruning.rules import STRATEGIES
from pruning.rules.base import Rule


@cache
def _optuna() -> type[Rule]:
    from pruning.foreign.optuna_pruners import OptunaPruner

    return OptunaPruner


LOADERS: Mapping[str, Callable[[], type[Rule]]] = {"optuna": _optuna}
"""Name of a rule around another library's pruner -> what imports it."""


class _Strategies(Mapping[str, type[Rule]]):
    """Our strategies and the foreign ones under one roof; a foreign one is loaded when it is asked for."""

    def __getitem__(self, name: str) -> type[Rule]:
        return STRATEGIES[name] if name in STRATEGIES else LOADERS[name]()

    def __iter__(self) -> Iterator[str]:
        yield from STRATEGIES
        yield from LOADERS

    def __len__(self) -> int:
        return len(STRATEGIES) + len(LOADERS)

    def __contains__(self, name: object) -> bool:
        return name in STRATEGIES or name in LOADERS


EVERY_STRATEGY: Mapping[str, type[Rule]] = _Strategies()
"""Whatever a policy may name under `strategy`."""
