"""A Django process of its own beside a test: it reads one JSON command a line and answers each with one line.

Tests of running need a database that several processes share, and pytest's own is none of those.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import django

Json = Any  # plain data as it travels over the pipe


def launch(**plan: Json) -> int:
    """Launch a study of the tiny trainable and return its id."""
    from django.utils import timezone

    from trials import studies
    from trials.models import Project
    from trials.plan import Budget, Objective, Plan, TrainableSpec
    from trials.space import Float, Space

    at = timezone.now()
    project, _ = Project.objects.get_or_create(slug="lab", defaults={"name": "Lab", "created_at": at})
    settings = plan.pop("settings", {})
    steps = int(settings.get("steps", 10))
    value = Plan(
        name=f"study {at.isoformat()}",
        objectives=(Objective(metric="loss", direction="minimize"),),
        space=Space((Float(name="x", low=0.0, high=1.0),)),
        budget=Budget(trials=plan.pop("trials", 1)),
        trainable=TrainableSpec(name="tiny", settings=settings),
        horizon=steps,
        report_steps=tuple(range(1, steps + 1)),
        **plan,
    )
    return studies.launch(value, project=project, user=None, source="", at=at).pk


def study(study_id: int) -> Json:
    """Return what stands in a study's row."""
    from trials.models import Study

    return Study.objects.values("name", "state", "ending_code", "n_waiting", "n_running", "n_complete").get(pk=study_id)


def trials(study_id: int) -> Json:
    """Return the study's trials, in order."""
    from trials.models import Trial

    fields = ("pk", "state", "ending_code", "ending_sentence", "traceback", "n_attempts", "last_step", "value")
    return list(Trial.objects.filter(study=study_id).order_by("number").values(*fields))


def attempts(study_id: int) -> Json:
    """Return the study's attempts, in order."""
    from trials.models import Attempt

    fields = ("pk", "number", "outcome", "outcome_sentence", "resumed_from", "last_step", "usage__cpu_seconds")
    return list(Attempt.objects.filter(trial__study=study_id).order_by("trial__number", "number").values(*fields))


def points(trial_id: int) -> Json:
    """Return the steps and values of the trial's objective."""
    from trials import series
    from trials.models import Trial

    steps, values = series.read(Trial.objects.get(pk=trial_id), "loss")
    return [steps.tolist(), values.tolist()]


def stop(trial_id: int) -> bool:
    """Stop a trial for a person."""
    from django.utils import timezone

    from trials import endings
    from trials.models import Trial

    return endings.stop_by_person(Trial.objects.get(pk=trial_id), person="robin", note="enough", at=timezone.now())


def go_on(trial_id: int) -> Json:
    """Go on with an ended trial; return the key of the trial that continues it."""
    from django.utils import timezone

    from trials.continuing import continue_trial
    from trials.models import Trial

    made = continue_trial(Trial.objects.get(pk=trial_id), person="robin", note="once more", at=timezone.now())
    return {"pk": made.pk, "inherited_step": made.inherited_step}


def claim_all(n_claimers: int, study_id: int) -> Json:
    """Have many processes claim until nothing waits; return which trials each one got."""
    from django.db import connection

    connection.close()
    pipes = [os.pipe() for _ in range(n_claimers)]
    for _, mine in pipes:
        if os.fork() == 0:
            os.write(mine, json.dumps(_claim_until_empty(study_id)).encode() + b"\n")
            os._exit(0)
        os.close(mine)
    found = []
    for theirs, _ in pipes:
        with os.fdopen(theirs) as pipe:
            found.append(json.loads(pipe.readline()))
    for _ in pipes:
        os.wait()
    return found


def _claim_until_empty(study_id: int) -> list[int]:
    from django.utils import timezone

    from trials.models import Study
    from trials.running.claims import claim

    study = Study.objects.get(pk=study_id)
    claimed = []
    while (attempt := claim(None, at=timezone.now(), claimed_by="tester", study=study)) is not None:
        claimed.append(attempt.trial_id)
    return claimed


def fill(study_id: int, n: int) -> None:
    """Enqueue trials and call the study prepared."""
    from django.utils import timezone

    from trials import studies
    from trials.models import Job, Study

    Job.objects.filter(study=study_id).update(state="DONE")
    for number in range(n):
        studies.enqueue(Study.objects.get(pk=study_id), {"x": number / n}, at=timezone.now())


COMMANDS: dict[str, Callable[..., Json]] = {
    "attempts": attempts,
    "claim_all": claim_all,
    "fill": fill,
    "go_on": go_on,
    "launch": launch,
    "points": points,
    "stop": stop,
    "study": study,
    "trials": trials,
}


def main() -> None:
    """Carry out commands until the other end closes."""
    django.setup()
    for line in sys.stdin:
        order = json.loads(line)
        answer = COMMANDS[order.pop("do")](**order)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
