"""What the measuring scripts share: the product on a new database, and verdicts of a simulated study."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pruning.policy import Policy
from pruning.rules.base import Curve, Verdict
from pruning.simulate import Pool, Recording, simulate

if TYPE_CHECKING:
    from pruning.ledger import Entry
    from trials.models import Study

AT = datetime(2026, 1, 1, tzinfo=UTC)
HORIZON = 64


def set_up(*, migrate: bool = False) -> None:
    """Start Django on the data directory that `ESPALIER_DATA_DIR` names."""
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tuning_site.settings")
    django.setup()
    if migrate:
        Path(os.environ["ESPALIER_DATA_DIR"]).mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0, stdout=sys.stderr)


def steps(reports: int) -> NDArray[np.int64]:
    """Return the steps at which a trial of so many reports reports: evenly spaced, the last at the horizon."""
    return np.linspace(HORIZON / reports, HORIZON, reports).astype(np.int64)


def curves(n: int, *, seed: int = 0, reports: int = 20) -> Iterator[NDArray[np.float64]]:
    """Yield falling curves, float64[reports], whose order at a report agrees more and more with the end."""
    random, at = np.random.default_rng(seed), steps(reports)
    for end in random.normal(2.0, 0.3, n):
        start, pace = random.normal(4.0, 0.4), random.uniform(0.04, 0.12)
        yield end + (start - end) * np.exp(-pace * at) + random.normal(0, 0.02, reports)


def pool(n: int, *, seed: int = 0, reports: int = 20) -> Pool:
    """Return such curves as a pool."""
    at = steps(reports)
    recordings = [Recording.of(str(k), at, values) for k, values in enumerate(curves(n, seed=seed, reports=reports))]
    return Pool(metric="val_loss", maximize=False, horizon=HORIZON, recordings=tuple(recordings))


def verdicts(n: int = 400, policy: str = "balanced") -> Sequence[Verdict]:
    """Return the verdicts of a simulated study, in order."""
    return [judged.verdict for judged in simulate(pool(n), Policy.from_mapping(policy)).verdicts]


def bare_rows(found: Sequence[Verdict]) -> Iterator[list[object]]:
    """Yield the column values of verdicts' rows as the driver takes them, each under a sequence number of its own."""
    import uuid

    from django.db import connection

    from pruning import writing
    from pruning.ledger import seal

    uid = uuid.uuid4()
    rows = (seal(uid, entry(verdict, n), "0" * 64, AT) for n, verdict in enumerate(found))
    made = [writing.values_of(row.columns, connection) for row in rows]
    place = [field.attname for field in writing.FIELDS].index("sequence")
    for sequence in itertools.count():
        values = list(made[sequence % len(made)])
        values[place] = sequence
        yield values


def entry(verdict: Verdict, sequence: int) -> Entry:
    """Return the ledger entry of a verdict under a sequence number."""
    from pruning.ledger import Entry
    from pruning.models import PruningEvent

    return Entry(
        kind=PruningEvent.Kind.VERDICT,
        sequence=sequence,
        attempt=1,
        step=verdict.step,
        verdict=verdict.kind,
        rule=verdict.rule,
        rule_version=verdict.version,
        policy="f" * 64,
        reason=verdict.reason,
        motive=verdict.motive,
        sentence=verdict.sentence(),
        evidence=dict(verdict.evidence),
    )


class Ledger:
    """A study with nothing but a ledger, which grows by verdicts over and over."""

    def __init__(self, name: str, found: Sequence[Verdict]) -> None:
        from trials.models import Project, Study

        project, _ = Project.objects.get_or_create(slug="bench", defaults={"name": "bench", "created_at": AT})
        self.study = Study.objects.create(
            project=project,
            name=name,
            created_at=AT,
            last_activity_at=AT,
            metric="val_loss",
            direction="minimize",
            horizon=HORIZON,
        )
        self.verdicts = itertools.cycle(found)

    def entries(self, n: int) -> list[Entry]:
        """Return the next `n` entries."""
        return [entry(next(self.verdicts), self.study.sequence + 1 + k) for k in range(n)]

    def append(self, entries: Sequence[Entry]) -> None:
        """Append entries; the caller opens the transaction."""
        from pruning import ledger

        ledger.append_many(self.study, entries, at=AT)
        self.study.sequence += len(entries)


