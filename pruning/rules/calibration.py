"""A calibration: what a study has learnt about how far its early order can be trusted, and the quotas from it.

It is a value of its own, computed by a pure function from the observations up to one moment. A study stores each
as a row of its ledger, with a version; a verdict cites the version it used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

from pruning.canonical import fingerprint
from pruning.links import Chain, Link, Members, Shrinkage, Spared, best_chains, measure
from pruning.quotas import Share, best_payoff, within_risk
from pruning.rules.base import Peers

LEAST_ARRIVALS = 5
ARRIVALS_SHARE = 12
WIDE_LCB = 2.0
"""Standard errors that links are lowered by once drift was found, where the policy asks for it."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The settings a calibration is computed under."""

    aim: str = "risk"
    """`risk`: hold the risk of losing the winner; `payoff`: the most would-be winners kept per compute."""
    risk: float = 0.2
    """The accepted risk of losing the eventual best; without a part in `payoff`."""
    tail: float = 0.0
    """The share of winners that may stand anywhere at a decision point."""
    by: str = "best"
    window: int = 2000
    """Links are measured over the newest so many trial numbers: the search moves on, and the cost stays bounded."""
    shrinkage: Shrinkage = field(default_factory=Shrinkage)
    drift: str = "warn"
    """What a finding of drift does: `off` looks for none, `warn` records it, `widen` lowers links by 2 errors."""

    @cached_property
    def widened(self) -> Terms:
        """Return the terms that hold once drift was found: links are lowered by at least 2 standard errors."""
        if self.drift != "widen":
            return self
        return replace(self, shrinkage=replace(self.shrinkage, lcb=max(WIDE_LCB, self.shrinkage.lcb)))


@dataclass(frozen=True, kw_only=True)
class RungCalibration:
    """One decision point: what its order is worth, and how many go on."""

    step: int
    keep: float
    """The share of the population that goes on; 1 while the agreement is unknown."""
    risk: float
    """The part of the risk that is spent here."""
    chain: Chain | None
    """The best chain of evidence to the end; None: unknown, nothing is pruned."""

    @cached_property
    def cited(self) -> Mapping[str, Any]:
        """Return the figures a verdict cites, of the chain only its steps; shared by all that cite it.

        The links themselves stand once, in the calibration's own row.
        """
        return {
            "keep": self.keep,
            "risk_here": self.risk,
            "agreement": self.chain.agreement if self.chain else None,
            "agreement_error": self.chain.error if self.chain else None,
            "agreement_used": self.chain.pessimistic if self.chain else None,
            "pairs": self.chain.pairs if self.chain else None,
            "chain": self.chain.steps if self.chain else None,
        }

    def to_mapping(self) -> dict[str, Any]:
        """Return it as plain data, with every link of the chain."""
        chain = [asdict(link) for link in self.chain.links] if self.chain else None
        return {"step": self.step, **self.cited, "chain": chain}


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """All decision points of a study at one moment."""

    version: int
    """Counts a study's calibrations, from 1; 0: computed for one verdict and stored nowhere."""
    arrivals: int
    """Observations taken in when it was computed."""
    trials: int
    """Trials that have come to the first decision point, or were eliminated below it: N."""
    finished: int
    """Trials that stand at the end of training."""
    horizon: int
    terms: Terms
    rungs: tuple[RungCalibration, ...]
    links: tuple[Link, ...]
    peers: str
    """Digest of the populations it was computed from."""

    def at(self, step: int) -> RungCalibration:
        """Return the decision point's part; KeyError for a step that is none."""
        for rung in self.rungs:
            if rung.step == step:
                return rung
        raise KeyError(f"step {step} is no decision point of this calibration")

    def to_mapping(self) -> dict[str, Any]:
        """Return it as plain data, for the ledger."""
        return {
            "version": self.version,
            "arrivals": self.arrivals,
            "trials": self.trials,
            "finished": self.finished,
            "horizon": self.horizon,
            "terms": _plain_terms(self.terms),
            "rungs": [rung.to_mapping() for rung in self.rungs],
            "links": [asdict(link) for link in self.links],
            "peers": self.peers,
        }

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Calibration:
        """Return the calibration that `to_mapping` wrote, bit for bit."""
        return cls(
            **{name: data[name] for name in ("version", "arrivals", "trials", "finished", "horizon", "peers")},
            terms=_read_terms(data["terms"]),
            rungs=tuple(_read_rung(rung) for rung in data["rungs"]),
            links=tuple(Link(**link) for link in data["links"]),
        )

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of its canonical form."""
        return fingerprint(self.to_mapping())


@runtime_checkable
class CalibratedPeers(Protocol):
    """Peers that keep a study's calibration and its flagged control trials; `Peers` are enough to judge by."""

    def calibration(self, terms: Terms) -> Calibration | None:
        """Return the calibration in force under these terms; None before the first."""

    def spared(self) -> Mapping[int, Spared]:
        """Return the flagged control trials by number."""


