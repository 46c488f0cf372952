"""Putting a rule's answer together from the evidence it was derived from."""

from __future__ import annotations

from pruning.rules.base import Evidence, Facts, Kind, Rule, Verdict


def verdict_of(rule: Rule, facts: Facts, kind: Kind, reason: str, evidence: Evidence, *, hard: bool = False) -> Verdict:
    """Return a rule's verdict at the step of the facts, with its clause in words."""
    return Verdict(
        kind=kind,
        rule=rule.name,
        version=rule.version,
        step=facts.step,
        reason=reason,
        evidence=evidence,
        clause=rule.clause(evidence),
        hard=hard,
    )
