"""Reading attempts, trials and what they used: a fixed number of queries, one row an attempt."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from statistics import median

import numpy as np
from django.db.models import Count, Max, Q, Sum
from django.utils import timezone

from trials.facts import provider
from trials.models import Attempt, ResourceUsage, Study, Trial
from trials.pages.words import kind_of
from trials.resources.attempts import OUTCOMES, RUNNING, Attempts, Place
from trials.resources.over_time import FINISHED, OTHERWISE, STOPPED, Trials

S = Trial.State
HTTP = "over HTTP"


@dataclass(frozen=True)
class Used:
    """Sums over all attempts; None = not measured."""

    cpu_seconds: float | None
    device_seconds: float | None
    peak_memory_bytes: int | None
    device_peak_memory_bytes: int | None
    energy_joules: float | None
    n_measured: int
    """Attempts whose energy was measured."""


def attempts_of(study: Study, *, at: datetime | None = None) -> Attempts:
    """Read every attempt of a study, in the order in which they began."""
    now = (at or timezone.now()).timestamp()
    spared = provider().spared_numbers(study)
    rows = (
        Attempt.objects.filter(trial__study=study)
        .order_by("started_at", "pk")
        .values_list(
            "started_at",
            "ended_at",
            "trial__number",
            "number",
            "outcome",
            "trial__state",
            "trial__ending_code",
            "trial__ending_motive",
            "worker__host",
            "claimed_by",
            "slot",
            "resumed_from",
        )
        .iterator(chunk_size=5000)
    )
    start, end, trial, number, kind, code, place, resumed = [], [], [], [], [], [], [], []
    for began, ended, of, nth, outcome, state, ending, motive, host, claimed_by, slot, resumed_from in rows:
        start.append(began.timestamp())
        end.append(ended.timestamp() if ended else now)
        trial.append(of)
        number.append(nth)
        kind.append(_kind(outcome, state, motive, is_spared=of in spared))
        code.append(ending if outcome not in OUTCOMES else outcome)
        place.append(Place(host or f"{claimed_by} {HTTP}".strip(), slot))
        resumed.append(resumed_from > 0)
    return Attempts(
        start=np.array(start, dtype=float),
        end=np.array(end, dtype=float),
        trial=np.array(trial, dtype=np.int64),
        number=np.array(number, dtype=np.int64),
        kind=kind,
        code=code,
        place=place,
        resumed=np.array(resumed, dtype=bool),
    )


def trials_of(study: Study) -> Trials:
    """Read every trial of a study: when it came and went, and what stopping it left untrained."""
    rows = list(
        Trial.objects.filter(study=study)
        .order_by("number")
        .values_list(
            "number", "created_at", "ended_at", "state", "ending_motive", "ending_step", "slot_seconds", "steps_trained"
        )
    )
    paused_at = dict(
        Attempt.objects.filter(trial__study=study, trial__state=S.PAUSED, outcome="paused")
        .values_list("trial__number")
        .annotate(Max("ended_at"))
    )
    paces = [seconds / steps for *_, seconds, steps in rows if steps and seconds > 0]
    pace = median(paces) if paces else math.nan
    ends, saved, saved_at, saved_by = [], [], [], []
    for number, _, ended, state, motive, step, seconds, steps in rows:
        ends.append(_end(state, motive))
        by, when = _saved_by(state, motive, step, study.horizon), ended or paused_at.get(number)
        left = (study.horizon - (step or 0)) * (seconds / steps if steps and seconds > 0 else pace)
        counts = by and when is not None and math.isfinite(left) and left > 0
        saved.append(left if counts else 0.0)
        saved_at.append(when.timestamp() if counts and when else math.nan)
        saved_by.append(by if counts else "")
    return Trials(
        created=np.array([row[1].timestamp() for row in rows]),
        number=np.array([row[0] for row in rows], dtype=np.int64),
        ended=np.array([row[2].timestamp() if row[2] else math.nan for row in rows]),
        end=ends,
        saved=np.array(saved),
        saved_at=np.array(saved_at),
        saved_by=saved_by,
    )


def used_by(study: Study) -> Used:
    """Add up what the attempts of a study used."""
    found = ResourceUsage.objects.filter(attempt__trial__study=study).aggregate(
        cpu=Sum("cpu_seconds"),
        device=Sum("device_seconds"),
        memory=Max("peak_memory_bytes"),
        device_memory=Max("device_peak_memory_bytes"),
        energy=Sum("energy_joules"),
        measured=Count("pk", filter=Q(energy_joules__isnull=False)),
    )
    return Used(
        cpu_seconds=found["cpu"],
        device_seconds=found["device"],
        peak_memory_bytes=found["memory"],
        device_peak_memory_bytes=found["device_memory"],
        energy_joules=found["energy"],
        n_measured=found["measured"],
    )


def ended_hours(study: Study) -> list[float]:
    """Return the slot hours of each ended trial that was trained on."""
    rows = Trial.objects.filter(study=study, ended_at__isnull=False, slot_seconds__gt=0)
    return [seconds / 3600 for seconds in rows.values_list("slot_seconds", flat=True)]


def hours_by_kind(attempts: Attempts) -> list[tuple[str, int, float]]:
    """Return (kind, attempts, slot hours) by how attempts ended, the most hours first."""
    counts: Counter[str] = Counter(attempts.kind)
    seconds: Counter[str] = Counter()
    for kind, taken in zip(attempts.kind, attempts.seconds.tolist(), strict=True):
        seconds[kind] += taken
    return [(kind, counts[kind], taken / 3600) for kind, taken in seconds.most_common()]


def _kind(outcome: str, state: str, motive: str, *, is_spared: bool) -> str:
    """Return the glyph of an attempt's end: its own where it is no end of the trial."""
    if not outcome:
        return RUNNING
    if outcome in OUTCOMES:
        return OUTCOMES[outcome]
    return kind_of(state, motive, spared=is_spared)


def _end(state: str, motive: str) -> str:
    if state == S.COMPLETE:
        return FINISHED
    if state == S.PRUNED and motive:
        return STOPPED
    return OTHERWISE if state in Trial.ENDED else ""


def _saved_by(state: str, motive: str, step: int | None, horizon: int) -> str:
    """Return what left steps of a trial untrained; nothing if it trained to its end or was lost."""
    if state == S.PAUSED:
        return "paused"
    if state == S.PRUNED and motive:
        return "stopped"
    if state == S.COMPLETE and motive and step is not None and step < horizon:
        return "finished early"
    return ""
