"""Schedulers of Ray Tune as policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pruning.foreign.translation import CONTROL, Translation, named, policy, refuse, rungs
from pruning.rules.base import SettingError
from pruning.rules.settings import read as read_settings
from pruning.rules.settings import unknown

EXAMPLE = "{scheduler: ASHAScheduler, settings: {max_t: 100}}"
ITERATION = "training_iteration"


@dataclass(frozen=True, kw_only=True)
class _Common:
    """What every scheduler is given."""

    time_attr: str = ITERATION
    metric: str | None = None
    mode: str | None = None

    def __post_init__(self) -> None:
        if self.mode not in (None, "min", "max"):
            raise SettingError("mode", self.mode, "is not min or max")
        for name, least in (("max_t", 1), ("grace_period", 0), ("brackets", 1), ("min_samples_required", 0)):
            value = getattr(self, name, least)
            if value < least:
                raise SettingError(name, value, f"is below {least}")
        if not 1 < getattr(self, "reduction_factor", 2) <= 1000:
            raise SettingError("reduction_factor", getattr(self, "reduction_factor", None), "is not above 1: 3 or 4")

    @property
    def counts_reports(self) -> bool:
        """Say whether its time is counted in reports, which steps can stand for."""
        return self.time_attr == ITERATION

    def notes(self) -> list[str]:
        """Return what is said of every scheduler."""
        found = []
        if self.counts_reports:
            found.append("training_iteration counts reports, looks are steps: set them to where the objective is told.")
        else:
            found.append(f"time_attr {self.time_attr!r}: looks are steps, not times; the times are left out.")
        if self.metric or self.mode:
            found.append(f"metric {self.metric!r}, mode {self.mode!r}: write them as the plan's objective.")
        return found


@dataclass(frozen=True, kw_only=True)
class Asha(_Common):
    """`ASHAScheduler`, also known as `AsyncHyperBandScheduler`."""

    max_t: int = 100
    grace_period: int = 1
    reduction_factor: float = 4.0
    brackets: int = 1
    stop_last_trials: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.grace_period <= self.max_t:
            raise SettingError("grace_period", self.grace_period, f"is not between 1 and max_t ({self.max_t})")


@dataclass(frozen=True, kw_only=True)
class HyperBand(_Common):
    """`HyperBandScheduler`."""

    max_t: int = 81
    reduction_factor: float = 3.0
    stop_last_trials: bool = True


@dataclass(frozen=True, kw_only=True)
class MedianStopping(_Common):
    """`MedianStoppingRule`."""

    time_attr: str = "time_total_s"
    grace_period: float = 60.0
    min_samples_required: int = 3
    min_time_slice: float = 0.0
    hard_stop: bool = True


def read(data: object, path: str) -> Translation:
    """Read a scheduler by its class, or by the short name that Ray gives it."""
    name, settings = named(data, path, keys=("scheduler", "type", "name"), example=EXAMPLE)
    name = SHORT.get(name.lower(), name)
    if name in CANNOT:
        raise refuse(path, f"{name} cannot be carried over: {CANNOT[name]}")
    if name not in READERS:
        raise refuse(path, unknown(name, [*READERS, *CANNOT], "scheduler of Ray Tune"))
    return READERS[name](settings, path)


def _asha(settings: Mapping[str, object], path: str) -> Translation:
    found = read_settings(Asha, settings, path)
    looks = rungs(found.grace_period, found.reduction_factor, below=found.max_t) if found.counts_reports else None
    strategy: dict[str, Any] = {"rule": "asha", "eta": found.reduction_factor, "by": "value", "action": "stop"}
    notes = found.notes()
    if found.brackets > 1:
        strategy |= {"rule": "hyperband", "brackets": found.brackets}
        notes.append("Ray draws a trial's bracket at random; here it follows from its number, and the shares differ.")
    notes += [
        (
            "Ray's cut is a percentile between two values of the arrivals at a rung; here the best 1/eta of the "
            "first look's whole population go on, 1/eta² at the second, and the cut is an observed value."
        ),
        _max_t(found.max_t),
    ]
    if not found.stop_last_trials:
        notes.append("stop_last_trials false: not carried over; max_t ends no trial here anyway.")
    return _translation(strategy, looks or None, notes)


def _hyperband(settings: Mapping[str, object], path: str) -> Translation:
    found = read_settings(HyperBand, settings, path)
    eta, looks = found.reduction_factor, []
    step = found.max_t / eta
    while found.counts_reports and step >= 1:
        looks.append(int(step))
        step /= eta
    notes = [
        *found.notes(),
        (
            "Ray's HyperBand waits for a bracket to fill before it halves it and pauses trials meanwhile; `hyperband` "
            "judges each trial as it arrives, in brackets that all run at once."
        ),
        _max_t(found.max_t),
    ]
    strategy = {"rule": "hyperband", "eta": eta, "by": "value", "action": "stop"}
    return _translation(strategy, sorted(set(looks)) or None, notes)


def _median(settings: Mapping[str, object], path: str) -> Translation:
    found = read_settings(MedianStopping, settings, path)
    notes = [
        *found.notes(),
        (
            "Ray sets a trial's best value against the median of its peers' running means, at every report; "
            "`percentile` compares best values with best values, at looks spaced by the factor 2."
        ),
    ]
    if found.min_time_slice:
        notes.append(f"min_time_slice {found.min_time_slice:g}: not carried over; trials do not yield to others here.")
    if not found.hard_stop:
        notes.append("hard_stop false: not carried over; `percentile` stops, it does not pause.")
    grace = int(found.grace_period) if found.counts_reports else 0
    strategy = {"rule": "percentile", "keep": 50.0, "by": "best", "peers": "reached"}
    return _translation(strategy, None, notes, min_peers=found.min_samples_required, grace=grace)


def _fifo(settings: Mapping[str, object], path: str) -> Translation:
    read_settings(_Common, settings, path)
    return Translation(policy=policy(None, gates=[]), notes=("FIFOScheduler stops nothing, and so does this policy.",))


def _translation(
    strategy: Mapping[str, object], looks: object, notes: list[str], *, min_peers: int = 0, grace: int = 0
) -> Translation:
    made = policy(strategy, looks=looks, safeguards={"min_peers": min_peers, "grace": grace})
    return Translation(policy=made, notes=(*notes, CONTROL))


def _max_t(max_t: int) -> str:
    return f"max_t {max_t}: the length of a trial is the plan's (or its trainable's) horizon; set it there."


READERS: Mapping[str, Callable[[Mapping[str, object], str], Translation]] = {
    "ASHAScheduler": _asha,
    "AsyncHyperBandScheduler": _asha,
    "FIFOScheduler": _fifo,
    "HyperBandScheduler": _hyperband,
    "MedianStoppingRule": _median,
}
CANNOT: Mapping[str, str] = {
    "HyperBandForBOHB": "it is tied to BOHB's search; take HyperBandScheduler's settings, and `sampler: tpe`",
    "PB2": "it changes a trial's configuration while it trains; here a trial keeps the one it has",
    "PopulationBasedTraining": "it changes a trial's configuration while it trains; here a trial keeps the one it has",
    "PopulationBasedTrainingReplay": "it replays changes of a configuration; here a trial keeps the one it has",
    "ResourceChangingScheduler": "it moves resources between trials; here a slot is a slot. Take its base scheduler",
}
SHORT: Mapping[str, str] = {
    "async_hyperband": "ASHAScheduler",
    "asynchyperband": "ASHAScheduler",
    "asha": "ASHAScheduler",
    "fifo": "FIFOScheduler",
    "hb_bohb": "HyperBandForBOHB",
    "hyperband": "HyperBandScheduler",
    "median_stopping_rule": "MedianStoppingRule",
    "medianstopping": "MedianStoppingRule",
    "pb2": "PB2",
    "pbt": "PopulationBasedTraining",
    "pbt_replay": "PopulationBasedTrainingReplay",
    "resource_changing": "ResourceChangingScheduler",
}
"""The names that `ray.tune.create_scheduler` takes."""
