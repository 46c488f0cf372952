"""Studies for tests of the ground floor: launched through the real door, judged by a scripted reviewer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from trials.models import Attempt, Project, Study, Trial
from trials.plan import Budget, Objective, Plan
from trials.reporting import report
from trials.seam import Action, Decision, KeepEverything, Moment
from trials.series import Point
from trials.space import Float, Space

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class ScriptedReviewer(KeepEverything):
    """Answers from a script by (trial number, step); remembers what it was told."""

    looks: ClassVar[tuple[int, ...]] = (4, 8)
    script: ClassVar[dict[tuple[int, int], Decision]] = {}
    heard: ClassVar[list[tuple[str, int]]] = []
    moments: ClassVar[list[Moment]] = []
    alarms: ClassVar[set[int]] = set()
    resumes: ClassVar[list[int]] = []

    @classmethod
    def reset(cls) -> None:
        cls.looks, cls.script, cls.heard, cls.moments, cls.alarms = (4, 8), {}, [], [], set()
        cls.resumes = []

    def decision_points(self, plan: Plan) -> tuple[int, ...]:
        return self.looks

    def alarmed(self, moment: Moment) -> bool:
        return moment.step in self.alarms

    def review(self, moment: Moment) -> Decision:
        self.moments.append(moment)
        return self.script.get((moment.trial.number, moment.step), Decision(step=moment.step))

    def ended(self, trial: Trial, *, sequence: int) -> None:
        self.heard.append((f"ended {trial.number} {trial.ending_code}", sequence))

    def intervened(
        self, study: Study, trial: Trial | None, *, action: str, person: str, note: str, sequence: int
    ) -> None:
        self.heard.append((f"{action} by {person}", sequence))

    def next_to_resume(self, study: Study) -> Trial | None:
        paused = study.trials.filter(state=Trial.State.PAUSED, number__in=self.resumes)
        return paused.order_by("number").first()

    def closed(self, study: Study, *, sequence: int) -> None:
        self.heard.append((f"closed {study.ending_code}", sequence))


SCRIPTED = f"{__name__}.{ScriptedReviewer.__qualname__}"
STOP_AT_4 = Decision(
    action=Action.STOP, code="outpaced", motive="speed", sentence="Stopped at step 4: too slow.", step=4
)
PAUSE_AT_4 = Decision(
    action=Action.PAUSE, code="outpaced", motive="speed", sentence="Paused at step 4: too slow.", step=4
)


def a_plan(**changes: object) -> Plan:
    """Return a plan for a study that other programs report to, ten steps long."""
    values: dict[str, object] = {
        "name": "a study",
        "objectives": (Objective(metric="loss", direction="minimize"),),
        "space": Space((Float(name="x", low=0.0, high=1.0),)),
        "budget": Budget(trials=3),
        "horizon": 10,
        **changes,
    }
    return Plan(**values)  # type: ignore[arg-type]  # a test names fields freely


def a_study(**changes: object) -> Study:
    """Launch a study in a project of its own."""
    from trials.studies import launch

    project, _ = Project.objects.get_or_create(slug="lab", defaults={"name": "Lab", "created_at": NOW})
    return launch(a_plan(**changes), project=project, user=None, source="", at=NOW)


def an_attempt(study: Study, *, number: int | None = None) -> Attempt:
    """Claim one trial of the study, as a worker without a database row would over HTTP."""
    from trials.running.claims import claim
    from trials.search import top_up

    top_up(study, free_slots=1, at=NOW)
    attempt = claim(None, queue="cpu", slot=0, device="cpu", at=NOW, claimed_by="tester", study=study)
    assert attempt is not None
    return attempt


def tell(attempt: Attempt, batch: int, step: int, loss: float) -> None:
    """Report one value of the loss, as a batch of its own."""
    report(attempt_id=attempt.pk, batch=batch, points=[Point(step=step, metrics={"loss": loss})], at=NOW)
