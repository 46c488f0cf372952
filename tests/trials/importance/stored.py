"""Studies in the database whose answer is known, written past the doors: a hundred trials in a moment."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from tests import factories
from trials import recounting
from trials.models import MetricSummary, Observation, Project, Revision, Study, Trial, TrialParam
from trials.models.values import split

LOOK = 4


def a_searched_study(
    project: Project | None = None, *, trials: int = 40, stopped: bool = True, seed: int = 0, **changes: object
) -> Study:
    """Return a study of `factories.SPACE` in which `learning_rate` decides most, `dropout` some, the rest nothing.

    At the one look the worse half was stopped; the last trial still runs. Every trial told two metrics.
    """
    study = factories.a_study(project, **changes)
    Revision.objects.filter(study=study).update(looks=[LOOK])
    study.trials.all().delete()
    random = np.random.default_rng(seed)
    places = random.random((trials, 4))
    sign = 1.0 if study.minimises else -1.0
    early = 1 + places[:, 0] + 0.3 * places[:, 2] + random.normal(0, 0.01, trials)
    for number, place in enumerate(places):
        cut = stopped and early[number] > np.median(early)
        running = number == trials - 1
        trial = Trial.objects.create(
            **_trial(study, number, place, sign, float(early[number]), cut=cut, running=running)
        )
        TrialParam.objects.bulk_create(
            TrialParam(
                trial=trial, study=study, name=name, **({"text": told} if isinstance(told, str) else {"number": told})
            )
            for name, told in trial.params.items()
        )
        value = trial.best_value if trial.value is None else trial.value
        column, state = split(sign * float(early[number]))
        Observation.objects.create(
            study=study, trial=trial, attempt_number=1, sequence=1_000 + number, step=LOOK,
            value=column, value_state=state, best=column, at=factories.NOW,
        )  # fmt: skip
        for metric, told in ((study.metric, value), ("seconds", 10 * float(place[1]) + 1)):
            MetricSummary.objects.create(
                study=study, trial=trial, metric=metric, first_step=1, first_value=told,
                last_step=LOOK, last_value=told, last_value_state="", low_value=told, high_value=told,
            )  # fmt: skip
    recounting.repair(study)
    Study.objects.filter(pk=study.pk).update(sequence=1_000 + trials, next_number=trials)
    study.refresh_from_db()
    return study


def _trial(
    study: Study, number: int, place: np.ndarray, sign: float, early: float, *, cut: bool, running: bool
) -> dict[str, object]:
    params = {
        "learning_rate": float(10 ** (-5 + 4 * place[0])),
        "batch_size": 8 + int(56 * place[1]),
        "dropout": float(0.5 * place[2]),
        "optimizer": "adamw" if place[3] < 0.5 else "adafactor",
    }
    facts: dict[str, object] = {
        "study": study, "number": number, "suggestion": number, "params": params, "last_step": LOOK,
        "last_value": sign * early, "last_value_state": "", "best_value": sign * early, "best_step": LOOK,
        "created_at": factories.NOW, "started_at": factories.NOW,
    }  # fmt: skip
    if running:
        return facts | {"state": Trial.State.RUNNING}
    facts["ended_at"] = factories.NOW + timedelta(minutes=number)
    if cut:
        return facts | {
            "state": Trial.State.PRUNED, "value": sign * early, "ending_code": "outpaced", "ending_motive": "speed",
            "ending_step": LOOK, "ending_sentence": f"Stopped at step {LOOK}.",
        }  # fmt: skip
    end = sign * (early - 0.5)
    return facts | {
        "state": Trial.State.COMPLETE, "value": end, "best_value": end, "last_value": end, "ending_code": "finished",
        "ending_step": study.horizon, "last_step": study.horizon,
    }  # fmt: skip
