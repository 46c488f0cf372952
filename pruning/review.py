"""The reviewer that `settings.TRIAL_REVIEWER` names: policies judge, and the ledger records why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from pruning import advising, by_person, carding, entries, ledger, versions
from pruning.briefing import ReadCurve, bad_looks_before, facts_of, stream_of
from pruning.history import Course, Seen
from pruning.ledger import Entry
from pruning.memory import course_at
from pruning.models import PruningEvent
from pruning.recalibrating import calibrations_recorded
from pruning.resuming import may_resume, no_more_to_come, resume_next
from pruning.rules.base import EMPTY, Curve, Verdict
from pruning.rules.resuming import Resuming
from pruning.rules.settings import PolicyError
from pruning.standing import Standing, labels_of, policy_of, root_number, standing_of
from pruning.surroundings import surroundings, take
from trials import head, series
from trials.models import Project, Revision, Study, Trial
from trials.models.project import Person
from trials.plan import Plan, Problem
from trials.seam import Action, Advice, Decision, Gate, Moment

Kind = PruningEvent.Kind


class LedgerReviewer:
    """Judges by the plan's policy and writes one ledger row for every sequence number it is handed."""

    def check_plan(self, plan: Plan) -> Sequence[Problem]:
        """Return what is wrong with the plan's policy, by path and with the remedy."""
        try:
            found: Sequence[object] = policy_of(plan).problems(
                horizon=plan.horizon,
                report_steps=plan.report_steps,
                metrics=plan.metrics,
                labels=labels_of(plan),
            )
        except PolicyError as error:
            found = error.problems
        return [Problem(path=problem.path, message=problem.message) for problem in found]  # type: ignore[attr-defined]

    def decision_points(self, plan: Plan) -> tuple[int, ...]:
        """Return the policy's looks on a plan of this length."""
        return policy_of(plan).grid(horizon=plan.horizon, report_steps=plan.report_steps)

    def describe(self, plan: Plan) -> Mapping[str, object]:
        """Return the policy's name, its version in the library (0 before its first launch) and what it does."""
        policy = policy_of(plan)
        return {
            "name": policy.name,
            "version": versions.version_of(policy),
            "fingerprint": policy.fingerprint,
            "description": policy.description,
        }

    def forecast(self, plan: Plan, *, user: Person | None, project: Project | None = None) -> Gate:
        """Return what the plan's policy would have done to similar past studies."""
        return advising.forecast_of(plan, user=user, project=project)

    def advise(self, plan: Plan, *, user: Person | None, project: Project | None = None) -> Advice:
        """Return the policies that did well on similar past studies."""
        return advising.advice_for(plan, user=user)

    def settled(self, plan: Plan, *, project: Project, before: Plan | None = None) -> Plan:
        """Return the plan with what it takes from past studies put in as numbers."""
        return advising.settled(plan, project=project, before=before)

    def launched(self, study: Study, revision: Revision, *, sequence: int) -> None:
        """Open the study's ledger with its plan and policy."""
        said = f"The study {study.name} was registered"
        self._registered(study, revision, Kind.LAUNCHED, sequence, said)

    def amended(self, study: Study, revision: Revision, *, sequence: int) -> None:
        """Record a later revision; it holds for decisions from here on."""
        said = f"Revision {revision.number} took effect: {revision.reason}"
        self._registered(study, revision, Kind.AMENDED, sequence, said.rstrip("."))

    def alarmed(self, moment: Moment) -> bool:
        """Ask the gates, which need the trial's own points alone."""
        standing = standing_of(moment.study, moment.revision)
        if not standing.policy.gates:
            return False
        facts = facts_of(
            moment.study,
            moment.trial,
            attempt=moment.attempt.number,
            step=moment.step,
            standing=standing,
            population=None,
            is_pinned=moment.trial.pinned,
            read=live_curves(moment),
        )
        return standing.policy.is_alarmed(facts)

    def review(self, moment: Moment) -> Decision:
        """Judge one moment as of its sequence number, record the verdict, answer with it."""
        study, trial, sequence = moment.study, moment.trial, moment.sequence
        standing = standing_of(study, moment.revision)
        course = course_of(moment) if moment.is_look else None
        at = timezone.now()  # the row's time is the time it was judged by
        with calibrations_recorded(study, standing, course):
            facts = facts_of(
                study,
                trial,
                attempt=moment.attempt.number,
                step=moment.step,
                standing=standing,
                population=course.population if course else None,
                is_pinned=trial.pinned,
                bad_looks=bad_looks_before(study, trial, standing, sequence) if course else 0,
                waiting=list(course.waiting.values()) if course else (),
                around=self._around(moment, standing, course, at) if course and standing.policy.needs else None,
                read=live_curves(moment),
            )
            verdict = standing.policy.judge(facts)
            policy = standing.policy.fingerprint
            ledger.append(study, entries.of_verdict(verdict, trial, moment.attempt.number, sequence, policy), at=at)
        return decision_of(verdict)

    def ended(self, trial: Trial, *, sequence: int) -> None:
        """Record an ending that no verdict wrote: finished, failed, stopped by a person, closed."""
        ledger.append(trial.study, entries.of_ending(trial, sequence))

    def intervened(
        self, study: Study, trial: Trial | None, *, action: str, person: str, note: str, sequence: int
    ) -> None:
        """Record what a person, or a budget, asked for; a trial that goes on for a person has its RESUME."""
        if trial is not None and action == "resume":
            self._resumed_by_person(study, trial, person=person, note=note, sequence=sequence)
            return
        said = by_person.request(action, trial=trial.number if trial else None, person=person, note=note)
        evidence = {"action": action, "person": person, "note": note}
        ledger.append(
            study,
            Entry(
                kind=Kind.INTERVENED, sequence=sequence, trial=trial, reason=action, sentence=said, evidence=evidence
            ),
        )

    def closed(self, study: Study, *, sequence: int) -> None:
        """Record that a study has ended, and have its card made."""
        ledger.append(study, entries.of_closing(study, sequence))
        carding.ask(study, at=timezone.now())

    @transaction.atomic
    def next_to_resume(self, study: Study) -> Trial | None:
        """Name the paused trial whose rank is within its rung's quota now, having recorded the RESUME."""
        standing = standing_of(study)
        strategy: object = standing.policy.strategy
        if not isinstance(strategy, Resuming) or not may_resume(study):
            return None
        study = head.lock(study.pk)
        if study.ending_code or study.state == Study.State.ENDED:
            return None
        course = course_at(study, seen=study.sequence, said=study.sequence)
        return resume_next(study, standing, course, stream=stream_of(study), is_closing=no_more_to_come(study))

    def _registered(self, study: Study, revision: Revision, kind: str, sequence: int, said: str) -> None:
        ledger.append(study, entries.of_revision(study, revision, kind, sequence, said))
        versions.used(study, policy_of(revision.parsed()), sequence=sequence)

    def _around(self, moment: Moment, standing: Standing, course: Course, at: datetime) -> Mapping[str, object]:
        """Gather what the policy asks for beside curves and ranks."""
        return surroundings(
            moment.study,
            moment.trial,
            attempt=moment.attempt.number,
            step=moment.step,
            standing=standing,
            course=course,
            taken=take(standing, moment.attempt, step=moment.step, sequence=moment.sequence, at=at),
        )

    def _resumed_by_person(self, study: Study, trial: Trial, *, person: str, note: str, sequence: int) -> None:
        paused = course_at(study, seen=sequence, said=sequence - 1).waiting[root_number(trial)]
        verdict = by_person.resumption(
            paused, metric=study.metric, maximize=not study.minimises, person=person, note=note
        )
        policy = standing_of(study).policy.fingerprint
        ledger.append(study, entries.of_verdict(verdict, trial, trial.n_attempts, sequence, policy))


def course_of(moment: Moment) -> Course:
    """Return the study's state at a decision point, its new observation taken in."""
    trial, sequence = moment.trial, moment.sequence
    new = Seen(sequence, root_number(trial), moment.step, moment.value, trial.best_value)
    return course_at(moment.study, seen=sequence, said=sequence - 1, new=new)


def live_curves(moment: Moment) -> ReadCurve:
    """Return a reader of the curves of the trial that is being judged, as kept from report to report."""
    kept = series.of_attempt(moment.attempt, batch=moment.batch)

    def read(trial: Trial, metric: str, attempt: int) -> Curve:
        told = kept.get((metric, series.canonical_labels(None)))
        return EMPTY if told is None else Curve(steps=told[0], values=told[1])

    return read


def decision_of(verdict: Verdict) -> Decision:
    """Return the answer a trial gets; a shadow verdict stops nothing."""
    halts = verdict.kind.halts and not verdict.shadow
    action = Action(verdict.kind) if halts or not verdict.kind.halts else Action.KEEP
    return Decision(
        action=action,
        code=verdict.reason if halts else "",
        motive=verdict.motive if halts else "",
        sentence=verdict.sentence(),
        step=verdict.step,
    )
