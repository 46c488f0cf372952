"""Regions of the space that may have been pruned unfairly: the test that says so, and where evidence is thin.

A region is a stretch of one parameter's range, or one choice. Pruning is unfair to it if its trials end better than
they promise: such trials look bad at a look, are stopped there, and would have been good. Only trials can tell
that no rule has chosen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pruning.halted.outcomes import Floats, Mask, Outcomes, Places
from pruning.intervals import clopper_pearson

PARTS = 4
"""Stretches into which a range is cut; a region is one, or up to three that adjoin."""
PERMUTATIONS = 999
MOST_LINKED = 2_000
"""Trials that the test looks at from one look; of more, so many drawn at random."""
FEWEST_LINKED, FEWEST_INSIDE, FEWEST_STOPPED = 8, 2, 5
STRATUM = 10
"""Trials of similar rank, among which gains are exchanged, at least."""
ALPHA, POWER = 0.05, 0.8
MOST_GAINED = 0.75
"""The largest mean gain there could be, about: from the last quarter of the ranks to the first."""
HARDER = 1.645
"""Deviations by which the share stopped inside exceeds that outside: one in twenty by chance."""
THIN_ENDED, THIN_SHARE, THIN_SPARED = 12, 0.6, 2


@dataclass(frozen=True)
class Region:
    """A stretch of one parameter: `low` to `high` of its range (0 to 1), or one choice."""

    name: str
    low: float
    high: float
    choice: str = ""

    def holds(self, places: Places) -> Mask:
        """Return which trials stand in it."""
        if self.choice:
            return np.asarray(places.at == list(places.choices).index(self.choice))
        above = places.at >= self.low
        return np.asarray(above & ((places.at < self.high) | (self.high >= 1.0)))


@dataclass(frozen=True)
class Unfair:
    """A region whose trials ended better than they promised.

    gain: by how much, in shares of all ranks (0.3: thirty ranks of a hundred). p: adjusted for every region looked at.
    """

    region: Region
    look: int
    """At which of the looks they promised less than they kept, from 0."""
    stopped: int
    ended: int
    told: int
    """Trials inside that no rule has chosen: those that can tell."""
    gain: float
    p: float
    telling: Sequence[int]
    """Numbers of those that say so most, the most telling first."""


@dataclass(frozen=True)
class Thin:
    """A region where nearly all were stopped and next to nobody was spared: nothing tells whether that was right."""

    region: Region
    stopped: int
    ended: int
    at_first_look: int
    spared: int
    wrong: int
    high: float
    """The upper limit on the share of wrong stops there, at 95 %."""
    examples: Sequence[int]
    """Numbers of the last trials stopped there."""


def regions_of(outcomes: Outcomes, *, parts: int = PARTS) -> Iterator[Region]:
    """Yield every region: of a range all stretches of adjoining parts but the whole, of a choice each."""
    for name, places in outcomes.places.items():
        if places.choices:
            if len(places.choices) > 1:
                yield from (Region(name, 0.0, 1.0, choice) for choice in places.choices)
            continue
        for low, high in combinations(range(parts + 1), 2):
            if high - low < parts:
                yield Region(name, low / parts, high / parts)


def unfair(
    outcomes: Outcomes, *, alpha: float = ALPHA, permutations: int = PERMUTATIONS, seed: int = 0
) -> Sequence[Unfair]:
    """Return the regions that were pruned harder than the rest and whose trials ended better than they promised.

    Trials that no rule has chosen are compared: from each look to the end those of the control arm, from the last look
    to the end all that went on, for nothing chooses between the two. Each gained what its rank at the end is better
    than those of trials of similar rank at the look, the line through their ranks taken off. A region's statistic is
    the mean gain inside over its standard error, at the look where it is largest. Its p-value is the share of
    permutations of the gains among trials of similar rank in which any region reached as much at any look (maximum
    statistic: Westfall and Young 1993): the chance of one false alarm in a study is at most `alpha`, however many
    regions and looks there are. A region counts as pruned harder if by that look, or an earlier one, more of it was
    stopped than of the rest, beyond chance (one-sided test of two shares). Of regions that overlap, the strongest
    counts.
    """
    random = np.random.default_rng(seed)
    trials = [(link, list(_harder_pruned(outcomes, link))) for link in _links(outcomes, random)]
    trials = [(link, chosen) for link, chosen in trials if chosen]
    if not trials:
        return ()
    members = [np.stack([inside[link.trials] for _, inside in chosen], axis=1).astype(float) for link, chosen in trials]
    found = np.concatenate([_statistics(link.gains, held) for (link, _), held in zip(trials, members, strict=True)])
    highest = np.empty(permutations)
    for at in range(permutations):
        moved = (
            _statistics(link.gains[link.shuffled(random)], held).max()
            for (link, _), held in zip(trials, members, strict=True)
        )
        highest[at] = max(moved)
    adjusted = (1 + (highest[:, None] >= found[None, :]).sum(axis=0)) / (permutations + 1)
    named = [(link, region, inside) for link, chosen in trials for region, inside in chosen]
    kept: list[Unfair] = []
    for at in sorted(range(len(named)), key=lambda at: (adjusted[at], -found[at])):
        link, region, inside = named[at]
        if adjusted[at] <= alpha and not any(_overlap(region, other.region) for other in kept):
            kept.append(_described(outcomes, region, inside, link, float(adjusted[at])))
    return kept


def thin(outcomes: Outcomes, *, first_look: int, wrong: frozenset[int] = frozenset()) -> Sequence[Thin]:
    """Return single parts of a range, or choices, in which most were stopped and at most two were spared.

    first_look: the step of the first look. wrong: numbers of the spared trials that ended among the best.
    """
    ended = outcomes.stopped | outcomes.finished
    overall = outcomes.stopped[ended].mean() if ended.any() else 0.0
    found = []
    for region in regions_of(outcomes):
        if not region.choice and region.high - region.low > 1 / PARTS:
            continue
        inside = region.holds(outcomes.places[region.name])
        stopped, spared = inside & outcomes.stopped, inside & outcomes.spared
        n, n_stopped, n_spared = int((inside & ended).sum()), int(stopped.sum()), int(spared.sum())
        if n < THIN_ENDED or n_stopped / n < max(THIN_SHARE, overall) or n_spared > THIN_SPARED:
            continue
        n_wrong = sum(int(number) in wrong for number in outcomes.number[spared])
        found.append(
            Thin(
                region=region,
                stopped=n_stopped,
                ended=n,
                at_first_look=int((stopped & (outcomes.step <= first_look)).sum()),
                spared=n_spared,
                wrong=n_wrong,
                high=clopper_pearson(n_wrong, n_spared)[1],
                examples=[int(number) for number in outcomes.number[stopped][-3:]],
            )
        )
    return sorted(found, key=lambda one: (-one.stopped / one.ended, -one.stopped))


class Sight(NamedTuple):
    """What the test could have seen of one part of a range, or one choice."""

    told: int
    """Trials in a middling part that no rule has chosen."""
    gain: float
    """By how much, in shares of all ranks, they would at most have to end better to be seen in four studies of five."""
    blind: int
    """Parts of which too few trials can tell for any gain to be seen so often."""
    parts: int


def sight(outcomes: Outcomes, *, alpha: float = ALPHA, seed: int = 0) -> Sight | None:
    """Return what the test could have seen, whether or not it found anything; None where too few trials can tell.

    By the normal approximation, for one part of a range at the link that sees it best: the mean gain that passes the
    bound for all parts (Sidak) with a chance of 80 %. The test looks only at what was pruned harder: it asks no more.
    """
    parts = [one for one in regions_of(outcomes) if one.choice or one.high - one.low <= 1 / PARTS]
    found = dict.fromkeys(parts, (0, math.inf))
    bound = NormalDist().inv_cdf((1 - alpha) ** (1 / max(len(parts), 1))) + NormalDist().inv_cdf(POWER)
    links = list(_links(outcomes, np.random.default_rng(seed)))
    for link in links:
        n, spread = len(link.trials), float(link.gains.std())
        for one in parts:
            told = int(one.holds(outcomes.places[one.name])[link.trials].sum())
            if FEWEST_INSIDE <= told <= n - FEWEST_INSIDE:
                gain = bound * spread * math.sqrt((1 - told / n) / told)
                found[one] = min(found[one], (told, gain), key=lambda pair: pair[1])
    if not links:
        return None
    by_gain = sorted(found.values(), key=lambda pair: pair[1])
    told, gain = by_gain[len(by_gain) // 2]
    return Sight(told, gain, sum(one > MOST_GAINED for _, one in by_gain), len(by_gain))


@dataclass(frozen=True)
class _Link:
    """What trials gained from a look to the end."""

    look: int
    trials: NDArray[np.int64]
    """Places in the columns."""
    gains: Floats
    strata: Sequence[NDArray[np.int64]]
    """Places in `trials`, by rank at the look."""

    def shuffled(self, random: np.random.Generator) -> NDArray[np.int64]:
        """Return places in `trials`, exchanged within strata."""
        moved = np.empty(len(self.trials), dtype=np.int64)
        for stratum in self.strata:
            moved[stratum] = random.permutation(stratum)
        return moved


def _links(outcomes: Outcomes, random: np.random.Generator) -> Iterator[_Link]:
    """Yield what trials gained from a look to the end, if enough trials can tell that no rule has chosen."""
    end = outcomes.at_looks[:, -1]
    n_looks = outcomes.at_looks.shape[1] - 1
    for look in range(n_looks):
        before = outcomes.at_looks[:, look]
        unchosen = np.isfinite(before) & np.isfinite(end)
        if look < n_looks - 1:
            unchosen &= outcomes.control
        trials = np.flatnonzero(unchosen)
        if len(trials) > MOST_LINKED:
            trials = np.sort(random.choice(trials, MOST_LINKED, replace=False))
        if len(trials) >= FEWEST_LINKED:
            strata, gains = _gains(before[trials], end[trials])
            yield _Link(look, trials, gains, strata)


def _harder_pruned(outcomes: Outcomes, link: _Link) -> Iterator[tuple[Region, Mask]]:
    """Yield the regions that had lost more than the rest by some look up to a link's, and of which some of its trials
    can tell. Where a rule stops nearly all in the end, the share stopped differs at the early looks alone.
    """
    ended = outcomes.stopped | outcomes.finished
    by_look = [outcomes.stopped & (outcomes.step <= look) for look in outcomes.looks[: link.look + 1]]
    for region in regions_of(outcomes):
        inside = region.holds(outcomes.places[region.name])
        n_told = int(inside[link.trials].sum())
        if FEWEST_INSIDE <= n_told <= len(link.trials) - FEWEST_INSIDE and any(
            _is_harder(stopped, ended, inside) for stopped in by_look
        ):
            yield region, inside


class Parted(NamedTuple):
    """Trials that have ended, and those of them that were stopped, inside a region and outside it."""

    inside: int
    stopped_inside: int
    outside: int
    stopped_outside: int

    @classmethod
    def of(cls, stopped: Mask, ended: Mask, inside: Mask) -> Parted:
        """Count the two sides of a region."""
        counted = (inside & ended, inside & stopped, ~inside & ended, ~inside & stopped)
        return cls(*(int(mask.sum()) for mask in counted))

    @property
    def harder_by(self) -> float:
        """Return by how many deviations the share stopped inside exceeds that outside; 0 where no share differs."""
        if not self.inside or not self.outside:
            return 0.0
        share = (self.stopped_inside + self.stopped_outside) / (self.inside + self.outside)
        deviation = math.sqrt(share * (1 - share) * (1 / self.inside + 1 / self.outside))
        apart = self.stopped_inside / self.inside - self.stopped_outside / self.outside
        return apart / deviation if deviation else 0.0


def _is_harder(stopped: Mask, ended: Mask, inside: Mask) -> bool:
    """Say whether more was stopped inside than outside, beyond chance."""
    parted = Parted.of(stopped, ended, inside)
    return parted.stopped_inside >= FEWEST_STOPPED and parted.harder_by > HARDER


def _statistics(gains: Floats, members: Floats) -> Floats:
    """Return the standardised mean gain of each region; members: float64[trials, regions] of zeros and ones."""
    inside = members.sum(axis=0)
    spread = gains.std() * np.sqrt((1 - inside / len(gains)) / inside)
    return np.asarray((gains - gains.mean()) @ members / inside / np.maximum(spread, 1e-12))


def _gains(before: Floats, after: Floats) -> tuple[list[NDArray[np.int64]], Floats]:
    """Return strata of similar rank, and by how much each trial's later rank is better than its stratum's."""
    n = len(before)
    promised, kept = _ranks(before), _ranks(after)
    strata = np.array_split(np.argsort(promised, kind="stable"), int(np.clip(n // STRATUM, 1, 20)))
    gains, offset = np.empty(n), np.empty(n)
    for stratum in strata:
        gains[stratum] = kept[stratum].mean() - kept[stratum]
        offset[stratum] = promised[stratum] - promised[stratum].mean()
    square = float((offset**2).sum())
    slope = float((offset * gains).sum()) / square if square > 0 else 0.0
    return [stratum.astype(np.int64) for stratum in strata], gains - slope * offset


def _ranks(values: Floats) -> Floats:
    """Return ranks from 0 to 1, the best first; ties share theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray(middle[inverse] / max(len(values) - 1, 1))


def _overlap(one: Region, other: Region) -> bool:
    if one.name != other.name or one.choice or other.choice:
        return one == other
    return one.low < other.high and other.low < one.high


def _described(outcomes: Outcomes, region: Region, inside: Mask, link: _Link, p: float) -> Unfair:
    here = np.flatnonzero(inside[link.trials])
    telling = here[np.argsort(-link.gains[here], kind="stable")][:5]
    return Unfair(
        region=region,
        look=link.look,
        stopped=int((inside & outcomes.stopped).sum()),
        ended=int((inside & (outcomes.stopped | outcomes.finished)).sum()),
        told=len(here),
        gain=float(link.gains[here].mean()),
        p=p,
        telling=[int(number) for number in outcomes.number[link.trials[telling]]],
    )
