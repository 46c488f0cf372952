"""Carrying a plan's policy over to the curves of another study, whose trials are longer or shorter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from pruning.looks import Geometric, Looks
from pruning.policy import Policy
from pruning.rules.base import Rule, needs_of
from pruning.rules.composition import Composition, Member
from pruning.rules.threshold import Threshold
from pruning.safeguards import Safeguards
from pruning.simulate import Pool


@dataclass(frozen=True, kw_only=True)
class Carried:
    """A policy as it can be played on certain curves, and what had to be left out, in words."""

    policy: Policy
    left_out: tuple[str, ...] = ()


def carried(policy: Policy, *, metric: str, horizon: int, pool: Pool) -> Carried:
    """Return the policy with its steps at the same shares of the training, without what these curves cannot tell.

    metric, horizon: of the study it was written for. Recorded curves hold the objective alone: gates on other metrics,
    on resources, and limits in the unit of another metric are left out, as are safeguards that ask for the clock, for
    parameters or labels that were not recorded, or for amounts of another metric.
    """
    scale = pool.horizon / horizon
    gates = [gate for gate in policy.gates if not _unheard(gate, metric, pool)]
    lost_gates = [f"the gate {gate.name}" for gate in policy.gates if gate not in gates]
    safeguards, lost_safeguards = _safeguards(policy.safeguards, scale, pool, is_same=metric == pool.metric)
    return Carried(
        policy=replace(
            policy,
            looks=_looks(policy.looks, scale, pool),
            gates=tuple(_with_scaled_grace(gate, scale) for gate in gates),
            strategy=_strategy(policy.strategy, scale),
            safeguards=safeguards,
            shadow=False,
        ),
        left_out=(*lost_gates, *lost_safeguards),
    )


def _looks(looks: Looks, scale: float, pool: Pool) -> Looks:
    if isinstance(looks, Geometric):
        return looks if looks.first is None else replace(looks, first=max(1, round(looks.first * scale)))
    reported = [step for step in pool.report_steps() if step < pool.horizon]
    if not reported:
        return ()
    return tuple(sorted({min(reported, key=lambda step: abs(step - look * scale)) for look in looks}))


def _unheard(gate: Rule, metric: str, pool: Pool) -> bool:
    """Say whether a gate asks for what the curves do not hold."""
    if needs_of(gate).resources or any(name not in {metric, ""} for name in gate.metrics()):
        return True
    return isinstance(gate, Threshold) and metric != pool.metric


def _with_scaled_grace(gate: Rule, scale: float) -> Rule:
    grace = getattr(gate, "grace", 0)
    return replace(gate, grace=round(grace * scale)) if grace else gate  # type: ignore[type-var]  # rules are dataclasses


def _strategy(strategy: Rule | None, scale: float) -> Rule | None:
    rule: object = strategy
    if isinstance(rule, Composition):
        return cast(Rule, replace(rule, of=tuple(_member(member, scale) for member in rule.of)))
    return strategy


def _member(member: Member, scale: float) -> Member:
    if member.until_step is None:
        return member
    return replace(member, until_step=max(2, round(member.until_step * scale)))


def _safeguards(safeguards: Safeguards, scale: float, pool: Pool, *, is_same: bool) -> tuple[Safeguards, Sequence[str]]:
    changes: dict[str, object] = {}
    if safeguards.stops_per_hour is not None:
        changes["stops_per_hour"] = None
    if safeguards.diversity is not None and all(one.place is None for one in pool.recordings):
        changes["diversity"] = None
    if safeguards.min_improvement is not None and not is_same:
        changes["min_improvement"] = None
    labels = {label for one in pool.recordings for label in one.instances}
    has_noise = safeguards.label in labels if safeguards.label else is_same
    if safeguards.confidence is not None and not has_noise:
        changes |= {"confidence": None, "label": "", "noise": None}
    elif safeguards.label and safeguards.label not in labels:
        changes["label"] = ""
    lost = [f"the safeguard {name}" for name in changes if name not in {"label", "noise"}]
    return replace(safeguards, grace=round(safeguards.grace * scale), **changes), lost  # type: ignore[arg-type]
