"""The reviewer that `settings.TRIAL_REVIEWER` names: policies judge, and the ledger records why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from pruning import by_person, ledger, library
from pruning.briefing import ReadCurve, bad_looks_before, facts_of, next_resumption, stream_of
from pruning.foreign.translation import notes_of
from pruning.history import Course, Seen
from pruning.judgement import drift
from pruning.ledger import Entry
from pruning.memory import course_at
from pruning.models import PruningEvent
from pruning.rules.base import EMPTY, Curve, Verdict
from pruning.rules.calibration import Calibration
from pruning.rules.resuming import Resuming
from pruning.rules.settings import PolicyError
from pruning.rules.words import number as in_words
from pruning.standing import Standing, labels_of, policy_of, root_number, standing_of
from pruning.surroundings import spent, surroundings, take
from trials import head, series
from trials.models import Revision, Study, Trial
from trials.plan import Plan, Problem
from trials.seam import Action, Decision, Moment
from trials.studies import room

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
            "version": library.version_of(policy),
            "fingerprint": policy.fingerprint,
            "description": policy.description,
        }

    def launched(self, study: Study, revision: Revision, *, sequence: int) -> None:
        """Open the study's ledger with its plan and policy."""
        self._register(study, revision, Kind.LAUNCHED, sequence, f"The study {study.name} was registered")

    def amended(self, study: Study, revision: Revision, *, sequence: int) -> None:
        """Record a later revision; it holds for decisions from here on."""
        said = f"Revision {revision.number} took effect: {revision.reason}"
        self._register(study, revision, Kind.AMENDED, sequence, said.rstrip("."))

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
            ledger.append(study, entry_of(verdict, trial, moment.attempt.number, sequence, policy), at=at)
        return decision_of(verdict)

    def ended(self, trial: Trial, *, sequence: int) -> None:
        """Record an ending that no verdict wrote: finished, failed, stopped by a person, closed."""
        evidence = {
            "state": str(trial.state),
            "value": trial.value,
            "best": trial.best_value,
            "best_step": trial.best_step,
            "attempts": trial.n_attempts,
        } | _configuration(trial)
        if trial.state == Trial.State.COMPLETE:
            evidence |= spent(trial)
        entry = Entry(
            kind=Kind.ENDED,
            sequence=sequence,
            trial=trial,
            attempt=trial.n_attempts or None,
            step=trial.ending_step,
            reason=trial.ending_code,
            motive=trial.ending_motive,
            sentence=trial.ending_sentence,
            evidence=evidence,
        )
        ledger.append(trial.study, entry)

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
        """Record that a study has ended."""
        evidence = {
            "complete": study.n_complete,
            "pruned": study.n_pruned,
            "failed": study.n_failed,
            "steps_trained": study.steps_trained,
            "steps_saved": study.steps_saved,
            "best_value": study.best_value,
            "best_trial": study.best_number,
        }
        entry = Entry(
            kind=Kind.CLOSED,
            sequence=sequence,
            reason=study.ending_code,
            sentence=study.ending_sentence,
            evidence=evidence,
        )
        ledger.append(study, entry)

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
        is_closing = no_more_to_come(study)
        ask = partial(next_resumption, study, standing, course, stream=stream_of(study), is_closing=is_closing)
        with calibrations_recorded(study, standing, course):
            while shadow := ask(of_shadows=True):
                number = int(str(shadow.evidence["trial"]))
                _resumed(study, standing, shadow, number, is_closing=is_closing)
            verdict = ask()
            if verdict is None:
                return None
            number = course.paused_as[int(str(verdict.evidence["trial"]))]
            return _resumed(study, standing, verdict, number, is_closing=is_closing)

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
        ledger.append(study, entry_of(verdict, trial, trial.n_attempts, sequence, policy))

    def _register(self, study: Study, revision: Revision, kind: str, sequence: int, said: str) -> None:
        plan = revision.parsed()
        policy = policy_of(plan)
        version = library.register(policy)
        evidence = {
            "revision": revision.number,
            "plan": revision.fingerprint,
            "policy": policy.to_mapping(),
            "policy_name": policy.name,
            "policy_version": version,
            "looks": list(revision.looks),
            "metric": study.metric,
            "direction": study.direction,
            "horizon": study.horizon,
            "seed": study.seed,
        }
        if notes := notes_of(plan.policy):
            evidence["not_carried_over"] = list(notes)
        entry = Entry(
            kind=kind,
            sequence=sequence,
            policy=policy.fingerprint,
            sentence=f"{said}. Policy {policy.name}, version {version}: {policy.description}.",
            evidence=evidence,
        )
        ledger.append(study, entry)


