"""Studies that really report: launched, claimed and told through the doors of the ground floor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from django.db import transaction

from pruning.models import PruningEvent
from trials import endings, head, reporting
from trials.models import Attempt, Project, Study, Trial
from trials.plan import Budget, Objective, Plan
from trials.running.claims import claim
from trials.seam import Decision
from trials.series import Point
from trials.space import Float, Space
from trials.studies import launch, new_trial

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HORIZON = 16
STEPS = (1, 2, 4, 8, 16)
"""Where trials report: the looks, one step before them and the end."""
POLICY: Mapping[str, object] = {
    "looks": [2, 4, 8],
    "gates": [{"rule": "divergence"}],
    "strategy": {"rule": "asha", "eta": 2},
    "safeguards": {"min_peers": 3, "control_every": 5},
}


def a_plan(**changes: object) -> Plan:
    """Return a plan judged by asynchronous halving, sixteen steps long."""
    values: dict[str, object] = {
        "name": "a study",
        "objectives": (Objective(metric="val_loss", direction="minimize"),),
        "space": Space((Float(name="x", low=0.0, high=1.0),)),
        "budget": Budget(trials=1000),
        "horizon": HORIZON,
        "seed": 7,
        "policy": POLICY,
        **changes,
    }
    return Plan(**values)  # type: ignore[arg-type]  # a test names fields freely


def a_study(**changes: object) -> Study:
    """Launch a study in a project of its own."""
    project, _ = Project.objects.get_or_create(slug="lab", defaults={"name": "Lab", "created_at": NOW})
    return launch(a_plan(**changes), project=project, user=None, source="", at=NOW)


@transaction.atomic
def an_attempt(study: Study, **more: object) -> Attempt:
    """Add one trial, as the sampler would, and claim it."""
    locked = head.lock(study.pk)
    origin = {"origin": Trial.Origin.SAMPLER, "suggestion": locked.next_suggestion, **more}
    new_trial(locked, {"x": 0.5}, at=NOW, **origin)  # type: ignore[arg-type]
    attempt = claim(None, queue="cpu", slot=0, device="cpu", at=NOW, claimed_by="tester", study=study)
    assert attempt is not None
    return attempt


def tell(attempt: Attempt, step: int, value: float, **metrics: float) -> Decision:
    """Report one point as a batch of its own."""
    points = [Point(step=step, metrics={"val_loss": value, **metrics})]
    return reporting.report(attempt_id=attempt.pk, batch=step, points=points, at=NOW)


def train(attempt: Attempt, values: Sequence[float], *, after: int = 0) -> Decision:
    """Report values at the STEPS beyond `after` until told to halt; complete at the horizon."""
    decision, step = Decision(), 0
    for step, value in zip([step for step in STEPS if step > after], values, strict=False):
        decision = tell(attempt, step, value)
        if decision.action.halts:
            return decision
    if step == HORIZON:
        endings.complete(attempt, at=NOW)
    return decision


def falling(floor: float) -> list[float]:
    """Return a curve over STEPS that falls to `floor`: the order of the floors is the order at every step."""
    return [floor + 2 * math.exp(-0.3 * step) for step in STEPS]


def a_played_study(floors: Sequence[float], **changes: object) -> Study:
    """Launch a study and train one trial after the other, each falling to its floor."""
    study = a_study(**changes)
    for floor in floors:
        train(an_attempt(study), falling(floor))
    study.refresh_from_db()
    return study


def events(study: Study) -> list[PruningEvent]:
    """Return the study's ledger in order."""
    return list(PruningEvent.objects.of_study(study).order_by("sequence"))


def last_event(study: Study) -> PruningEvent:
    """Return the newest row of the study's ledger."""
    return PruningEvent.objects.of_study(study).latest("sequence")
