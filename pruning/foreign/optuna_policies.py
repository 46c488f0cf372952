"""Pruners of Optuna as policies of our own rules, where one means the same; else through the adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pruning.foreign.translation import CONTROL, Translation, named, policy, refuse, rungs
from pruning.rules.base import SettingError
from pruning.rules.settings import read as read_settings
from pruning.rules.settings import unknown

EXAMPLE = "{pruner: MedianPruner, settings: {n_startup_trials: 5}}"


@dataclass(frozen=True, kw_only=True)
class _Spaced:
    """What pruners that judge at every report are given; a negative number is refused."""

    n_warmup_steps: int = 0
    interval_steps: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, int) and value < 0:
                raise SettingError(name, value, "is negative: give a whole number from 0")

    @property
    def looks(self) -> dict[str, object]:
        """Return looks from the warm-up on."""
        return {"first": max(1, self.n_warmup_steps), "factor": 2.0} if self.n_warmup_steps else {"factor": 2.0}

    def note(self) -> str:
        """Say how often Optuna would judge."""
        often = "every report" if self.interval_steps == 1 else f"every {self.interval_steps} steps"
        return f"Optuna judges at {often}; here at looks spaced by the factor 2 (write `looks: [...]` for others)."


@dataclass(frozen=True, kw_only=True)
class Median(_Spaced):
    """`MedianPruner`."""

    n_startup_trials: int = 5
    n_min_trials: int = 1


@dataclass(frozen=True, kw_only=True)
class Percentile(Median):
    """`PercentilePruner`."""

    percentile: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.percentile < 100:
            raise SettingError("percentile", self.percentile, "is not between 0 and 100: 50 is the median rule")


@dataclass(frozen=True, kw_only=True)
class Threshold(_Spaced):
    """`ThresholdPruner`."""

    lower: float | None = None
    upper: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lower is None and self.upper is None:
            raise SettingError("upper", None, "is not given, and lower is not either: give one of them")


@dataclass(frozen=True, kw_only=True)
class Halving:
    """`SuccessiveHalvingPruner`; None stands for "auto"."""

    min_resource: int | None = None
    reduction_factor: int = 4
    min_early_stopping_rate: int = 0
    bootstrap_count: int = 0


@dataclass(frozen=True, kw_only=True)
class Hyperband:
    """`HyperbandPruner`; None stands for "auto"."""

    min_resource: int = 1
    max_resource: int | None = None
    reduction_factor: int = 3
    bootstrap_count: int = 0


def read(data: object, path: str) -> Translation:
    """Read a pruner by its class."""
    name, settings = named(data, path, keys=("pruner", "class", "name"), example=EXAMPLE)
    if name not in READERS:
        raise refuse(path, unknown(name, READERS, "pruner of Optuna"))
    return READERS[name](settings, path)


def _median(settings: Mapping[str, object], path: str) -> Translation:
    return _percentile_of(read_settings(Median, settings, path), keep=50.0)


def _percentile(settings: Mapping[str, object], path: str) -> Translation:
    if "percentile" not in settings:
        raise refuse(f"{path}.percentile", "missing; Optuna's PercentilePruner cannot be without it")
    found = read_settings(Percentile, settings, path)
    return _percentile_of(found, keep=found.percentile)


def _percentile_of(found: Median, *, keep: float) -> Translation:
    strategy = {"rule": "percentile", "keep": keep, "by": "best", "peers": "finished"}
    notes = [
        found.note(),
        (
            "Optuna sets a trial's best value against its peers' raw values, and its cut may lie between two of them; "
            "`percentile` compares best with best, and the cut is an observed value."
        ),
        f"n_startup_trials {found.n_startup_trials} became min_peers: trials at the look, not complete ones.",
    ]
    if found.n_min_trials > 1:
        notes.append(f"n_min_trials {found.n_min_trials}: not carried over beside min_peers.")
    safeguards = {"min_peers": found.n_startup_trials, "grace": max(0, found.n_warmup_steps - 1)}
    made = policy(strategy, looks=found.looks, safeguards=safeguards)
    return Translation(policy=made, notes=(*notes, *_EXACTLY, CONTROL))


def _halving(settings: Mapping[str, object], path: str) -> Translation:
    found = read_settings(Halving, _without_auto(settings), path)
    _check_halving(found.min_resource, found.reduction_factor, found.bootstrap_count, path)
    if found.min_early_stopping_rate < 0:
        raise refuse(f"{path}.min_early_stopping_rate", f"{found.min_early_stopping_rate} is negative: 0 skips no rung")
    eta = found.reduction_factor
    looks: dict[str, object] = {"factor": float(eta)}
    notes = []
    if found.min_resource is not None:
        looks["first"] = found.min_resource * eta**found.min_early_stopping_rate
    else:
        notes.append(_AUTO)
    strategy = {"rule": "asha", "eta": float(eta), "by": "value", "action": "stop"}
    made = policy(strategy, looks=looks, safeguards={"min_peers": found.bootstrap_count})
    return Translation(policy=made, notes=(*notes, *_bootstrap(found.bootstrap_count), _SHARE, *_EXACTLY, CONTROL))


def _hyperband(settings: Mapping[str, object], path: str) -> Translation:
    found = read_settings(Hyperband, _without_auto(settings), path)
    _check_halving(found.min_resource, found.reduction_factor, found.bootstrap_count, path)
    eta = found.reduction_factor
    looks: object = {"first": found.min_resource, "factor": float(eta)}
    notes = ["Optuna draws a trial's bracket from the study's name; here it follows from the trial's number alone."]
    if found.max_resource is not None:
        looks = rungs(found.min_resource, eta, below=found.max_resource)
        notes.append(f"max_resource {found.max_resource}: the length of a trial is the plan's horizon; set it there.")
    if not looks:
        raise refuse(f"{path}.max_resource", f"{found.max_resource} leaves no rung above min_resource: raise it")
    strategy = {"rule": "hyperband", "eta": float(eta), "by": "value", "action": "stop"}
    made = policy(strategy, looks=looks, safeguards={"min_peers": found.bootstrap_count})
    return Translation(policy=made, notes=(*notes, *_bootstrap(found.bootstrap_count), _SHARE, *_EXACTLY, CONTROL))


def _threshold(settings: Mapping[str, object], path: str) -> Translation:
    found = read_settings(Threshold, settings, path)
    gate: dict[str, object] = {"rule": "threshold", "grace": max(0, found.n_warmup_steps - 1)}
    gate |= {name: value for name, value in (("lower", found.lower), ("upper", found.upper)) if value is not None}
    notes = ["A threshold is a gate here: it judges every report."]
    if found.interval_steps > 1:
        notes.append(f"interval_steps {found.interval_steps}: not carried over.")
    return Translation(policy=policy(None, gates=[gate]), notes=(*notes, CONTROL))


def _nop(settings: Mapping[str, object], path: str) -> Translation:
    if settings:
        raise refuse(path, "NopPruner takes no settings: leave them out")
    return Translation(policy=policy(None, gates=[]), notes=("NopPruner stops nothing, and so does this policy.",))


def _adapted(name: str) -> Callable[[Mapping[str, object], str], Translation]:
    """Return a reader that leaves the judging to Optuna."""

    def reader(settings: Mapping[str, object], path: str) -> Translation:
        inner = {
            key: _inner(value, f"{path}.{key}") if key == "wrapped_pruner" else value for key, value in settings.items()
        }
        strategy = {"rule": "optuna", "pruner": name, "settings": inner}
        notes = (
            (
                f"No rule here means the same as Optuna's {name} pruner, so it is asked itself: its verdicts are "
                "recorded with their evidence, but a replay does not judge them again."
            ),
            "It is asked at the looks and shown values at the looks; its steps and patience count those.",
            CONTROL,
        )
        return Translation(policy=policy(strategy, safeguards={"min_peers": 0}), notes=notes)

    return reader


def _inner(data: object, path: str) -> object:
    """Return a wrapped pruner in the words of the adapter."""
    if data is None:
        return None
    name, settings = named(data, path, keys=("pruner", "class", "name"), example=EXAMPLE)
    if name not in WORDS:
        raise refuse(path, unknown(name, WORDS, "pruner of Optuna"))
    return {"pruner": WORDS[name], "settings": settings}


def _without_auto(settings: Mapping[str, object]) -> dict[str, object]:
    return {name: None if value == "auto" else value for name, value in settings.items()}


def _check_halving(first: int | None, factor: int, bootstrap: int, path: str) -> None:
    if first is not None and first < 1:
        raise refuse(f"{path}.min_resource", f"{first} is below 1: give a step, or auto")
    if factor < 2:
        raise refuse(f"{path}.reduction_factor", f"{factor} is below 2: 3 or 4 is usual")
    if bootstrap < 0:
        raise refuse(f"{path}.bootstrap_count", f"{bootstrap} is negative: 0 asks for none")


def _bootstrap(count: int) -> list[str]:
    if not count:
        return []
    return [f"bootstrap_count {count} became min_peers: with fewer Optuna prunes everyone, here everyone goes on."]


_AUTO = (
    "min_resource auto is a hundredth of the first complete trial's length; here the first look is a sixteenth of the "
    "planned length."
)
_SHARE = (
    "Optuna takes 1/eta of those that arrived at a rung; here it is 1/eta of the first look's whole population, 1/eta² "
    "at the second, so that trials which passed for another reason do not widen the next quota."
)
_EXACTLY = ("For Optuna's own answers write `strategy: {rule: optuna, ...}`: recorded, not judged again by a replay.",)

READERS: Mapping[str, Callable[[Mapping[str, object], str], Translation]] = {
    "HyperbandPruner": _hyperband,
    "MedianPruner": _median,
    "NopPruner": _nop,
    "PatientPruner": _adapted("patient"),
    "PercentilePruner": _percentile,
    "SuccessiveHalvingPruner": _halving,
    "ThresholdPruner": _threshold,
    "WilcoxonPruner": _adapted("wilcoxon"),
}
WORDS: Mapping[str, str] = {
    "HyperbandPruner": "hyperband",
    "MedianPruner": "median",
    "PatientPruner": "patient",
    "PercentilePruner": "percentile",
    "SuccessiveHalvingPruner": "successive_halving",
    "ThresholdPruner": "threshold",
    "WilcoxonPruner": "wilcoxon",
}
"""Optuna's classes in the words of the `optuna` strategy."""