@contextmanager
def calibrations_recorded(study: Study, standing: Standing, course: Course | None) -> Iterator[None]:
    """Give a calibration that was made meanwhile its own ledger row, after the verdict that first cites it."""
    terms = standing.policy.terms
    if course is None or terms is None:
        yield
        return
    before = course.population.in_force(terms)
    yield
    made = course.population.in_force(terms)
    if made is None or made is before:
        return
    quotas = ", ".join(f"{in_words(100 * rung.keep, 0)} % at {rung.step}" for rung in made.rungs)
    entry = Entry(
        kind=Kind.CALIBRATED,
        sequence=head.next_sequence(study),
        policy=standing.policy.fingerprint,
        sentence=f"Calibration {made.version}, from {made.arrivals} observations: the best {quotas} go on.",
        evidence={"calibration": made.to_mapping()},
    )
    ledger.append(study, entry)
    _record_drift(study, standing, course, made)


def _record_drift(study: Study, standing: Standing, course: Course, made: Calibration) -> None:
    """Record the signs of drift that a calibration shows, if one of them was not known yet."""
    strategy, signs = standing.policy.strategy, course.population.signs
    if strategy is None or all((one.sign, one.step) in course.drifted for one in signs):
        return
    evidence = drift.evidence(signs, made)
    entry = Entry(
        kind=Kind.DRIFTED,
        sequence=head.next_sequence(study),
        rule=strategy.name,
        rule_version=strategy.version,
        policy=standing.policy.fingerprint,
        reason="drift",
        sentence=drift.sentence(evidence),
        evidence=evidence,
    )
    ledger.append(study, entry)


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


def may_resume(study: Study) -> bool:
    """Say whether a trial is paused, or a control trial may be in its shadow."""
    spared = PruningEvent.objects.of_study(study).filter(verdict="PROTECT", reason="control")
    return study.trials.filter(state="PAUSED").exists() or spared.exists()


def _resumed(study: Study, standing: Standing, verdict: Verdict, number: int, *, is_closing: bool) -> Trial:
    """Record a RESUME, which the study's state hears of at once; return the trial."""
    trial = Trial.objects.select_related("study").get(study=study, number=number)
    entry = entry_of(verdict, trial, trial.n_attempts, head.next_sequence(study), standing.policy.fingerprint)
    ledger.append(study, replace(entry, evidence={**entry.evidence, "is_closing": is_closing}))
    return trial


def no_more_to_come(study: Study) -> bool:
    """Say whether every configuration the budget allows has begun."""
    return not study.n_waiting and not room(study, study.plan())


def entry_of(verdict: Verdict, trial: Trial, attempt: int, sequence: int, policy: str) -> Entry:
    """Return the ledger entry of a verdict."""
    return Entry(
        kind=Kind.VERDICT,
        sequence=sequence,
        trial=trial,
        attempt=attempt,
        step=verdict.step,
        verdict=verdict.kind,
        rule=verdict.rule,
        rule_version=verdict.version,
        policy=policy,
        reason=verdict.reason,
        motive=verdict.motive,
        shadow=verdict.shadow,
        sentence=verdict.sentence(),
        evidence=dict(verdict.evidence) | _configuration(trial),
    )


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


def _configuration(trial: Trial) -> dict[str, object]:
    """Return which configuration a trial continues; nothing for most."""
    return {} if trial.continues_id is None else {"configuration": root_number(trial)}
