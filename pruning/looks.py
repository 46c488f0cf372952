"""Decision points: the steps at which trials are judged against their peers, fixed in a study's revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pruning.rules.base import SettingError
from pruning.rules.settings import PolicyError, Problem, read

MOST = 64


@dataclass(frozen=True, kw_only=True)
class Geometric:
    """Looks at `first`, `first * factor`, `first * factor²`, ... below the planned length."""

    first: int | None = None
    """The first look, in steps; left out: a sixteenth of the planned length."""
    factor: float = 2.0

    def __post_init__(self) -> None:
        if self.first is not None and self.first < 1:
            raise SettingError("first", self.first, "is below 1: give a step")
        if not 1 < self.factor <= 1000:
            raise SettingError("factor", self.factor, "is not above 1 (and at most 1000): 2 to 4 is usual")

    def steps(self, horizon: int) -> list[int]:
        """Return the steps below the horizon, by integer arithmetic: no power of a float is ever rounded."""
        at, factor = Fraction(self.first or max(1, horizon // 16)), Fraction(str(self.factor))
        steps: list[int] = []
        while at < horizon and len(steps) <= MOST:
            if not steps or int(at) > steps[-1]:
                steps.append(int(at))
            at *= factor
        return steps


Looks = tuple[int, ...] | Geometric


def read_looks(data: object, path: str) -> Looks:
    """Make looks from a list of steps or a mapping with `first` and `factor`."""
    if isinstance(data, Mapping):
        return read(Geometric, data, path)
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise PolicyError([Problem(path=path, message=f"{data!r} is neither a list of steps nor first and factor")])
    problems = [
        Problem(path=f"{path}[{index}]", message=f"{step!r} is not a whole number of at least 1")
        for index, step in enumerate(data)
        if isinstance(step, bool) or not isinstance(step, int) or step < 1
    ]
    if problems:
        raise PolicyError(problems)
    for index in range(1, len(data)):
        if data[index] <= data[index - 1]:
            message = f"{data[index]} does not come after {data[index - 1]}: list the looks in ascending order"
            raise PolicyError([Problem(path=f"{path}[{index}]", message=message)])
    if len(data) > MOST:
        raise PolicyError([Problem(path=path, message=f"{len(data)} looks: at most {MOST} fit, space them out")])
    return tuple(data)


def grid(looks: Looks, *, horizon: int, report_steps: Sequence[int], path: str) -> tuple[int, ...]:
    """Return the decision points of trials of this length.

    report_steps: where the objective is reported, if known: listed looks must be among them, spaced ones move to
    the next of them. Raises PolicyError for looks at or beyond the end, or between reports.
    """
    if isinstance(looks, Geometric):
        return _spaced(looks, horizon, report_steps, path)
    problems = [
        Problem(path=f"{path}[{index}]", message=message)
        for index, step in enumerate(looks)
        if (message := _unfit(step, horizon, report_steps))
    ]
    if problems:
        raise PolicyError(problems)
    return looks


def _unfit(step: int, horizon: int, report_steps: Sequence[int]) -> str:
    if step >= horizon:
        return f"{step} is not below the planned length {horizon}: nothing is left to save there"
    if report_steps and step not in report_steps:
        nearest = min(report_steps, key=lambda reported: abs(reported - step))
        return f"nothing is reported at step {step}: use {nearest}, the nearest report"
    return ""


def _spaced(looks: Geometric, horizon: int, report_steps: Sequence[int], path: str) -> tuple[int, ...]:
    steps = looks.steps(horizon)
    if report_steps:
        steps = [min((reported for reported in report_steps if reported >= step), default=horizon) for step in steps]
    kept = tuple(sorted({step for step in steps if step < horizon}))
    if len(kept) > MOST:
        message = f"{looks.factor!r} gives more than {MOST} looks below step {horizon}: use a larger factor"
        raise PolicyError([Problem(path=f"{path}.factor", message=message)])
    return kept
