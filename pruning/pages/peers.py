"""The trials that had reached a step by a moment, in the order of their ranks; a hundred thousand are two arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from pruning.rules.base import WORST


class Peer(NamedTuple):
    """A trial that had reached the step by then, with the value it was ranked by; None: it had told no number."""

    number: int
    value: float | None


class Peers(Sequence[Peer]):
    """Peers best first; of equal ones the earlier trial, and whatever is not finite last."""

    def __init__(
        self, numbers: NDArray[np.int64], values: NDArray[np.float64], *, maximize: bool, told: bool = False
    ) -> None:
        """Take in trial numbers, each once, and the values they are ranked by; told: NaN is what a trial told."""
        keys = np.where(np.isfinite(values), -values if maximize else values, WORST)
        order = np.lexsort((numbers, keys))
        self.numbers: NDArray[np.int64] = numbers[order]
        """In the order of their ranks."""
        self._values: NDArray[np.float64] = values[order]
        self._told = told

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> Peer: ...
    @overload
    def __getitem__(self, place: slice) -> list[Peer]: ...
    def __getitem__(self, place: int | slice) -> Peer | list[Peer]:
        if isinstance(place, slice):
            return list(map(self._peer, self.numbers[place].tolist(), self._values[place].tolist()))
        return self._peer(int(self.numbers[place]), float(self._values[place]))

    def _peer(self, number: int, value: float) -> Peer:
        return Peer(number, None if math.isnan(value) and not self._told else value)

    def spread(self, most: int, *, of: int | None = None, keep: Iterable[int] = ()) -> list[int]:
        """Return at most so many places, evenly over all ranks or the best ``of``, and those to keep; best first."""
        among = len(self) if of is None else min(of, len(self))
        even = np.linspace(0, among - 1, min(most, among)).round().astype(np.int64)
        return sorted({*even.tolist(), *(place for place in keep if 0 <= place < len(self))})

    def place_of(self, number: int | None) -> int | None:
        """Return where a trial stands; None if it is not among them."""
        if number is None:
            return None
        found = np.flatnonzero(self.numbers == number)
        return int(found[0]) if found.size else None
