"""The trials that had reached a step by a moment, in the order of their ranks; a hundred thousand are two arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from pruning.rules.base import WORST


class Peer(NamedTuple):
    """A trial that had reached the step by then, with the value it was ranked by."""

    number: int
    value: float | None


class Peers(Sequence[Peer]):
    """Peers best first; of equal ones the earlier trial, and whatever is not finite last."""

    def __init__(self, told: Iterable[tuple[int, float | None]], *, maximize: bool) -> None:
        """Take in (trial number, value) in the order told: a trial's newest value counts."""
        newest = dict(told)
        numbers = np.fromiter(newest, dtype=np.int64, count=len(newest))
        values = np.array(list(newest.values()), dtype=np.float64)  # None becomes NaN
        keys = np.where(np.isfinite(values), -values if maximize else values, WORST)
        order = np.lexsort((numbers, keys))
        self._numbers: NDArray[np.int64] = numbers[order]
        self._values: NDArray[np.object_] = np.array(list(newest.values()), dtype=object)[order]

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> Peer: ...
    @overload
    def __getitem__(self, place: slice) -> list[Peer]: ...
    def __getitem__(self, place: int | slice) -> Peer | list[Peer]:
        if isinstance(place, slice):
            return list(map(Peer, self._numbers[place].tolist(), self._values[place].tolist()))
        return Peer(int(self._numbers[place]), self._values[place])

    def spread(self, most: int, *, of: int | None = None, keep: Iterable[int] = ()) -> list[int]:
        """Return at most so many places, evenly over all ranks or the best ``of``, and those to keep; best first."""
        among = len(self) if of is None else min(of, len(self))
        even = np.linspace(0, among - 1, min(most, among)).round().astype(np.int64)
        return sorted({*even.tolist(), *(place for place in keep if 0 <= place < len(self))})

    def place_of(self, number: int | None) -> int | None:
        """Return where a trial stands; None if it is not among them."""
        if number is None:
            return None
        found = np.flatnonzero(self._numbers == number)
        return int(found[0]) if found.size else None
