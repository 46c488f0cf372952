"""What some rules and safeguards need to know beside curves and ranks; gathered only where a policy asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pruning.rules.base import Curve

Place = tuple[float | str | None, ...]
"""A configuration in the unit cube: a number from 0 to 1, a category as text, None where a parameter is absent."""


class Places(Protocol):
    """Where configurations stand in the parameter space."""

    def of(self, trials: Sequence[int]) -> Mapping[int, Place]:
        """Return the places of these configurations, by number; one that is not known is left out."""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a policy asks to be told of beside the curves: most ask for nothing, and then nothing is read."""

    label: str = ""
    """The label of the objective's series that are instances: `fold`, `seed`, `domain`; empty for none."""
    rival: bool = False
    resources: bool = False
    places: bool = False
    hours: bool = False

    def __or__(self, other: Needs) -> Needs:
        """Return what either asks for; of two labels the first."""
        return Needs(
            label=self.label or other.label,
            rival=self.rival or other.rival,
            resources=self.resources or other.resources,
            places=self.places or other.places,
            hours=self.hours or other.hours,
        )

    def __bool__(self) -> bool:
        return self != Needs()


NOTHING = Needs()


@dataclass(frozen=True, kw_only=True)
class Rival:
    """The best configuration that has completed, with its own instances."""

    trial: int
    instances: Mapping[str, Curve]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a trial used; None = not measured."""

    seconds_per_step: float | None = None
    memory_bytes: int | None = None
    """The most it held: of the device's memory on a GPU, else of the host's."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a trial had used at each of its looks, and what finished trials used on the same kind of device."""

    device: str
    """The kind of device: `cpu`, `cuda`, ..."""
    looks: tuple[Usage, ...]
    """As measured at each look so far, the present one last."""
    finished_seconds: Sequence[float] = ()
    """Seconds per step of the trials that completed on this kind of device, ascending."""
    finished_memory: Sequence[int] = ()
    """Their peak memory in bytes, ascending."""

    def before(self) -> Resources | None:
        """Return what was known at the look before; None at the first."""
        return replace(self, looks=self.looks[:-1]) if len(self.looks) > 1 else None

    def measured(self) -> dict[str, Any]:
        """Return what was measured, as evidence: it cannot be measured again."""
        looks = [[usage.seconds_per_step, usage.memory_bytes] for usage in self.looks]
        return {"device": self.device, "looks": looks}


def usages(measured: Mapping[str, Any]) -> tuple[Usage, ...]:
    """Return what `Resources.measured` put into evidence."""
    return tuple(Usage(seconds_per_step=seconds, memory_bytes=memory) for seconds, memory in measured["looks"])
