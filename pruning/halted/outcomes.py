"""What became of a study's trials, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Places:
    """Where trials stand on one parameter.

    at: float64[n], from 0 to 1 over its range (by the logarithm where it is logarithmic), or the index of a choice;
    NaN where it does not vary in a configuration. choices: of a categorical parameter, else empty. grid: where its
    values stand, ascending, if they are whole numbers or go in steps; empty if they are too many to be told apart.
    """

    name: str
    at: Floats
    choices: Sequence[str] = ()
    grid: Sequence[float] = ()


@dataclass(frozen=True)
class Outcomes:
    """Trials of one study, one place in every column.

    at_looks: float64[n, looks + 1], the objective at every look and at the end of those that trained to it; the smaller
    the better; NaN where it is not known or not finite. step: how far each got.
    """

    looks: Sequence[int]
    number: NDArray[np.int64]
    kind: Sequence[str]
    """finished, control (finished, and a rule had spoken against it), speed, risk, generalisation (stopped by a rule),
    or how else a trial stands."""
    reason: Sequence[str]
    step: NDArray[np.int64]
    at_looks: Floats
    control: Mask
    """Members of the control arm, whether or not a rule spoke against them."""
    places: Mapping[str, Places]

    def __len__(self) -> int:
        return len(self.number)

    @cached_property
    def kinds(self) -> NDArray[np.str_]:
        """Return `kind` as an array."""
        return np.array(self.kind, dtype=np.str_)

    @cached_property
    def stopped(self) -> Mask:
        """Return which a rule has stopped."""
        return np.isin(self.kinds, sorted(STOPPED))

    @cached_property
    def finished(self) -> Mask:
        """Return which trained to their end, the spared ones among them."""
        return np.isin(self.kinds, sorted(FINISHED))

    @cached_property
    def spared(self) -> Mask:
        """Return which finished although a rule had spoken against them."""
        return np.asarray(self.kinds == "control")


STOPPED = frozenset({"speed", "risk", "generalisation"})
FINISHED = frozenset({"finished", "control"})
