"""What was tried beside or around calibrated halving: a median gate, duels, hindsight, trials yet to come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.searching.rules import Halving
from benchmarks.searching.scores import Floats
from benchmarks.searching.study import Study
from pruning.quotas import LEVELS


@dataclass(kw_only=True)
class MedianGate(Halving):
    """Ray's median rule as a gate: a trial's best so far against the median of its peers' running means."""

    how: str = "spares"
    """`spares`: whoever passes goes on, whatever the quota says. `both`: only those go on that both let pass.
    `until known`: the gate decides while the agreement with the end is unknown, where otherwise all go on."""
    quantile: float = 0.5
    """Which of the peers' means must be reached; 0.25 is stricter than the median."""

    def start(self, study: Study) -> None:
        """Hear that a study begins."""
        super().start(study)
        self._best, self._means = study.score("best"), study.score("mean")

    def passes(self, look: int, trial: int) -> bool:
        """Say whether the gate lets a trial pass."""
        peers = self.study.reached[look].copy()
        peers[trial] = False
        if int(peers.sum()) < self.min_members - 1:
            return True
        means = self._means[look][peers]
        return bool(self._best[look][trial] <= np.quantile(means, self.quantile, method="inverted_cdf"))

    def is_within(self, look: int, trial: int) -> bool:
        """Say whether a trial goes on from a look."""
        if self.how == "until known" and not self.is_known[look]:
            return self.passes(look, trial) or self.rank(self.keys, look, trial) <= self.min_keep
        within = super().is_within(look, trial)
        if self.how == "spares":
            return within or self.passes(look, trial)
        if self.how == "both":
            return within and (self.rank(self.keys, look, trial) <= self.min_keep or self.passes(look, trial))
        return within

    def goes_on(self, look: int, trial: int) -> bool:
        """Say whether a trial that has just come to a look trains on."""
        goes_on = super().goes_on(look, trial)
        if goes_on and self.how == "until known" and not self.is_known[look] and self._gathered(look) >= self.wait:
            return self.is_within(look, trial)
        return goes_on


@dataclass(kw_only=True)
class Duels(Halving):
    """Near-ties at the last looks are settled step by step among a few, in place of full training for all of them.

    `late` further looks lie between the last doubling and the end. Shares up to there are those of calibrated halving.
    """

    late: int = 3
    few: int = 2
    """So many go on from a late look."""
    reach: float = 0.0
    """Above 0 a trial goes on from a late look, too, if `reach` times what it gained since the look before would have
    brought it level with the leader: only who cannot catch up is beaten."""
    is_known_needed: bool = True
    """Duels begin when the study's own order is known at the look; before that all go on."""

    def start(self, study: Study) -> None:
        """Hear that a study begins."""
        super().start(study)
        self._first_late = study.looks - self.late

    def quota(self, look: int) -> int:
        """Return how many go on from a look."""
        if look < self._first_late or (self.is_known_needed and not self.is_known[look]):
            return super().quota(look)
        return min(self.few, self.study.population(look))

    def is_within(self, look: int, trial: int) -> bool:
        """Say whether a trial goes on from a look."""
        if super().is_within(look, trial):
            return True
        if look < self._first_late or not self.reach:
            return False
        row = self.keys[look]
        gained = self.keys[look - 1][trial] - row[trial]
        return bool(row[trial] - self.reach * gained <= row[self.study.reached[look]].min())


@dataclass(kw_only=True)
class Hindsight(Halving):
    """The shares that would have kept the winners of finished studies, of other families."""

    joined: str = "alone"
    """`alone`; the `larger` or the `smaller` of this share and the calibrated one; `until known`: until the study's
    own order is."""
    past_risk: float | None = None
    """The share of past winners that may be lost; none: the dial."""

    def start(self, study: Study) -> None:
        """Hear that a study begins."""
        super().start(study)
        risk = self.risk if self.past_risk is None else self.past_risk
        self._past = study.past.quotas(self.score, study.steps, study.horizon, risk)

    def calibrate(self) -> None:
        """Take the shares of the past alone or beside those of the calibration."""
        if self.joined != "alone":
            super().calibrate()
        own = self.keep.copy()
        self.keep = {
            "alone": self._past,
            "larger": np.maximum(own, self._past),
            "smaller": np.minimum(own, self._past),
            "until known": np.where(self.is_known, own, self._past),
        }[self.joined].copy()
        if self.joined in {"alone", "until known"}:
            self.is_known = np.ones(self.study.looks, dtype=bool)


@dataclass(kw_only=True)
class LearntTail(Halving):
    """How far winners lag behind what their order let one expect is read off finished studies, of other families."""

    anywhere: float = 0.02
    """The share of winners that may stand anywhere: no finished study has seen everything."""

    def survival(self, agreement: float, trials: int) -> Floats:
        """Return the probability that the winner stands within the best share."""
        learnt = self.study.past.survival(self.score, agreement, trials)
        return np.asarray((1 - self.anywhere) * learnt + self.anywhere * LEVELS)


@dataclass(kw_only=True)
class YetToCome(Halving):
    """Thresholds by the number of trials yet to come, as in the secretary problem; that number is the plan's."""

    counts_all: bool = True
    """The winner is looked for among all that will have come, not among those that have: stricter early on."""
    early: float | None = None
    """The dial while nobody has come yet; it moves in a straight line to `risk` as the last one comes."""
    explores: float = 0.0
    """Until this share of all has come nobody is resumed or passed; 1 / e is the classical rule."""

    def trials(self) -> int:
        """Return among how many the winner is looked for."""
        return self.study.n if self.counts_all else super().trials()

    def set_shares(self, agreements: list[float | None]) -> None:
        """Set the shares, with the dial of now."""
        late = self.risk
        if self.early is not None:
            self.risk = self.early + (late - self.early) * self._come()
        super().set_shares(agreements)
        self.risk = late

    def goes_on(self, look: int, trial: int) -> bool:
        """Say whether a trial that has just come to a look trains on."""
        goes_on = super().goes_on(look, trial)
        return goes_on and (not self.is_known[look] or self._come() >= self.explores)

    def next_to_resume(self, *, is_closing: bool) -> int | None:
        """Return the paused trial that goes on now."""
        if self.explores and self._come() < self.explores and bool(self.is_known.any()):
            return None
        return super().next_to_resume(is_closing=is_closing)

    def _come(self) -> float:
        return super().trials() / float(self.study.n)


@dataclass(kw_only=True)
class Believing(Halving):
    """Past studies are believed from the first trial on (no pairs needed), and less is made of them."""

    min_pairs: int = 0
    min_pairs_jump: int = 0
    young_lcb: float | None = None
    """Standard errors taken off a link while fewer than five trials speak for it; none: as of any other."""
    unselected: int = 0
    """The first so many go to the end whatever they show."""

    def errors(self, pairs: int) -> float:
        """Return how many standard errors are taken off a link of so many pairs."""
        return self.lcb if self.young_lcb is None or pairs >= Halving.min_pairs else self.young_lcb

    def goes_on(self, look: int, trial: int) -> bool:
        """Say whether a trial that has just come to a look trains on."""
        return super().goes_on(look, trial) or trial < self.unselected
