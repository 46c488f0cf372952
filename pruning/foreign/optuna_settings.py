"""Which pruners of Optuna's can be named, and making one from plain settings: refused by field, with the remedy."""

from __future__ import annotations

import inspect
import math
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from optuna.exceptions import ExperimentalWarning
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
    WilcoxonPruner,
)

from pruning.rules.base import SettingError
from pruning.rules.settings import unknown

WRAPPED = "wrapped_pruner"
_quiet = threading.Lock()  # warnings' filters belong to the process


@dataclass(frozen=True, kw_only=True)
class Known:
    """A pruner of Optuna's: its class, and the reason code that its answer is filed under."""

    made: Callable[..., BasePruner]
    reason: str


PRUNERS: Mapping[str, Known] = {
    "hyperband": Known(made=HyperbandPruner, reason="outpaced"),
    "median": Known(made=MedianPruner, reason="underperforming"),
    "patient": Known(made=PatientPruner, reason="plateaued"),
    "percentile": Known(made=PercentilePruner, reason="underperforming"),
    "successive_halving": Known(made=SuccessiveHalvingPruner, reason="outpaced"),
    "threshold": Known(made=ThresholdPruner, reason="unstable"),
    "wilcoxon": Known(made=WilcoxonPruner, reason="outraced"),
}


def make(name: object, settings: Mapping[str, object], *, at: str = "") -> BasePruner:
    """Make a pruner of Optuna's; SettingError names what it refuses.

    at: what stands before the field's path, for a pruner inside another.
    """
    if not isinstance(name, str) or name not in PRUNERS:
        remedy = f"is no pruner of Optuna's that is known here: {unknown(str(name), PRUNERS, 'pruner')}"
        raise SettingError(f"{at}pruner", name, remedy)
    path = f"{at}settings"
    parameters = inspect.signature(PRUNERS[name].made).parameters
    for setting, value in settings.items():
        if setting not in parameters:
            what = f"setting of Optuna's {name} pruner"
            raise SettingError(f"{path}.{setting}", value, f"is not read: {unknown(setting, parameters, what)}")
    for setting, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and setting not in settings and setting != WRAPPED:
            raise SettingError(f"{path}.{setting}", None, f"is not given: Optuna's {name} pruner cannot be without it")
    values = {name: _plain(f"{path}.{name}", value) for name, value in settings.items() if name != WRAPPED}
    if WRAPPED in parameters:
        values[WRAPPED] = _make_wrapped(settings.get(WRAPPED), f"{path}.{WRAPPED}")
    return _made(name, values, path)


def _make_wrapped(inner: object, path: str) -> BasePruner | None:
    if inner is None:
        return None
    if isinstance(inner, str):
        inner = {"pruner": inner}
    if not isinstance(inner, Mapping) or not {"pruner"} <= inner.keys() <= {"pruner", "settings"}:
        raise SettingError(path, inner, "is not a pruner: write {pruner: median, settings: {...}}, or leave it out")
    settings = inner.get("settings", {})
    if not isinstance(settings, Mapping):
        raise SettingError(f"{path}.settings", settings, "is not a mapping of settings")
    return make(inner["pruner"], settings, at=f"{path}.")


def _plain(path: str, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str | None):
        raise SettingError(path, value, "is not a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingError(path, value, "is not a finite number: leave the setting out for no limit")
    return value


def _made(name: str, values: dict[str, Any], path: str) -> BasePruner:
    """Have Optuna make it; what it refuses is put to the setting that its message names."""
    try:
        with _quiet, warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # said of pruners that Optuna has had for years
            pruner = PRUNERS[name].made(**values)
        if isinstance(pruner, HyperbandPruner):
            _check_hyperband(values)
    except (TypeError, ValueError) as error:
        blamed = next((setting for setting in values if setting in str(error)), "")
        where = f"{path}.{blamed}" if blamed else path
        raise SettingError(where, values.get(blamed, values), f"is refused by Optuna: {error}")
    return pruner


def _check_hyperband(values: Mapping[str, Any]) -> None:
    """Refuse at once what Optuna's Hyperband would stumble over only when it makes its brackets."""
    first, factor = cast(int, values.get("min_resource", 1)), cast(int, values.get("reduction_factor", 3))
    SuccessiveHalvingPruner(first, factor)
    most = values.get("max_resource", "auto")
    if isinstance(most, int) and most < first:
        raise ValueError(f"max_resource {most} is below min_resource {first}")
