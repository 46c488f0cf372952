"""Writes a study as lines of JSON that programs of other environments can read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trials import series
from trials.models import Study


def write(study: Study, target: Path) -> int:
    """Write the study's name, metric and space, then one line per trial, with its state, parameters and reports.

    Returns how many of them have reported. Times are seconds since the epoch; `seconds` are those from a trial's start
    to each of its reports.
    """
    flat = series.read_study(study, study.metric)
    seconds = series.sample(series.read_study_seconds(study), flat)
    places = {int(trial): place for place, trial in enumerate(flat.trials)}
    with target.open("w") as lines:
        lines.write(json.dumps(_heading(study)) + "\n")
        for trial in study.trials.order_by("number").iterator(chunk_size=2000):
            place = places.get(trial.pk)
            span = slice(0, 0) if place is None else slice(flat.offsets[place], flat.offsets[place + 1])
            told = {
                "number": trial.number,
                "state": trial.state,
                "params": trial.params,
                "value": trial.value,
                "started_at": trial.started_at.timestamp() if trial.started_at else None,
                "ended_at": trial.ended_at.timestamp() if trial.ended_at else None,
                "steps": flat.steps[span].tolist(),
                "values": flat.values[span].tolist(),
                "seconds": seconds[span].tolist(),
            }
            lines.write(json.dumps(told) + "\n")
    return len(places)


def _heading(study: Study) -> dict[str, Any]:
    return {
        "name": study.name,
        "metric": study.metric,
        "direction": study.direction,
        "space": study.newest_revision().plan["space"],
    }