def is_due(*, arrivals: int, last: int) -> bool:
    """Say whether to calibrate anew: every max(5, arrivals / 12) observations since the last time."""
    return arrivals - last >= max(LEAST_ARRIVALS, last // ARRIVALS_SHARE)


def calibrate(
    peers: Peers,
    *,
    looks: Sequence[int],
    horizon: int,
    terms: Terms,
    version: int = 0,
    arrivals: int = 0,
    spared: Mapping[int, Spared] | None = None,
) -> Calibration:
    """Return the calibration of a study from its observations.

    The end of training counts as a rung at `horizon`: whoever has completed stands there with the best value.
    Links run from every decision point to the next one, to those 2, 4, 8... points on, and to the end; so 64
    decision points need some 400 links, not 2,000.
    """
    points = [step for step in looks if step < horizon]
    steps = [*points, horizon]
    rungs = [peers.rung(step, by=terms.by) for step in steps]
    since = rungs[0].newest - terms.window + 1
    members = [Members.of(step, rung.since(since)) for step, rung in zip(steps, rungs, strict=True)]
    links = _links(members, horizon=horizon, terms=terms, spared=spared)
    chains = best_chains(steps, links)
    trials = rungs[0].reached + rungs[0].eliminated
    agreements = [chains[step].pessimistic if step in chains else None for step in points]
    shares = _shares(agreements, steps, trials, terms)
    return Calibration(
        version=version,
        arrivals=arrivals,
        trials=trials,
        finished=rungs[-1].reached,
        horizon=horizon,
        terms=terms,
        rungs=tuple(
            RungCalibration(step=step, keep=share.keep, risk=share.risk, chain=chains.get(step))
            for step, share in zip(points, shares, strict=True)
        ),
        links=tuple(links),
        peers=hashlib.sha256("".join(rung.digest for rung in rungs).encode()).hexdigest(),
    )


def _links(
    members: Sequence[Members], *, horizon: int, terms: Terms, spared: Mapping[int, Spared] | None
) -> list[Link]:
    found: list[Link] = []
    last = len(members) - 1
    for start in range(last):
        leaps = {1 << power for power in range(7)} | {last - start}
        for end in sorted(start + leap for leap in leaps if start + leap <= last):
            link = measure(
                members[start],
                members[end],
                horizon=horizon,
                is_jump=end > start + 1,
                shrinkage=terms.shrinkage,
                spared=spared,
            )
            found.extend([link] if link else [])
    return found


def _shares(agreements: Sequence[float | None], steps: Sequence[int], trials: int, terms: Terms) -> tuple[Share, ...]:
    costs = [float(later - earlier) for earlier, later in pairwise(steps)]
    if terms.aim == "payoff":
        return best_payoff(agreements, costs, first_cost=float(steps[0]), trials=trials, tail=terms.tail)
    return within_risk(agreements, costs, trials=trials, risk=terms.risk, tail=terms.tail)


def _plain_terms(terms: Terms) -> dict[str, Any]:
    shrinkage = asdict(terms.shrinkage) | {"prior": list(terms.shrinkage.prior)}
    return asdict(terms) | {"shrinkage": shrinkage}


def _read_terms(data: Mapping[str, Any]) -> Terms:
    shrinkage = {**data["shrinkage"], "prior": tuple(data["shrinkage"]["prior"])}
    return Terms(**{**data, "shrinkage": Shrinkage(**shrinkage)})


def _read_rung(data: Mapping[str, Any]) -> RungCalibration:
    links = data["chain"]
    return RungCalibration(
        step=data["step"],
        keep=data["keep"],
        risk=data["risk_here"],
        chain=None if links is None else Chain(links=tuple(Link(**link) for link in links)),
    )
