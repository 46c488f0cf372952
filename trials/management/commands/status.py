"""`manage.py status [STUDY]`: how the studies, or the trials of one, are doing."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from trials.management.finding import find_study
from trials.models import Study, Trial

MOST_STUDIES = 50
MOST_TRIALS = 20


class Command(BaseCommand):
    """Print a line for every study, or for the latest trials of one."""

    help = "Say how the studies are doing, or one of them (id or name)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", metavar="STUDY", nargs="?")

    def handle(self, *args: Any, study: str | None, **options: Any) -> str:
        return "\n".join(_one(find_study(study)) if study else _all())


def _all() -> Iterator[str]:
    studies = Study.objects.select_related("project").order_by("-last_activity_at", "-pk")[:MOST_STUDIES]
    if not studies:
        yield "No study yet; `manage.py launch PLAN --project P` starts one."
    for study in studies:
        yield f"{study.pk:>5}  {study.project.slug}/{study.name}: {_state(study)}; {_counts(study)}; {_best(study)}"


def _one(study: Study) -> Iterator[str]:
    plan = study.plan()
    yield f"Study {study.pk}, {study.project.slug}/{study.name}: {_state(study)}"
    yield f"  {study.direction} {study.metric}; {plan.budget.trials} trials of {study.horizon} {study.step_unit}"
    yield f"  {_counts(study)}"
    yield f"  {_best(study)}"
    for job in study.jobs.exclude(state="DONE").order_by("pk"):
        yield f"  {job.kind}: {job.get_state_display().lower()} {job.message}".rstrip()
    trials = list(study.trials.exclude(state=Trial.State.WAITING).order_by("-number")[:MOST_TRIALS])
    for trial in reversed(trials):
        yield f"  {trial.number:>5}  {trial.get_state_display():<9} {_reached(trial)} {trial.ending_sentence}".rstrip()


def _state(study: Study) -> str:
    if study.state == Study.State.ENDED:
        return f"ended; {study.ending_sentence}"
    return "being stopped" if study.ending_code else "running"


def _counts(study: Study) -> str:
    counts = (
        (study.n_waiting, "waiting"),
        (study.n_running, "running"),
        (study.n_paused, "paused"),
        (study.n_complete, "complete"),
        (study.n_pruned, "pruned"),
        (study.n_failed, "failed"),
    )
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "no trials"


def _best(study: Study) -> str:
    if study.best_value is not None:
        return f"best {study.best_value:.6g} by trial {study.best_number}"
    if study.best_seen_value is not None:
        return f"nothing complete; best seen {study.best_seen_value:.6g} by trial {study.best_seen_number}"
    return "no value yet"


def _reached(trial: Trial) -> str:
    if trial.last_step is None:
        return "nothing told"
    return f"step {trial.last_step}, {trial.last:.6g}" if trial.last is not None else f"step {trial.last_step}"
