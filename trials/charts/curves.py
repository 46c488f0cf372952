"""Every trial of a study: one trace per kind, a mark where each stands, the cuts as they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

from trials import series
from trials.charts.packing import Gapped, gapped, pack
from trials.facts import Cut, provider
from trials.models import Study, Trial
from trials.pages import words

# Above this many lines a picture shows nothing more; what runs, the best and the newest are always among them.
MOST_CURVES = 1_500
GROUPS = ("waiting", "failed", "speed", "risk", "generalisation", "stopped", "paused", "control", "finished", "running")


class End(NamedTuple):
    """Where a trial stands or ended."""

    trial: int
    step: int
    value: float | None
    kind: str
    code: str
    sentence: str
    url: str


class StudyCurves(NamedTuple):
    """What the chart shows."""

    groups: Mapping[str, Gapped]
    ends: Sequence[End]
    cuts: Sequence[Cut]
    left_out: int


def study_curves(study: Study, most: int = MOST_CURVES) -> StudyCurves:
    """Read the curves of a study's trials, at most `most` of them."""
    trials = _chosen(study, most)
    spared = provider().spared_numbers(study, [trial.number for trial in trials])
    found = series.read_many([trial.pk for trial in trials], study.metric)
    by_kind: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        by_kind[_kind(trial, spared)].append(trial)
    groups = {
        kind: gapped((trial.number, *found[trial.pk]) for trial in by_kind[kind] if trial.pk in found)
        for kind in GROUPS
        if by_kind[kind]
    }
    ends = [end_of(trial, _kind(trial, spared)) for trial in trials if trial.last_step is not None]
    left_out = study.n_trials - study.n_waiting - len(trials)
    return StudyCurves(groups, ends, provider().cuts(study), max(0, left_out))


def payload(study: Study, looks: Sequence[int], curves: StudyCurves, version: str) -> dict[str, object]:
    """Return the JSON of docs/charts.md."""
    return {
        **axes(study, looks),
        "cuts": [asdict(cut) for cut in curves.cuts],
        "groups": [
            {"kind": kind, "trials": group.trials, "offsets": group.offsets, "x": pack(group.x), "y": pack(group.y)}
            for kind, group in curves.groups.items()
            if group.trials
        ],
        "ends": [end._asdict() for end in curves.ends],
        "best": study.best_number,
        "left_out": curves.left_out,
        "version": version,
    }


def axes(study: Study, looks: Sequence[int]) -> dict[str, object]:
    """Return what every chart of a study's objective says about its axes."""
    return {
        "objective": study.metric,
        "direction": study.direction,
        "horizon": study.horizon,
        "unit": study.step_unit,
        "looks": list(looks),
    }


def finite(value: float | None) -> float | None:
    """Return the value if JSON can carry it, else None."""
    return value if value is not None and abs(value) <= 1.7e308 else None


def _chosen(study: Study, most: int) -> list[Trial]:
    """Return the trials to draw: all that were told anything, or the best, the running and the newest of them."""
    told = (
        Trial.objects.filter(study=study, last_step__isnull=False)
        .order_by("-number")
        .only(
            "number", "study_id", "state", "ending_code", "ending_motive", "ending_sentence", "ending_step",
            "last_step", "last_value", "last_value_state", "halt_code",
        )
    )  # fmt: skip
    trials = list(told[:most])
    missing = study.best_number is not None and all(trial.number != study.best_number for trial in trials)
    if missing and trials:
        trials[-1:] = list(told.filter(number=study.best_number or 0))
    return trials


def _kind(trial: Trial, spared: frozenset[int]) -> str:
    return words.kind_of(trial.state, trial.ending_motive, spared=trial.number in spared)


def end_of(trial: Trial, kind: str) -> End:
    """Return where a trial stands, or how and where it ended."""
    step = trial.ending_step if trial.ending_step is not None else trial.last_step
    return End(
        trial=trial.number,
        step=step or 0,
        value=finite(trial.last),
        kind=kind,
        code=words.ending_of(trial.state, trial.ending_code, spared=kind == "control"),
        sentence=trial.ending_sentence,
        url=trial.get_absolute_url(),
    )
