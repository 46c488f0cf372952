"""The charts of the resources page: bars on lanes, trials by state, hours spent and left untrained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.urls import reverse

from trials.charts import amendments
from trials.charts.packing import pack
from trials.models import Attempt, Study
from trials.resources.gathered import Gathered
from trials.resources.lanes import Bar
from trials.resources.over_time import Hours, States

MOST_SENTENCES = 600
"""Bars that come with the sentence of their end; of more, the ends alone are told."""


def timeline(study: Study, found: Gathered, window: tuple[float, float] | None, version: str) -> dict[str, object]:
    """Return the bars in a window of time (seconds since the epoch; None: all of it)."""
    lanes, _ = found.lanes
    span = found.attempts.span
    shown = window or span
    bars = found.bars(window) if window else found.whole
    sentences = _sentences(study, bars)
    address = reverse("trials:trial", args=[study.pk, 0]).removesuffix("0/")
    return {
        "lanes": [{"host": lane.host, "slot": lane.slot} for lane in lanes],
        "span": list(span),
        "window": list(shown),
        "bars": [_bar(bar, shown[0], sentences) for bar in bars],
        "trial_url": address,
        "amendments": amendments.marks(study),
        "ended": study.ended_at is not None,
        "version": version,
    }


def over_time(study: Study, found: Gathered, version: str) -> dict[str, object]:
    """Return trials by state and hours, both on one time axis: seconds since the first attempt began."""
    begun, _ = found.attempts.span
    by_state, spent = found.over_time
    budget = study.plan().budget.slot_hours
    return {
        "from": begun,
        "x": pack(by_state.at - begun),
        "states": _packed(by_state, ("finished", "stopped", "otherwise", "running", "paused", "waiting")),
        "hours": _packed(spent, ("spent", "stopped", "finished_early", "paused")),
        "budget": budget,
        "amendments": amendments.marks(study),
        "version": version,
    }


def _packed(columns: States | Hours, names: Sequence[str]) -> dict[str, object]:
    return {name: pack(getattr(columns, name)) for name in names}


def _bar(bar: Bar, origin: float, sentences: Mapping[int, str]) -> dict[str, object]:
    """Return one bar; times in seconds from the window's beginning, to a tenth."""
    said: dict[str, object] = {
        "lane": bar.lane,
        "x": round(bar.start - origin, 1),
        "w": round(bar.end - bar.start, 1),
        "kind": bar.kind,
    }
    if bar.n > 1:
        return said | {"n": bar.n, "counts": dict(bar.counts)}
    said |= {"trial": bar.trial, "attempt": bar.attempt, "code": bar.code}
    if bar.resumed:
        said["resumed"] = True
    if bar.trial is not None and bar.attempt is not None and (text := sentences.get(_key(bar.trial, bar.attempt))):
        said["sentence"] = text
    return said


def _sentences(study: Study, bars: Sequence[Bar]) -> dict[int, str]:
    """Return how the drawn attempts ended, in a sentence each, if they are few enough."""
    alone = [bar.trial for bar in bars if bar.trial is not None]
    if not alone or len(alone) > MOST_SENTENCES:
        return {}
    rows = Attempt.objects.filter(trial__study=study, trial__number__in=set(alone))
    found = rows.values_list("trial__number", "number", "outcome_sentence")
    return {_key(trial, number): sentence for trial, number, sentence in found if sentence}


def _key(trial: int, attempt: int) -> int:
    """Return one number for an attempt of a trial; a trial has at most a few."""
    return trial * 1000 + attempt
