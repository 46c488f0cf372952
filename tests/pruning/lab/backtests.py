"""Backtests as the lab has them: asked for through its door, played by the real code of jobs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.contrib.auth.models import User

from pruning.lab import asking, sessions
from pruning.models import Backtest
from tests import factories
from tests.pruning.curves.folders import a_folder, falling
from tests.pruning.studies import a_played_study
from trials.closing import stop_study
from trials.models import Job, Project, Study, Worker
from trials.running import checkpoints, jobs

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FLOORS = [n / 10 for n in range(16)]


def a_finished_study(floors: Sequence[float] = FLOORS, **changes: object) -> Study:
    """Return an ended study of the project `lab` whose trials fall to their floors; nothing was stopped."""
    study = a_played_study(floors, **{"policy": "off", **changes})
    stop_study(study, person="robin", note="", at=NOW)
    study.refresh_from_db()
    return study


def curves(folder: Path, *names: str) -> Path:
    """Write a folder of recorded curves with a task per name."""
    return a_folder(
        folder, {name: falling(20, seed=place) for place, name in enumerate(names or ("toys__a", "toys__b"))}
    )


def a_worker() -> Worker:
    """Return a living process of `work`."""
    facts = {"host": checkpoints.host(), "pid": os.getpid(), "started_at": NOW, "stopped_at": None}
    return Worker.objects.update_or_create(name="work", defaults=facts)[0]


def an_editor(name: str = "editor", slug: str = "lab") -> User:
    """Return an editor of a project."""
    project, _ = Project.objects.get_or_create(slug=slug, defaults={"name": slug.title(), "created_at": NOW})
    return factories.a_person(name, project)


def asked(user: User, **changes: object) -> Backtest:
    """Ask for a backtest in the project `lab`."""
    wish: dict[str, object] = {
        "project": "lab",
        "policies": ["payoff", "asha", "full"],
        "orders": 2,
        "workers": 2,
        **changes,
    }
    return sessions.start(asking.read(wish, user), user=user)


def play(backtest: Backtest) -> Job:
    """Run the backtest's job until it does not wait any more, as a `work` process does."""
    worker = a_worker()
    while jobs.run(backtest.job_id, worker=worker):
        pass
    backtest.refresh_from_db()
    return Job.objects.get(pk=backtest.job_id)


def a_played(user: User, **changes: object) -> Backtest:
    """Return a backtest that has been played."""
    backtest = asked(user, **changes)
    assert play(backtest).state == Job.State.DONE, backtest.job.message
    return backtest
