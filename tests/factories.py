"""A study as pages meet it: launched, searched, reported and judged through the real doors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.apps import apps
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model

from trials import endings, head
from trials.models import (
    Attempt,
    EndingCount,
    Job,
    Membership,
    MetricSummary,
    Observation,
    Project,
    Revision,
    Role,
    SeriesChunk,
    SeriesTail,
    Study,
    Trial,
    TrialParam,
)
from trials.plan import Budget, Enqueued, Objective, Plan
from trials.reporting import report
from trials.running.claims import claim
from trials.seam import Decision
from trials.series import Point
from trials.space import Categorical, Float, Int, Space
from trials.studies import launch, new_trial

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HORIZON = 16
LOOKS = (4, 8)
# Where curves are told: few points, because each is judged.
STEPS = (1, 2, 4, 6, 8, 12, HORIZON)
PASSWORD = "a long enough word"
POLICY: Mapping[str, object] = {
    "looks": list(LOOKS),
    "gates": [{"rule": "divergence"}],
    "strategy": {"rule": "asha", "eta": 2.0},
    "safeguards": {"min_peers": 3, "control_every": 4},
}
SPACE = Space(
    (
        Float(name="learning_rate", low=1e-5, high=1e-1, log=True),
        Int(name="batch_size", low=8, high=64),
        Float(name="dropout", low=0.0, high=0.5),
        Categorical(name="optimizer", choices=("adamw", "adafactor")),
    )
)
DEFAULTS = {"learning_rate": 1e-3, "batch_size": 32, "dropout": 0.1, "optimizer": "adamw"}


def a_person(
    name: str, project: Project | None = None, role: str = Role.EDITOR, *, password: str | None = None
) -> User:
    """Return a person, with a role in a project if one is given; without a password, as hashing one takes time."""
    person = User.objects.create_user(username=name, password=password)
    if project is not None:
        Membership.objects.create(project=project, user=person, role=role)
    return person


def a_project(slug: str = "text-lab", name: str = "Text lab") -> Project:
    """Return a project by its slug."""
    return Project.objects.get_or_create(slug=slug, defaults={"name": name, "created_at": NOW})[0]


def a_plan(**changes: object) -> Plan:
    """Return a plan with every kind of parameter, judged by asynchronous halving."""
    values: dict[str, object] = {
        "name": "a study",
        "hypothesis": "A higher learning rate needs a larger batch.",
        "objectives": (Objective(metric="val_loss", direction="minimize"),),
        "space": SPACE,
        "budget": Budget(trials=30, slot_hours=40.0),
        "horizon": HORIZON,
        "seed": 7,
        "policy": POLICY,
        "defaults": DEFAULTS,
        **changes,
    }
    return Plan(**values)  # type: ignore[arg-type]  # a test names fields freely


def a_study(project: Project | None = None, **changes: object) -> Study:
    """Launch a study."""
    return launch(a_plan(**changes), project=project or a_project(), user=None, source="", at=NOW)


def configuration(place: float) -> dict[str, object]:
    """Return a configuration; the place in [0, 1) orders them."""
    return {
        "learning_rate": 10 ** (-5 + 4 * place),
        "batch_size": 8 + int(56 * place),
        "dropout": round(0.5 * place, 4),
        "optimizer": "adamw" if place < 0.5 else "adafactor",
    }


@transaction.atomic
def an_attempt(study: Study, params: Mapping[str, object] | None = None, *, at: datetime = NOW) -> Attempt:
    """Claim the next trial: one that waits, else a new one as the sampler would suggest it."""
    locked = head.lock(study.pk)
    if not study.trials.waiting().exists():
        new_trial(
            locked, params or configuration(0.5), origin=Trial.Origin.SAMPLER, suggestion=_suggestion(study), at=at
        )
    attempt = claim(None, queue="cpu", slot=0, device="cpu", at=at, claimed_by="tester", study=study)
    assert attempt is not None
    return attempt


def _suggestion(study: Study) -> int:
    return study.trials.filter(origin=Trial.Origin.SAMPLER).count()


def tell(attempt: Attempt, batch: int, *points: tuple[int, float], at: datetime = NOW) -> Decision:
    """Report (step, val_loss) points as one batch."""
    told = [Point(step=step, metrics={"val_loss": value, "train_loss": value * 0.9}) for step, value in points]
    return report(attempt_id=attempt.pk, batch=batch, points=told, at=at)


def train(attempt: Attempt, floor: float, *, until: int = HORIZON, at: datetime = NOW) -> Decision:
    """Report a curve that falls to `floor`, a batch up to each look, until told to halt; complete at the horizon."""
    decision = Decision()
    ends = [look for look in LOOKS if look < until] + [until]
    for batch, (start, end) in enumerate(zip([0, *ends], ends, strict=False), start=1):
        points = [(step, floor + 2 * math.exp(-0.3 * step)) for step in STEPS if start < step <= end]
        decision = tell(attempt, batch, *points, at=at + timedelta(seconds=end))
        if decision.action.halts:
            return decision
    if until == HORIZON:
        attempt.refresh_from_db()
        endings.complete(attempt, at=at + timedelta(seconds=until))
    return decision


@dataclass(frozen=True)
class Played:
    """A study in the middle of its course, with a trial for every way of standing."""

    study: Study
    running: Attempt
    failed: Trial
    diverged: Trial


FLOORS = (0.50, 0.55, 0.45, 0.60, 0.40, 0.70, 0.65, 0.35, 0.80)


def a_played_study(project: Project | None = None, *, floors: Sequence[float] = FLOORS, **changes: object) -> Played:
    """Launch a study and train trials one after the other; leave one failed, one diverged, one running."""
    study = a_study(project, **changes)
    for place, floor in enumerate(floors):
        attempt = an_attempt(study, configuration(place / len(floors)), at=NOW + timedelta(minutes=place))
        train(attempt, floor, at=NOW + timedelta(minutes=place))
    failed = an_attempt(study, configuration(0.3))
    tell(failed, 1, (1, 2.5))
    failed.refresh_from_db()
    endings.fail(
        failed,
        code="error",
        sentence="Ended by an error: ValueError: no such file.",
        traceback="Traceback\nValueError",
        at=NOW,
    )
    diverged = an_attempt(study, configuration(0.95))
    tell(diverged, 1, (1, float("nan")))
    running = an_attempt(study, configuration(0.2))
    train(running, 0.52, until=6)
    study.refresh_from_db()
    return Played(study, running, Trial.objects.get(pk=failed.trial_id), Trial.objects.get(pk=diverged.trial_id))


class Snapshot:
    """A played study, kept row by row: playing it takes a second, writing its rows again a fraction of that."""

    def __init__(self) -> None:
        self.rows: list[list[Model]] = []
        self.played: Played | None = None

    def restore(self, project: Project) -> Played:
        """Return the study as first played, in this project."""
        if self.played is None:
            self.played = a_played_study(project)
            self.rows = [list(model._default_manager.order_by("pk")) for model in _tables()]
            return self.played
        for rows in self.rows:
            for row in rows:
                if isinstance(row, Study):
                    row.project = project
            if rows:
                type(rows[0])._default_manager.bulk_create(rows)
        study = Study.objects.get(pk=self.played.study.pk)
        return Played(
            study,
            Attempt.objects.select_related("trial__study").get(pk=self.played.running.pk),
            Trial.objects.get(pk=self.played.failed.pk),
            Trial.objects.get(pk=self.played.diverged.pk),
        )


def _tables() -> list[type[Model]]:
    """Return what playing a study fills, every table after those it points to."""
    upstairs = [apps.get_model("pruning", name) for name in ("Policy", "PolicyVersion", "LedgerHead", "PruningEvent")]
    downstairs = (
        Study,
        Revision,
        EndingCount,
        Job,
        Trial,
        TrialParam,
        Attempt,
        SeriesTail,
        SeriesChunk,
        MetricSummary,
        Observation,
    )
    return [*downstairs, *upstairs]


HOSTILE_NAMES = (
    "<b>x</b>",
    '"><script>alert(1)</script>',
    "y" * 200,
    "🌲🌳 pruned ✂️",
    "\u202eright to left \u05d0\u05d1\u05d2",
    "'; DROP TABLE study; --",
    "{{ 7 * 7 }}{% now 'Y' %}",
)


def a_hostile_study(project: Project | None = None) -> Study:
    """Launch a study whose every name is an attack on a page that forgets to escape."""
    space = Space(
        (
            Float(name="<b>lr</b>", low=1e-5, high=1e-1, log=True),
            Categorical(name='"><script>alert(2)</script>', choices=("<i>a</i>", "</script>", "🌲")),
        )
    )
    params = {"<b>lr</b>": 1e-3, '"><script>alert(2)</script>': "</script>"}
    study = a_study(
        project,
        name=HOSTILE_NAMES[1],
        hypothesis="<img src=x onerror=alert(3)>",
        objectives=(Objective(metric="val_loss</script><script>alert(4)</script>", direction="minimize"),),
        space=space,
        defaults=None,
        enqueue=tuple(Enqueued(params=params) for _ in range(6)),
    )
    for place in range(5):
        attempt = an_attempt(study)
        values = [1.0 + place / 10 + 2 * math.exp(-0.3 * step) for step in STEPS]
        points = [
            Point(step=step, metrics={study.metric: value, "<u>other</u>": value})
            for step, value in zip(STEPS, values, strict=True)
        ]
        if not report(attempt_id=attempt.pk, batch=1, points=points, at=NOW).action.halts:
            attempt.refresh_from_db()
            endings.complete(attempt, at=NOW)
    failing = an_attempt(study)
    endings.fail(
        failing, code="error", sentence="<script>alert(5)</script>", traceback="</pre><script>alert(6)</script>", at=NOW
    )
    for name in HOSTILE_NAMES[2:]:
        a_study(project, name=name)
    study.refresh_from_db()
    return study
