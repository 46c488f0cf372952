"""What the ledger's rows say, built from what happened."""

from __future__ import annotations

from collections.abc import Sequence

from pruning import versions
from pruning.foreign.tools import notes_of
from pruning.judgement import drift
from pruning.judgement.drift import Sign
from pruning.ledger import Entry
from pruning.models import PruningEvent
from pruning.rules.base import Rule, Verdict
from pruning.rules.calibration import Calibration
from pruning.rules.words import number as in_words
from pruning.standing import policy_of, root_number
from pruning.surroundings import spent
from trials.models import Revision, Study, Trial

Kind = PruningEvent.Kind


def of_revision(study: Study, revision: Revision, kind: str, sequence: int, said: str) -> Entry:
    """Return the entry of a plan and its policy, which takes its place in the library."""
    plan = revision.parsed()
    policy = policy_of(plan)
    version = versions.register(policy)
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
    return Entry(
        kind=kind,
        sequence=sequence,
        policy=policy.fingerprint,
        sentence=f"{said}. Policy {policy.name}, version {version}: {policy.description}.",
        evidence=evidence,
    )


def of_verdict(verdict: Verdict, trial: Trial, attempt: int, sequence: int, policy: str) -> Entry:
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


def of_calibration(made: Calibration, sequence: int, policy: str) -> Entry:
    """Return the entry of a calibration."""
    quotas = ", ".join(f"{in_words(100 * rung.keep, 0)} % at {rung.step}" for rung in made.rungs)
    return Entry(
        kind=Kind.CALIBRATED,
        sequence=sequence,
        policy=policy,
        sentence=f"Calibration {made.version}, from {made.arrivals} observations: the best {quotas} go on.",
        evidence={"calibration": made.to_mapping()},
    )


def of_drift(signs: Sequence[Sign], made: Calibration, strategy: Rule, sequence: int, policy: str) -> Entry:
    """Return the entry of the signs of drift that a calibration shows."""
    evidence = drift.evidence(signs, made)
    return Entry(
        kind=Kind.DRIFTED,
        sequence=sequence,
        rule=strategy.name,
        rule_version=strategy.version,
        policy=policy,
        reason="drift",
        sentence=drift.sentence(evidence),
        evidence=evidence,
    )


def of_ending(trial: Trial, sequence: int) -> Entry:
    """Return the entry of an ending that no verdict wrote."""
    evidence = {
        "state": str(trial.state),
        "value": trial.value,
        "best": trial.best_value,
        "best_step": trial.best_step,
        "attempts": trial.n_attempts,
    } | _configuration(trial)
    if trial.state == Trial.State.COMPLETE:
        evidence |= spent(trial)
    return Entry(
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


def of_closing(study: Study, sequence: int) -> Entry:
    """Return the entry of a study's end."""
    evidence = {
        "complete": study.n_complete,
        "pruned": study.n_pruned,
        "failed": study.n_failed,
        "steps_trained": study.steps_trained,
        "steps_saved": study.steps_saved,
        "best_value": study.best_value,
        "best_trial": study.best_number,
    }
    return Entry(
        kind=Kind.CLOSED,
        sequence=sequence,
        reason=study.ending_code,
        sentence=study.ending_sentence,
        evidence=evidence,
    )


def _configuration(trial: Trial) -> dict[str, object]:
    """Return which configuration a trial continues; nothing for most."""
    return {} if trial.continues_id is None else {"configuration": root_number(trial)}
