"""Gathering what a policy asks for beside curves and ranks (`Needs`), the same way for a live review and a replay.

What is measured at a moment, a trial's time and memory and how far it had told its instances, cannot be found out
later: a replay takes it from the verdict's own evidence (`measured`). Everything that it is compared with is
computed again from the ledger and the stored points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pruning.history import Course
from pruning.models import PruningEvent
from pruning.rules.base import Curve
from pruning.rules.surroundings import Place, Resources, Rival, Usage, usages
from pruning.standing import Standing, root_number
from trials import series
from trials.models import Attempt, Study, Trial
from trials.running import gauges
from trials.space import Space
from trials.space.places import place_of


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a moment alone can tell."""

    at: datetime
    """The time of the verdict's row."""
    resources: Mapping[str, Any] | None = None
    """What the trial had used at each of its looks so far, as `Resources.measured` puts it; None: nobody asked."""
    told: Mapping[str, int] | None = None
    """The last step it had told of each instance; None for a live review, which sees just what has been told."""


def take(standing: Standing, attempt: Attempt, *, step: int, sequence: int, at: datetime) -> Taken:
    """Measure, live, what the policy asks for."""
    if not standing.policy.needs.resources:
        return Taken(at=at)
    before = _measured_before(attempt.trial, standing.looks, sequence)
    trial = attempt.trial
    steps = trial.steps_trained + max(0, step - attempt.resumed_from)
    now = usage_of(trial, steps=steps, at=at)
    looks = [*(before or {}).get("looks", []), [now.seconds_per_step, now.memory_bytes]]
    return Taken(at=at, resources={"device": kind_of(attempt.device), "looks": looks})


def taken_of(row: PruningEvent) -> Taken:
    """Return what was measured at the moment of a recorded verdict."""
    measured = row.evidence.get("measured", {})
    return Taken(at=row.at, resources=measured.get("resources"), told=measured.get("instances", {}))


def surroundings(
    study: Study, trial: Trial, *, attempt: int, step: int, standing: Standing, course: Course, taken: Taken
) -> dict[str, Any]:
    """Return the facts that the policy asks for, by their names in `Facts`; none for most policies."""
    needs, happenings = standing.policy.needs, course.happenings
    found: dict[str, Any] = {}
    if needs.label:
        found["instances"] = _instances(study, trial, needs.label, attempt=attempt, step=step, told=taken.told)
    if needs.rival:
        found["rival"] = _rival(study, trial, needs.label, course)
    if needs.resources and taken.resources is not None:
        device = taken.resources["device"]
        found["resources"] = Resources(
            device=device,
            looks=usages(taken.resources),
            finished_seconds=happenings.seconds.get(device, ()),
            finished_memory=happenings.memory.get(device, ()),
        )
    if needs.hours:
        found |= {"hours": happenings.hours(taken.at), "halts": happenings.halts}
    if needs.places:
        found |= {"places": StudyPlaces(study, course.places), "spared": happenings.spared.get(step, ())}
    return found


def spent(trial: Trial) -> dict[str, Any]:
    """Return what a trial that has completed used, as the evidence of its ending."""
    attempt = trial.attempts.order_by("-number").first()
    if attempt is None or trial.ended_at is None:
        return {}
    used = usage_of(trial, steps=trial.steps_trained, at=trial.ended_at)
    device = kind_of(attempt.device)
    return {"device": device, "seconds_per_step": used.seconds_per_step, "memory_bytes": used.memory_bytes}


def usage_of(trial: Trial, *, steps: int, at: datetime) -> Usage:
    """Return what all attempts of a trial have used by now: wall-clock per step trained, and memory at its peak."""
    seconds, memory = 0.0, []
    columns = ("usage__wall_seconds", "usage__peak_memory_bytes", "usage__device_peak_memory_bytes")
    for pk, device, began, ended, wall, host, held in trial.attempts.order_by("number").values_list(
        "pk", "device", "started_at", "ended_at", *columns
    ):
        seconds += wall if wall is not None else max(0.0, ((ended or at) - began).total_seconds())
        recorded = held if kind_of(device) == "cuda" else host
        memory += [peak for peak in (recorded, gauges.peak_memory_bytes(pk)) if peak is not None]
    return Usage(seconds_per_step=seconds / steps if steps > 0 else None, memory_bytes=max(memory, default=None))


def kind_of(device: str) -> str:
    """Return the kind of a device: `cuda` of `cuda:1`."""
    return device.partition(":")[0]


class StudyPlaces:
    """Where a study's configurations stand in the space of its first revision (`Places`); each is read once."""

    def __init__(self, study: Study, known: dict[int, Place]) -> None:
        self._study, self._known = study, known

    def of(self, trials: Sequence[int]) -> Mapping[int, Place]:
        """Return the places of these configurations, by number."""
        missing = [number for number in trials if number not in self._known]
        if missing:
            space = _space_of(self._study)
            rows = Trial.objects.filter(study=self._study, number__in=missing).values_list("number", "params")
            self._known.update((number, place_of(space, params)) for number, params in rows)
        return {number: self._known[number] for number in trials if number in self._known}


def _space_of(study: Study) -> Space:
    return study.revisions.order_by("number")[0].parsed().space


def _instances(
    study: Study, trial: Trial, label: str, *, attempt: int, step: int, told: Mapping[str, int] | None
) -> dict[str, Curve]:
    """Return what a trial had told of each instance by `step`, as the attempt knew it."""
    found = _curves(study, trial, label, attempt)
    if told is not None:
        return {name: curve.until(min(step, told[name])) for name, curve in found.items() if name in told}
    cut = {name: curve.until(step) for name, curve in found.items()}
    return {name: curve for name, curve in cut.items() if len(curve)}


def _rival(study: Study, trial: Trial, label: str, course: Course) -> Rival | None:
    """Return the best configuration that has completed, apart from the trial's own; its points are final."""
    rung = course.population.rung(study.horizon, by="best")
    completed, own = course.happenings.completed_as, root_number(trial)
    for place in range(1, min(rung.reached, 2) + 1):
        best, number = rung.value_at(place)
        if number != own and number in completed and math.isfinite(best):
            break
    else:
        return None
    if number not in course.rivals:
        rival = Trial.objects.get(study=study, number=completed[number])
        course.rivals = {number: Rival(trial=number, instances=_curves(study, rival, label, None))}
    return course.rivals[number]


def _curves(study: Study, trial: Trial, label: str, attempt: int | None) -> dict[str, Curve]:
    told = series.read_instances(trial, study.metric, label, attempt=attempt)
    return {name: Curve.of(steps, values) for name, (steps, values) in told.items()}


def _measured_before(trial: Trial, looks: Sequence[int], sequence: int) -> Mapping[str, Any] | None:
    """Return what the trial had used at its looks before this one, from its newest verdict at one."""
    rows = PruningEvent.objects.of_study(trial.study).of_trial(trial.number).verdicts()
    row = rows.filter(step__in=looks, sequence__lt=sequence).exclude(verdict="RESUME").order_by("-sequence").first()
    found: Mapping[str, Any] | None = row.evidence.get("measured", {}).get("resources") if row else None
    return found
