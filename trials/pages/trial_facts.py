"""A trial in numbers: its best and its place, how far it came, what it cost, what it left."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.utils import timezone

from trials.models import Attempt, Study, Trial
from trials.pages import trial_words, words
from trials.pages.narrative import measure
from trials.pages.parts import (
    Fact,
)


def facts(study: Study, found: Trial) -> list[Fact]:
    """Return the numbers a trial's page begins with."""
    best = found.best_value if found.value is None else found.value
    return [
        Fact(
            f"Best {study.metric}",
            words.number(best),
            help=f"at step {found.best_step:,}" if found.best_step is not None else "",
        ),
        _place(study, best),
        Fact("Last", words.number(found.last), help=_off_best(found)),
        Fact(
            study.step_unit.capitalize(),
            words.whole(found.last_step or 0),
            f"of {study.horizon:,}",
            _trained_twice(found),
        ),
        Fact("On a slot", words.duration(_slot_seconds(found)), help=_from_start_to_end(found)),
    ]


def held_out(found: Trial) -> list[Fact]:
    """Return what the test split says of this trial, if it was evaluated."""
    for evaluation in found.evaluations.order_by("id"):
        name = measure(evaluation.metrics)
        if name:
            return [
                Fact(
                    words.code_words(name).capitalize(),
                    words.number(evaluation.metrics[name]),
                    help="held out, looked at once",
                )
            ]
    return []


def resources(found: Trial, attempts: Sequence[Attempt]) -> list[Fact]:
    """Return what all attempts used together."""
    usage = [attempt.usage for attempt in attempts if hasattr(attempt, "usage")]
    cpu = [one.cpu_seconds for one in usage if one.cpu_seconds is not None]
    memory = [one.peak_memory_bytes for one in usage if one.peak_memory_bytes is not None]
    device = [one.device_seconds for one in usage if one.device_seconds is not None]
    device_memory = [one.device_peak_memory_bytes for one in usage if one.device_peak_memory_bytes is not None]
    energy = [one.energy_joules for one in usage if one.energy_joules is not None]
    used = [
        Fact("Slot time", words.duration(_slot_seconds(found))),
        Fact("CPU time", words.duration(sum(cpu)) if cpu else "not measured"),
        Fact("Peak memory", words.size(max(memory, default=None))),
        Fact("Energy", f"{sum(energy) / 3.6e6:.3f} kWh" if energy else "not measured"),
    ]
    if device:
        used.append(Fact("Device time", words.duration(sum(device))))
    if device_memory:
        used.append(Fact("Peak device memory", words.size(max(device_memory))))
    return used


def artifacts(found: Trial) -> list[Fact]:
    """Return the checkpoints that are kept, with their sizes and hosts."""
    return [
        Fact(
            f"{artifact.get_kind_display().capitalize()}, step {artifact.step:,}",
            words.size(artifact.size),
            artifact.host,
        )
        for artifact in found.artifacts.order_by("kind")
    ]


def _place(study: Study, best: float | None) -> Fact:
    """Return the trial's place by best value among all that were told one."""
    if best is None:
        return Fact("Place", words.NOT_TOLD, help="no finite value yet")
    told = Trial.objects.filter(study=study, best_value__isnull=False)
    better = Q(best_value__lt=best) if study.minimises else Q(best_value__gt=best)
    return Fact("Place", trial_words.place_words(told.filter(better).count() + 1, told.count()), help="by best value")


def _off_best(found: Trial) -> str:
    if found.last is None or found.best_value is None or found.last == found.best_value:
        return "its best" if found.last is not None and found.last == found.best_value else ""
    return f"{words.difference(found.last - found.best_value)} from its best"


def _trained_twice(found: Trial) -> str:
    again = found.steps_trained - (found.last_step or 0)
    return f"{again:,} of them trained twice" if found.has_ended and again > 0 else ""


def _slot_seconds(found: Trial) -> float:
    now = timezone.now()
    running = found.attempts.filter(ended_at__isnull=True).values_list("started_at", flat=True).first()
    return found.slot_seconds + (0.0 if running is None else (now - running).total_seconds())


def _from_start_to_end(found: Trial) -> str:
    if found.started_at is None or found.ended_at is None:
        return ""
    took = words.span(found.started_at, found.ended_at, found.ended_at).total_seconds()
    return f"{words.duration(took)} from start to end"
