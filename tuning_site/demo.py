"""The demo: a real study, started, watched from the command line, and shown on the pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction

from trials.models import Job, Membership, Project, Role, Study, Trial
from trials.plan import Plan
from trials.plan.reading import read_plan
from trials.studies import launch

PROJECT, NAME = "demo", "lora-lm"
PLAN = Path(settings.BASE_DIR) / "examples" / "lora_lm.yaml"
# A short study still has to show a STOP: judged from three peers on, one control trial in eight.
SHORT_BELOW, SHORT_MIN_PEERS, SHORT_CONTROL_EVERY = 20, 3, 8


def demo_plan(trials: int | None) -> tuple[Plan, str]:
    """Return the demo's plan and its source; with `trials`, a study of its own with that many."""
    source = PLAN.read_text()
    plan = read_plan(source)
    if trials is None or trials == plan.budget.trials:
        return plan, source
    plan = replace(plan, name=f"{NAME}-{trials}", budget=replace(plan.budget, trials=trials))
    return (_short(plan) if trials < SHORT_BELOW else plan), ""


def _short(plan: Plan) -> Plan:
    policy = dict(plan.policy) if plan.policy is not None and not isinstance(plan.policy, str) else {}
    safeguards = policy.get("safeguards")
    policy["safeguards"] = {
        **(safeguards if isinstance(safeguards, dict) else {}),
        "min_peers": SHORT_MIN_PEERS,
        "control_every": SHORT_CONTROL_EVERY,
    }
    return replace(plan, policy=policy)


def find_or_launch(*, trials: int | None, fresh: bool, at: datetime) -> tuple[Study, bool]:
    """Return the demo study and whether it was launched just now; `fresh` deletes an earlier one first.

    Deleting erases the study's data; its ledger stays, closed by a tombstone.
    """
    project = _project(at)
    plan, source = demo_plan(trials)
    found = Study.objects.filter(project=project, name=plan.name).first()
    if found is not None and fresh:
        with transaction.atomic():
            found.delete()
        found = None
    if found is not None:
        return found, False
    user = get_user_model().objects.order_by("pk").first()
    return launch(plan, project=project, user=user, source=source, at=at), True


def _project(at: datetime) -> Project:
    project, _ = Project.objects.get_or_create(slug=PROJECT, defaults={"name": "Demo", "created_at": at})
    for user in get_user_model().objects.filter(is_superuser=True):
        Membership.objects.get_or_create(project=project, user=user, defaults={"role": Role.OWNER})
    return project


@dataclass(frozen=True)
class Progress:
    """How far a study has come, for one line on the command line."""

    ended: int
    total: int
    pruned: int
    failed: int
    running: int
    saved: float
    """Share of the ended trials' planned steps that was left untrained, 0 to 1."""
    best: float | None
    metric: str
    seconds_left: float | None
    preparing: str
    done: bool

    def line(self) -> str:
        """Return one line, at most about 110 characters."""
        if self.preparing:
            return self.preparing
        best = f"best {self.metric} {self.best:.4f}" if self.best is not None else "no trial finished yet"
        left = "" if self.seconds_left is None or self.done else f"  about {_minutes(self.seconds_left)} left"
        failed = f", {self.failed} failed" if self.failed else ""
        return (
            f"{_bar(self.ended, self.total)} {self.ended} of {self.total} trials ended: {self.pruned} pruned{failed}, "
            f"{self.running} running; {self.saved:.0%} of their compute saved; {best}{left}"
        )


def progress(study: Study, *, slots: int) -> Progress:
    """Return how far a study has come."""
    study.refresh_from_db()
    total = study.plan().budget.trials
    planned = study.n_ended * study.horizon
    return Progress(
        ended=study.n_ended,
        total=total,
        pruned=study.n_pruned,
        failed=study.n_failed,
        running=study.n_running,
        saved=study.steps_saved / planned if planned else 0.0,
        best=study.best_value,
        metric=study.metric,
        seconds_left=_seconds_left(study, total, slots),
        preparing=_preparing(study),
        done=study.state == Study.State.ENDED,
    )


def _seconds_left(study: Study, total: int, slots: int) -> float | None:
    """Return the remaining time at the mean slot seconds of the trials that have ended; None before the second."""
    if study.n_ended < 2 or not study.slot_seconds:
        return None
    return study.slot_seconds / study.n_ended * max(0, total - study.n_ended) / max(1, slots)


def _preparing(study: Study) -> str:
    job = study.jobs.filter(kind="prepare").exclude(state=Job.State.DONE).order_by("-id").first()
    if job is None:
        return ""
    if job.state == Job.State.FAILED:
        return f"Preparing failed: {job.message}"
    return f"{_bar(job.done, job.total)} Preparing: {job.message or 'waiting for a worker'}"


def _bar(done: float, total: float, width: int = 20) -> str:
    filled = round(width * min(1.0, done / total)) if total else 0
    return "[" + "#" * filled + "." * (width - filled) + "]"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def summary(study: Study) -> Iterator[str]:
    """Yield what came out, a sentence a line."""
    study.refresh_from_db()
    yield study.ending_sentence
    if study.best_value is not None and study.best_number is not None:
        best = Trial.objects.get(study=study, number=study.best_number)
        first = Trial.objects.get(study=study, number=0)
        yield f"The best, trial {best.number}, reached {study.metric} {study.best_value:.4f}."
        if first.value is not None and first.origin == Trial.Origin.DEFAULTS:
            yield f"The defaults, trial 0, reached {first.value:.4f}."
    planned = study.n_ended * study.horizon
    if planned:
        yield (
            f"{study.n_pruned} of {study.n_ended} trials were pruned; "
            f"that left {study.steps_saved / planned:.0%} of the planned {study.step_unit} untrained."
        )
    if study.n_failed:
        yield f"{study.n_failed} trials failed; their pages say why."


def ended_well(study: Study) -> bool:
    """Say whether the study ended by itself, with a result and without failures."""
    study.refresh_from_db()
    return (
        study.state == Study.State.ENDED
        and study.ending_code == "finished"
        and study.best_value is not None
        and study.n_failed == 0
    )
