"""A filled study of ten parameters and two metrics, whose values the parameters decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import workbench

from pruning.simulate import Pool, Recording

if TYPE_CHECKING:
    from trials.models import Study

SPACE: Mapping[str, Mapping[str, object]] = {
    "learning_rate": {"type": "float", "low": 1e-7, "high": 10.0, "log": True},
    "l2": {"type": "float", "low": 1e-8, "high": 10.0, "log": True},
    "epsilon": {"type": "float", "low": 1e-10, "high": 1e3, "log": True},
    "dropout": {"type": "float", "low": 0.0, "high": 0.6},
    "batch_size": {"type": "int", "low": 8, "high": 256, "log": True},
    "layers": {"type": "int", "low": 1, "high": 6},
    "optimizer": {"type": "categorical", "choices": ["adam", "adamw", "sgd"]},
    "momentum": {"type": "float", "low": 0.0, "high": 0.99, "when": {"optimizer": ["sgd"]}},
    "warmup": {"type": "float", "low": 0.0, "high": 0.3},
    "decay": {"type": "float", "low": 1e-7, "high": 1e-3, "log": True},
}


def made(trials: int, *, seed: int = 0) -> tuple[list[dict[str, object]], Pool]:
    """Return configurations drawn from the space, and curves whose ends they decide."""
    random = np.random.default_rng(seed)
    configurations, recordings = [], []
    at = workbench.steps(20)
    for number in range(trials):
        u = random.random(10)
        optimizer = ("adam", "adamw", "sgd")[int(u[6] * 3)]
        one: dict[str, object] = {
            "learning_rate": float(10 ** (-7 + 8 * u[0])),
            "l2": float(10 ** (-8 + 9 * u[1])),
            "epsilon": float(10 ** (-10 + 13 * u[2])),
            "dropout": round(0.6 * float(u[3]), 4),
            "batch_size": int(np.exp(np.log(8) + u[4] * np.log(32))),
            "layers": 1 + int(u[5] * 6),
            "optimizer": optimizer,
            "warmup": round(0.3 * float(u[8]), 4),
            "decay": float(10 ** (-7 + 4 * u[9])),
        }
        if optimizer == "sgd":
            one["momentum"] = round(0.99 * float(u[7]), 4)
        off = abs(u[0] - 0.55 - 0.2 * (u[2] - 0.5))
        end = 0.36 + 0.34 * min(1.0, 3 * off) + 0.06 * u[1] + 0.04 * (u[3] - 0.3) ** 2 + 0.03 * (optimizer == "sgd")
        told = end + (0.75 - end) * np.exp(-(2 + 4 * u[0]) * at / workbench.HORIZON) + random.normal(0, 0.006, at.size)
        if u[0] > 0.93 and random.random() < 0.8:
            told[int(random.integers(2, at.size)) :] = np.nan
        configurations.append(one)
        recordings.append(Recording.of(str(number), at, told))
    return configurations, Pool(
        metric="val_loss", maximize=False, horizon=workbench.HORIZON, recordings=tuple(recordings)
    )


def filled(name: str, trials: int, policy: str = "balanced") -> Study:
    """Launch and fill a study; its trials also told a second metric, for the figure of two."""
    import filling

    from trials.models import MetricSummary, Project
    from trials.plan import read_data
    from trials.studies import launch

    plan = {
        "name": name,
        "objectives": [{"metric": "val_loss", "direction": "minimize"}],
        "space": SPACE,
        "horizon": workbench.HORIZON,
        "report_steps": [int(step) for step in workbench.steps(20)],
        "policy": policy,
        "budget": {"trials": trials},
    }
    project, _ = Project.objects.get_or_create(slug="bench", defaults={"name": "bench", "created_at": workbench.AT})
    configurations, pool = made(trials)
    study = launch(read_data(plan), project=project, user=None, source="", at=workbench.AT)
    filling.fill(study, pool, configurations=configurations)
    random = np.random.default_rng(1)
    seconds = []
    for row in MetricSummary.objects.filter(study=study, metric="val_loss").select_related("trial").iterator():
        cost = float(row.trial.params["layers"]) * 0.8 / float(row.trial.params["batch_size"]) ** 0.3  # type: ignore[arg-type]
        row.pk, row.metric, row.last_value = None, "seconds_per_step", cost * float(random.lognormal(0, 0.1))
        row.low_value = row.high_value = row.first_value = row.last_value
        seconds.append(row)
    MetricSummary.objects.bulk_create(seconds, batch_size=2_000)
    return study
