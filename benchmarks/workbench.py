"""What the measuring scripts share: the product on a new database, and verdicts of a simulated study."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pruning.policy import Policy
from pruning.rules.base import Verdict
from pruning.simulate import Pool, Recording, simulate

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


def pool(n: int, *, seed: int = 0, reports: int = 20) -> Pool:
    """Return falling curves whose order at a report agrees more and more with the end."""
    random = np.random.default_rng(seed)
    steps = np.linspace(HORIZON / reports, HORIZON, reports).astype(int)
    ends = random.normal(2.0, 0.3, n)
    recordings = []
    for number, end in enumerate(ends):
        start, pace = random.normal(4.0, 0.4), random.uniform(0.04, 0.12)
        values = end + (start - end) * np.exp(-pace * steps) + random.normal(0, 0.02, reports)
        recordings.append(Recording.of(str(number), steps, values))
    return Pool(metric="val_loss", maximize=False, horizon=HORIZON, recordings=tuple(recordings))


def verdicts(n: int = 400, policy: str = "balanced") -> Sequence[Verdict]:
    """Return the verdicts of a simulated study, in order."""
    return [judged.verdict for judged in simulate(pool(n), Policy.from_mapping(policy)).verdicts]


def bodies(found: Sequence[Verdict]) -> Iterator[bytes]:
    """Yield canonical bytes of verdicts' rows, over and over."""
    import uuid

    from pruning.ledger import seal

    uid = uuid.uuid4()
    made = [bytes(seal(uid, entry(verdict, n), "0" * 64, AT).body) for n, verdict in enumerate(found)]
    return itertools.cycle(made)


def entry(verdict: Verdict, sequence: int) -> object:
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

    def append(self, n: int) -> None:
        """Append `n` rows; the caller opens the transaction."""
        from pruning import ledger

        entries = [entry(next(self.verdicts), self.study.sequence + 1 + k) for k in range(n)]
        ledger.append_many(self.study, entries, at=AT)
        self.study.sequence += n
