"""One trial: its curves, the band of its peers, its verdicts and its attempts on one axis."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trials import series
from trials.charts import band as peer_band
from trials.charts.band import Band
from trials.charts.curves import axes, finite
from trials.charts.packing import pack
from trials.facts import Cut, Ruling, provider
from trials.models import Attempt, Trial
from trials.pages import words

PEERS = 200
VERBS = {
    "KEEP": "keep",
    "WARN": "warn",
    "ABSTAIN": "abstain",
    "PAUSE": "paused",
    "RESUME": "resume",
    "FINISH": "finished",
}


class TrialCurves(NamedTuple):
    """What the chart shows."""

    series: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]
    """By the metric's name and labels, the objective first."""
    band: Band | None
    rulings: Sequence[Ruling]
    attempts: Sequence[Attempt]
    cuts: Sequence[Cut]


def trial_curves(trial: Trial) -> TrialCurves:
    """Read everything told about one trial, and the objective of up to 200 peers."""
    study = trial.study
    told = series.read_all([trial.pk]).get(trial.pk, {})
    names = sorted(told, key=lambda key: (key != (study.metric, "{}"), key))
    peers = Trial.objects.filter(study=study).exclude(pk=trial.pk).exclude(last_step=None).order_by("-number")
    others = series.read_many(list(peers.values_list("pk", flat=True)[:PEERS]), study.metric)
    return TrialCurves(
        series={label(*name): told[name] for name in names},
        band=peer_band.band(others.values()),
        rulings=provider().rulings(trial),
        attempts=list(trial.attempts.order_by("number")),
        cuts=provider().cuts(study),
    )


def payload(trial: Trial, looks: Sequence[int], curves: TrialCurves, version: str) -> dict[str, object]:
    """Return the JSON of docs/charts.md."""
    best = None if trial.best_value is None else {"step": trial.best_step, "value": trial.best_value}
    return {
        **axes(trial.study, looks),
        "kind": words.kind_of(trial.state, trial.ending_motive),
        "best": best,
        "cuts": [{"step": cut.step, "value": cut.value} for cut in cuts_met(curves)],
        "series": {name: {"x": pack(steps), "y": pack(values)} for name, (steps, values) in curves.series.items()},
        "band": peer_band.payload(curves.band),
        "verdicts": [
            {"step": ruling.step, "kind": verb(ruling), "sentence": ruling.sentence} for ruling in curves.rulings
        ],
        "attempts": [attempt_bar(attempt, after) for attempt, after in _with_next(curves.attempts)],
        "version": version,
    }


def label(metric: str, labels: str) -> str:
    """Return a series' name on a chart: the metric, and its labels where it has some."""
    inside = ", ".join(f"{key} {value}" for key, value in json.loads(labels).items())
    return f"{metric} ({inside})" if inside else metric


def verb(ruling: Ruling) -> str:
    """Return the glyph of a verdict."""
    if ruling.action == "PROTECT":
        return "control"
    return VERBS.get(ruling.action, ruling.motive or "failed")


def cuts_met(curves: TrialCurves) -> list[Cut]:
    """Return the cuts this trial was held against; where it met none, those of the study as they are now."""
    met = {ruling.step: ruling.cut for ruling in curves.rulings if finite(ruling.cut) is not None}
    if not met:
        return list(curves.cuts)
    return [Cut(step, float(cut), 0) for step, cut in sorted(met.items()) if cut is not None]


def attempt_bar(attempt: Attempt, after: Attempt | None) -> dict[str, object]:
    """Return one attempt as a bar; the steps a later attempt had to train again are hatched."""
    end = attempt.last_step if attempt.last_step is not None else attempt.resumed_from
    lost = after is not None and after.resumed_from < end and attempt.outcome != "paused"
    return {
        "number": attempt.number,
        "from": attempt.resumed_from,
        "to": end,
        "kind": attempt_kind(attempt),
        "lost_from": after.resumed_from if after is not None and lost else None,
        "text": f"{words.code_words(attempt.outcome)} at {end:,}" if attempt.outcome else "running",
    }


def attempt_kind(attempt: Attempt) -> str:
    """Return the glyph of how an attempt ended."""
    if attempt.is_live:
        return "running"
    if attempt.outcome == "paused":
        return "paused"
    if attempt.outcome in {"worker_lost", "crashed", "released", "error", "out_of_memory", "timed_out"}:
        return "failed"
    return words.kind_of(attempt.trial.state, attempt.trial.ending_motive)


def _with_next(attempts: Sequence[Attempt]) -> list[tuple[Attempt, Attempt | None]]:
    return list(zip(attempts, [*attempts[1:], None], strict=True)) if attempts else []
