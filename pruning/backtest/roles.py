"""What a policy is in a comparison: one of ours with its dial, somebody else's rule, or a reference."""

from __future__ import annotations

from dataclasses import dataclass

from pruning.backtest.named import Maker
from pruning.policy import Policy
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.simulate import Pool, Recording

OURS, PEER, REFERENCE = "ours", "peer", "reference"
# What a maker needs to know of a pool does not change what kind of policy it makes.
_ANY = Pool(metric="value", maximize=False, horizon=4, recordings=(Recording.of("0", [1, 2, 4], [3.0, 2.0, 1.0]),))


@dataclass(frozen=True)
class Role:
    """What a policy is, and the risk of losing the best that it is asked to hold (None where it has no such dial)."""

    kind: str
    risk: float | None = None


def role_of(make: Maker) -> Role:
    """Return the role of the policies that a maker makes: calibrated halving is ours, no strategy is a reference."""
    policy: Policy = make(_ANY)
    strategy = policy.strategy
    if strategy is None:
        return Role(REFERENCE)
    if isinstance(strategy, CalibratedHalving):
        return Role(OURS, strategy.risk if strategy.aim == "risk" else None)
    return Role(PEER)