def launched(name: str, policy: str | Mapping[str, object], *, reports: int, trials: int) -> Study:
    """Launch a study that other programs report to."""
    from trials.models import Project
    from trials.plan import read_data
    from trials.studies import launch

    plan = {
        "name": name,
        "objectives": [{"metric": "val_loss", "direction": "minimize"}],
        "space": {"x": {"type": "float", "low": 0.0, "high": 1.0}},
        "horizon": HORIZON,
        "report_steps": [int(step) for step in steps(reports)],
        "policy": policy,
        "budget": {"trials": trials},
    }
    project, _ = Project.objects.get_or_create(slug="bench", defaults={"name": "bench", "created_at": AT})
    return launch(read_data(plan), project=project, user=None, source="", at=AT)


class GrownStudy:
    """A study in memory, with so many trials that have trained to their ends."""

    def __init__(self, policy: str, *, finished: int, reports: int) -> None:
        from pruning.history import Course
        from pruning.standing import standing_of

        self.study = launched(f"grown to {finished}", policy, reports=reports, trials=1_000_000)
        self.standing = standing_of(self.study)
        self.course = Course(self.study)
        self.course.population.look_at(self.looks)
        self.steps = steps(reports)
        self.n = 0
        for values in curves(finished, reports=reports):
            best = np.minimum.accumulate(values)
            for look in (*self.looks, HORIZON):
                at = int(np.searchsorted(self.steps, look))
                self.course.population.observe(self.n, look, value=float(values[at]), best=float(best[at]))
            self.course.population.complete(self.n)
            self.n += 1

    @property
    def looks(self) -> tuple[int, ...]:
        """Return the policy's decision points."""
        return self.standing.looks

    @property
    def fingerprint(self) -> str:
        """Return the policy's fingerprint."""
        return self.standing.policy.fingerprint

    @property
    def calibration(self) -> object:
        """Return the calibration in force, if there is one."""
        terms = self.standing.policy.terms
        return self.course.population.in_force(terms) if terms is not None else None

    def arrive(self, values: NDArray[np.float64]) -> Arrival:
        """Return the next trial, which is about to train along these values."""
        self.n += 1
        return Arrival(self, self.n - 1, values)


class Arrival:
    """One trial on its way through a grown study."""

    def __init__(self, grown: GrownStudy, number: int, values: NDArray[np.float64]) -> None:
        from trials.models import Trial

        self.grown, self.values, self.best = grown, values, np.minimum.accumulate(values)
        self.trial = Trial(study=grown.study, number=number, suggestion=number)

    def judge(self, look: int) -> Verdict:
        """Return the verdict at a look, gathered and judged as the reviewer does."""
        from pruning.briefing import facts_of
        from pruning.history import Seen

        grown = self.grown
        at = int(np.searchsorted(grown.steps, look))
        value, best = float(self.values[at]), float(self.best[at])
        grown.course.take_in(Seen(0, self.trial.number, look, value, best))
        facts = facts_of(
            grown.study,
            self.trial,
            attempt=1,
            step=look,
            standing=grown.standing,
            population=grown.course.population,
            is_pinned=False,
            read=lambda trial, metric, attempt: Curve(steps=grown.steps[: at + 1], values=self.values[: at + 1]),
        )
        return grown.standing.policy.judge(facts)


def reporter(study: Study) -> Callable[[int, float], bool]:
    """Add and claim a trial; return a function that tells a step and its value, and says whether to stop."""
    from django.db import transaction
    from django.utils import timezone

    from trials import head, reporting
    from trials.models import Trial
    from trials.running.claims import claim
    from trials.series import Point
    from trials.studies import new_trial

    with transaction.atomic():
        locked = head.lock(study.pk)
        suggestion = locked.next_suggestion
        new_trial(locked, {"x": 0.5}, origin=Trial.Origin.SAMPLER, suggestion=suggestion, at=timezone.now())
        attempt = claim(None, queue="cpu", slot=0, device="cpu", at=timezone.now(), claimed_by="bench", study=study)
    if attempt is None:
        raise RuntimeError(f"study {study.name}: nothing waits, though a trial was just added")
    batches = itertools.count(1)

    def report(step: int, value: float) -> bool:
        points = [Point(step=step, metrics={"val_loss": value})]
        at = timezone.now()
        return reporting.report(attempt_id=attempt.pk, batch=next(batches), points=points, at=at).action.halts

    return report


def settle() -> None:
    """Do what a running site does in the minute after a study was filled: a filled log slows every reader down.

    SQLite's log is written back (`manage.py up` does so every second), and PostgreSQL has its statistics (autovacuum).
    """
    from django.db import connection

    from tuning_site.sqlite import checkpoint_once

    if connection.vendor == "sqlite":
        checkpoint_once()
        return
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
