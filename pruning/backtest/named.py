"""Policies by name, made for the pool they are to be played on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from pruning.looks import Geometric, Looks
from pruning.policy import Policy
from pruning.presets import DEFAULT, PRESETS
from pruning.rules.asha import Asha
from pruning.rules.base import Rule, needs_of
from pruning.rules.divergence import Divergence
from pruning.rules.hyperband import Hyperband
from pruning.rules.percentile import Percentile
from pruning.rules.settings import PolicyError, Problem
from pruning.rules.threshold import Threshold
from pruning.safeguards import Safeguards
from pruning.simulate import Pool

Maker = Callable[[Pool], Policy]
MOST_LOOKS = 60


def bare(strategy: Rule | None, looks: Looks, pool: Pool, *, min_peers: int = 0, control_every: int = 0) -> Policy:
    """Return a policy whose gate stops what is not a number and nothing else, without any safeguard."""
    return Policy(
        looks=looks,
        gates=(Divergence(grace=pool.horizon),),
        strategy=strategy,
        safeguards=Safeguards(min_peers=min_peers, top_k=0, control_every=control_every),
    )


def full(pool: Pool) -> Policy:
    """Return the policy that trains everything to its end."""
    return bare(None, (), pool)


def asha(eta: float) -> Maker:
    """Return asynchronous halving with looks from the first report on."""
    return lambda pool: bare(Asha(eta=eta), Geometric(first=_first(pool), factor=eta), pool)


def hyperband(eta: float) -> Maker:
    """Return Hyperband with looks from the first report on."""
    return lambda pool: bare(Hyperband(eta=eta), Geometric(first=_first(pool), factor=eta), pool)


def percentile(keep: float, peers: str) -> Maker:
    """Return a percentile cut at (almost) every report, from five peers on."""

    def make(pool: Pool) -> Policy:
        steps = pool.report_steps()
        every = -(-len(steps) // MOST_LOOKS)
        looks = tuple(step for step in steps[every - 1 :: every] if step < pool.horizon)
        return bare(Percentile(keep=keep, peers=peers), looks, pool, min_peers=5)

    return make


def as_given(policy: Policy) -> Maker:
    """Return a policy as it is, whatever the pool; in a replay a shadow policy stops what it says."""
    awake = replace(policy, shadow=False)
    return lambda pool: awake


def _first(pool: Pool) -> int:
    return pool.report_steps()[0]


PAYOFF = {"preset": DEFAULT, "strategy": {"rule": "calibrated_halving", "aim": "payoff", "action": "pause"}}

NAMED: Mapping[str, Maker] = {
    "default": as_given(Policy.from_mapping(DEFAULT)),
    "payoff": as_given(Policy.from_mapping(PAYOFF)),
    **{name: as_given(Policy.from_mapping(name)) for name in PRESETS},
    "asha": asha(3.0),
    "hyperband": hyperband(3.0),
    "median": percentile(50.0, "finished"),
    "full": full,
}
"""The presets as they ship, the default aiming at payoff, and other tools' rules as those run them: no control arm."""


def fitting(make: Maker, pool: Pool) -> Policy:
    """Return the policy for this pool; PolicyError names by path what does not fit its steps, metric or direction."""
    policy = make(pool)
    labels = sorted({label for recording in pool.recordings for label in recording.instances})
    problems = [
        *policy.problems(horizon=pool.horizon, report_steps=pool.report_steps(), metrics=[pool.metric], labels=labels),
        *_wrong_way(policy, pool),
        *_untold(policy, pool),
    ]
    if problems:
        raise PolicyError(problems)
    return policy


def _wrong_way(policy: Policy, pool: Pool) -> list[Problem]:
    """Return the limits that would stop the best trials: an upper one where more is better, or a lower one."""
    side, way = ("upper", "maximized") if pool.maximize else ("lower", "minimized")
    return [
        Problem(
            path=f"policy.gates[{place}].{side}",
            message=f"{pool.metric} is {way}, so this limit stops the best trials: give the other one",
        )
        for place, gate in enumerate(policy.gates)
        if isinstance(gate, Threshold)
        and gate.action == "stop"
        and gate.metric in {"", pool.metric}
        and getattr(gate, side) is not None
    ]


def _untold(policy: Policy, pool: Pool) -> list[Problem]:
    """Return the gates and safeguards that ask for what recorded curves do not hold."""
    found = [
        Problem(
            path=f"policy.gates[{place}]",
            message="a replay counts steps and knows neither seconds nor memory: leave the gate out",
        )
        for place, gate in enumerate(policy.gates)
        if needs_of(gate).resources
    ]
    if policy.needs.places and all(recording.place is None for recording in pool.recordings):
        message = "these curves come without parameters, so nobody's distance is known: leave the setting out"
        found.append(Problem(path="policy.safeguards.diversity", message=message))
    if policy.needs.hours:
        message = "a replay counts steps and has no clock: leave the setting out"
        found.append(Problem(path="policy.safeguards.stops_per_hour", message=message))
    return found
