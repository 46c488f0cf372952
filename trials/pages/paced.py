"""What a page gathers of a whole study, kept until the study moves on and its cost may be borne again.

Gathering a hundred thousand trials takes seconds of the processor, and a study that runs changes every second. So a
gathered value that was dear stays the answer for a while, under the version it was gathered at: a page that shows it
names that version, and is asked again. What was cheap is gathered anew at every change.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakSet

SHARE = 0.05
"""Of the time, so much may go into gathering one thing over and over."""
CHEAP_S = 0.2
"""Processor seconds below which nothing is held back."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass
class _Entry(Generic[V]):
    version: str = ""
    value: V | None = None
    until: float = 0.0
    """On the monotonic clock: from then on it is gathered anew when the version has moved."""
    making: threading.Lock = field(default_factory=threading.Lock)


class Paced(Generic[K, V]):
    """Values by key, the most recently asked for; one thread at a time gathers one of them."""

    def __init__(self, most: int = 16) -> None:
        self._most = most
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self._guard = threading.Lock()
        _all.add(self)

    def version(self, key: K, version: str) -> str:
        """Return the version of what `get` would answer with now."""
        entry = self._entry(key)
        return entry.version if entry.value is not None and time.monotonic() < entry.until else version

    def get(self, key: K, version: str, make: Callable[[], V], *, exact: bool = False) -> V:
        """Return the value of this version, or the one before while that may not be replaced yet.

        exact: of this version whatever it costs.
        """
        entry = self._entry(key)
        with entry.making:
            held_back = not exact and time.monotonic() < entry.until
            if entry.value is not None and (entry.version == version or held_back):
                return entry.value
            began = time.thread_time()
            value = make()
            took = time.thread_time() - began
            entry.version, entry.value = version, value
            entry.until = time.monotonic() + took / SHARE if took > CHEAP_S else 0.0
            return value

    def forget(self) -> None:
        """Forget every value."""
        with self._guard:
            self._entries.clear()

    def _entry(self, key: K) -> _Entry[V]:
        with self._guard:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
            return entry


_all: WeakSet[Paced[Any, Any]] = WeakSet()


def forget() -> None:
    """Forget everything that is kept anywhere; for tests that write the same rows again."""
    for paced in list(_all):
        paced.forget()
