"""Who plays: our grid of eight settings, other libraries' schedulers, and two references."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from benchmarks.peers.base import Peer
from benchmarks.peers.registry import PEERS
from pruning.backtest import NAMED, Maker
from pruning.backtest.named import bare, full
from pruning.looks import Geometric
from pruning.policy import Policy
from pruning.rules.asha import Asha
from pruning.rules.calibrated_halving import CalibratedHalving
from pruning.simulate import Action, Pool, Run, simulate, train

OURS, AS_SHIPPED, THEIRS, REFERENCE = "ours", "ours, beside the grid", "peers", "references"
DOUBLING = Geometric(first=1, factor=2.0)


def calibrated(**settings: Any) -> Maker:
    """Return calibrated halving that looks at reports 1, 2, 4, 8 ..., without a control arm, like the peers."""
    return lambda pool: bare(CalibratedHalving(**settings), DOUBLING, pool)


def promoting(eta: float) -> Maker:
    """Return the fast keep rule: one in eta goes on from reports 1, 3, 9 ..., the others pause and may be promoted."""
    return lambda pool: bare(Asha(eta=eta, by="best", action="pause"), Geometric(first=1, factor=3.0), pool)


def pausing(risk: float) -> Maker:
    """Return calibrated halving that pauses and believes past studies (`links.LIBRARY`) until this one can tell."""
    return calibrated(action="pause", risk=risk, min_pairs=0, min_pairs_jump=0)


def ahead(risk: float, tail: float) -> Maker:
    """Return calibrated halving that pauses, ranks trials by where they are heading, and expects stragglers."""
    return calibrated(action="pause", by="ahead", risk=risk, tail=tail)


GRID: Mapping[str, Maker] = {
    "fast 33 %": promoting(3.0),
    "fast 40 %": promoting(2.5),
    "fast 42 %": promoting(2.4),
    "fast 53 %": promoting(1.87),
    "fast 55 %": promoting(1.8),
    "fast 58 %": promoting(1.71),
    "ahead 65 %": ahead(0.65, tail=0.15),
    "dial 10 %": pausing(0.1),
}
"""The one grid from which ours is taken at every peer's compute, from the cheapest to the most careful."""

DIAL: Mapping[str, float] = {"dial 5 %": 0.05, "dial 10 %": 0.1, "dial 20 %": 0.2}
"""The settings whose promise is looked at: a risk of losing the eventual best."""

SHIPPED: Mapping[str, Maker] = {
    "preset balanced": NAMED["balanced"],
    "preset safe": NAMED["safe"],
    "preset fast": NAMED["fast"],
    "payoff": calibrated(action="pause", aim="payoff"),
    "ahead 80 %": ahead(0.8, tail=0.2),
    "ahead 85 %": ahead(0.85, tail=0.2),
    "fast 50 %": promoting(2.0),
    "dial 50 %": pausing(0.5),
    "dial 5 %": pausing(0.05),
    "dial 20 %": pausing(0.2),
}
"""The presets with their control arms, and settings that the grid has no room for: for whoever uses them."""


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One policy of ours, one peer or one reference."""

    name: str
    group: str
    fingerprint: Callable[[Pool], str]
    run: Callable[[Pool, int, int], Run]
    """Plays a pool; given its order's number and the workers."""
    peer: Peer | None = None

    @property
    def is_playable(self) -> bool:
        """Say whether it can be played here; a peer only where its library is installed."""
        return self.peer is None or self.peer.version is not None

    def is_shown_by(self, fingerprint: str) -> bool:
        """Say whether a finished cell of this name stands for it although it cannot be played here."""
        return self.peer is not None and self.peer.is_shown_by(fingerprint)


class Oracle:
    """A decider that knows the winner: every trial makes its first report, then the pool's best goes on alone."""

    def __init__(self, pool: Pool) -> None:
        self._size, self._begun = len(pool.recordings), 0
        self._winner = pool.outcomes.index(min(pool.outcomes))

    def next_to_train(self, *, at: float, under_way: Set[int]) -> int | None:
        """Return the next trial of the pool."""
        if self._begun == self._size:
            return None
        self._begun += 1
        return self._begun - 1

    def report(self, trial: int, index: int, *, at: float) -> Action:
        """Keep the winner."""
        return Action.KEEP if trial == self._winner else Action.STOP

    def end(self, trial: int) -> None:
        """Nothing is left to say."""


def _ours(name: str, group: str, make: Maker) -> Contestant:
    return Contestant(
        name=name,
        group=group,
        fingerprint=lambda pool: make(pool).fingerprint,
        run=lambda pool, order, workers: simulate(pool, _awake(make(pool)), workers=workers, seed=order),
    )


def _awake(policy: Policy) -> Policy:
    assert not policy.shadow, "a policy that only watches cannot be compared"
    return policy


def _theirs(name: str, peer: Peer) -> Contestant:
    return Contestant(
        name=name,
        group=THEIRS,
        fingerprint=lambda pool: peer.fingerprint,
        run=lambda pool, order, workers: train(pool, peer.make(pool, order), workers=workers),
        peer=peer,
    )


ORACLE, FULL = "oracle", "full training"

CONTESTANTS: Mapping[str, Contestant] = {
    **{name: _ours(name, OURS, make) for name, make in GRID.items()},
    **{name: _ours(name, AS_SHIPPED, make) for name, make in SHIPPED.items()},
    **{name: _theirs(name, peer) for name, peer in PEERS.items()},
    ORACLE: Contestant(
        name=ORACLE,
        group=REFERENCE,
        fingerprint=lambda pool: "oracle, after one report of every trial",
        run=lambda pool, order, workers: train(pool, Oracle(pool), workers=workers),
    ),
    FULL: _ours(FULL, REFERENCE, full),
}
