"""The `early_terminate` of a Weights & Biases sweep as a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pruning.foreign.translation import CONTROL, Translation, mapping, policy, refuse
from pruning.rules.base import SettingError
from pruning.rules.settings import read as read_settings

EXAMPLE = "{type: hyperband, min_iter: 3, eta: 3}"


@dataclass(frozen=True, kw_only=True)
class EarlyTerminate:
    """What a sweep's file says under `early_terminate`."""

    type: str = ""
    min_iter: int | None = None
    max_iter: int | None = None
    s: int | None = None
    eta: float = 3.0
    strict: bool = False

    def __post_init__(self) -> None:
        if self.type != "hyperband":
            raise SettingError("type", self.type, "is not read: W&B knows `type: hyperband` alone")
        if (self.min_iter is None) == (self.max_iter is None):
            raise SettingError("min_iter", self.min_iter, "is one of two: give either min_iter, or max_iter and s")
        for name in ("min_iter", "max_iter", "s"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise SettingError(name, value, "is below 1: give a whole number of iterations")
        if self.max_iter is not None and self.s is None:
            raise SettingError("s", None, "is not given: with max_iter W&B needs the number of brackets")
        if not 1 < self.eta <= 1000:
            raise SettingError("eta", self.eta, "is not above 1 (and at most 1000): 3 is usual")

    def looks(self) -> object:
        """Return W&B's brackets as decision points."""
        if self.max_iter is None:
            return {"first": self.min_iter, "factor": self.eta}
        steps = {int(self.max_iter / self.eta**power) for power in range(1, (self.s or 0) + 1)}
        return sorted(step for step in steps if step >= 1)


def read(data: object, path: str) -> Translation:
    """Read `early_terminate`, alone or inside a whole sweep."""
    found = mapping(data, path, EXAMPLE)
    where = path
    if "early_terminate" in found:
        where = f"{path}.early_terminate"
        whole, found = found, mapping(found["early_terminate"], where, EXAMPLE)
    else:
        whole = {}
    settings = read_settings(EarlyTerminate, found, where)
    looks = settings.looks()
    if not looks:
        raise refuse(f"{where}.max_iter", f"{settings.max_iter} leaves no bracket: raise it, or lower eta or s")
    strategy = {"rule": "asha", "eta": settings.eta, "by": "value", "action": "stop"}
    made = policy(strategy, looks=looks, safeguards={"min_peers": 0})
    return Translation(policy=made, notes=(*_notes(settings), *_metric_note(whole), CONTROL))


def _notes(settings: EarlyTerminate) -> list[str]:
    notes = [
        (
            "W&B's brackets became decision points; W&B's counts log calls, these are steps: set them to where the "
            "objective is reported. W&B compares one report late (its bracket 3 looks at the fourth value)."
        ),
        (
            "W&B keeps the best 1/eta of the runs that reached a bracket, and judges a run anew with every report "
            "against all later arrivals; `asha` judges a trial once at each look, and takes 1/eta of the first look's "
            "whole population, 1/eta² at the second."
        ),
    ]
    if settings.max_iter is not None:
        notes.append(f"max_iter {settings.max_iter}: the length of a trial is the plan's (or its trainable's) horizon.")
    if settings.strict:
        notes.append("strict: not carried over; `asha` always stops at the look itself.")
    return notes


def _metric_note(sweep: Mapping[str, object]) -> list[str]:
    metric = sweep.get("metric")
    if not isinstance(metric, Mapping):
        return []
    goal = metric.get("goal", "minimize")
    return [f"metric {metric.get('name')!r} with goal {goal!r}: write it as the plan's objective."]
