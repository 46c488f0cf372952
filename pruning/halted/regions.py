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

from pruning.halted.gains import Contrast, Link, links_of
from pruning.halted.outcomes import Floats, Mask, Outcomes, Places
from pruning.intervals import clopper_pearson

PARTS = 4
"""Stretches into which a range is cut; a region is one, or up to three that adjoin."""
SMALLEST_GAIN = 0.05
"""The smallest gain worth telling, in shares of all ranks. Where the trials of a region spread over the ranks and end
by so much better than they promise, any cut stops one in twenty of them that would have ended on its other side. Of
10,000 trials the test sees gains of a hundredth, for which no one would prune otherwise.
"""
PERMUTATIONS = 999
FEWEST_INSIDE, FEWEST_STOPPED = 2, 5
ALPHA, POWER = 0.05, 0.8
MOST_GAINED = 0.75
"""The largest gain there could be, about: from the last quarter of the ranks to the first."""
HARDER = 1.28
"""Deviations by which the share stopped inside exceeds that outside, at least: one in ten by chance. A stricter bound
misses regions of small studies; a looser one lets in regions that are simply good: of trials of similar rank theirs
end better, though none was pruned harder.
"""
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

    gain: by how much better than trials elsewhere that stood alike, in shares of all ranks (0.3: thirty ranks of a
    hundred). least: the lower limit on it at `1 - ALPHA`, for every region and look at once. p: of a gain no larger
    than SMALLEST_GAIN, adjusted alike.
    """

    region: Region
    look: int
    """At which of the looks they promised less than they kept, from 0."""
    stopped: int
    ended: int
    told: int
    """Trials inside that no rule has chosen: those that can tell."""
    gain: float
    least: float
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
    outcomes: Outcomes,
    *,
    margin: float = SMALLEST_GAIN,
    alpha: float = ALPHA,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Sequence[Unfair]:
    """Return the regions that were pruned harder than the rest and whose trials ended better than they promised.

    Trials that no rule has chosen are compared: from each look to the end those of the control arm, from the last look
    to the end all that went on, for nothing chooses between the two. Each gained what its rank at the end is better
    than those of trials of similar rank at the look, the line through their ranks taken off. A region's gain is the
    difference between inside and outside among trials that stood alike; its statistic is how far that exceeds
    `margin`, over its standard error. Its p-value is the share of permutations of the gains among trials of similar
    rank in which any region reached as much at any look (maximum statistic: Westfall and Young 1993): the chance of
    naming any region whose gain is no larger than `margin` is at most `alpha` in a study, however many regions and
    looks there are. A region counts as pruned harder if by that look, or an earlier one, more of it was stopped than
    of the rest, among trials that rules may stop and beyond chance (one-sided test of two shares). Of regions that
    overlap, the strongest counts.
    """
    random = np.random.default_rng(seed)
    links = [(link, list(_harder_pruned(outcomes, link))) for link in links_of(outcomes, random)]
    sides = [(link, chosen, _contrast(link, chosen)) for link, chosen in links if chosen]
    if not sides:
        return ()
    by_chance = [contrast.highest(link.shuffled(random, permutations)) for link, _, contrast in sides]
    # The study itself is one of the permutations.
    highest = np.append(np.sort(np.max(by_chance, axis=0)), np.inf)
    enough = permutations - math.floor(alpha * (permutations + 1))
    found = [
        _described(outcomes, link, *chosen[at], gain=contrast.differences[at], least=least[at], p=p[at])
        for link, chosen, contrast in sides
        for least in [contrast.bounds(highest[enough])]
        for p in [_adjusted(contrast.against(margin), highest)]
        for at in np.flatnonzero(p <= alpha)
    ]
    kept: list[Unfair] = []
    for one in sorted(found, key=lambda one: (one.p, -one.least)):
        if not any(_overlap(one.region, other.region) for other in kept):
            kept.append(one)
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
    """By how much, in shares of all ranks, they would at least have to end better to be seen in four studies of five.
    """
    blind: int
    """Parts of which too few trials can tell for any gain to be seen so often."""
    parts: int


def sight(outcomes: Outcomes, *, margin: float = SMALLEST_GAIN, alpha: float = ALPHA, seed: int = 0) -> Sight | None:
    """Return what the test could have seen, whether or not it found anything; None where too few trials can tell.

    By the normal approximation, for one part of a range at the link that sees it best: the gain of which the lower
    limit for all parts (Sidak) exceeds `margin` with a chance of 80 %. The test looks only at what was pruned harder:
    it asks no more.
    """
    parts = [one for one in regions_of(outcomes) if one.choice or one.high - one.low <= 1 / PARTS]
    found = dict.fromkeys(parts, (0, math.inf))
    bound = NormalDist().inv_cdf((1 - alpha) ** (1 / max(len(parts), 1)))
    links = list(links_of(outcomes, np.random.default_rng(seed)))
    for link in links:
        chosen = [(one, one.holds(outcomes.places[one.name])) for one in parts]
        chosen = [(one, inside) for one, inside in chosen if _can_tell(link, inside)]
        if not chosen:
            continue
        contrast = _contrast(link, chosen)
        errors = contrast.differences - contrast.bounds(1.0)
        limits = contrast.differences - contrast.bounds(bound)
        for (one, inside), error, limit in zip(chosen, errors, limits, strict=True):
            seen = (int(inside[link.trials].sum()), margin + float(limit + NormalDist().inv_cdf(POWER) * error))
            found[one] = min(found[one], seen, key=lambda pair: pair[1])
    if not links:
        return None
    by_gain = sorted(found.values(), key=lambda pair: pair[1])
    told, gain = by_gain[len(by_gain) // 2]
    return Sight(told, gain, sum(one > MOST_GAINED for _, one in by_gain), len(by_gain))


def _harder_pruned(outcomes: Outcomes, link: Link) -> Iterator[tuple[Region, Mask]]:
    """Yield the regions that had lost more than the rest by some look up to a link's, and of which some of its trials
    can tell. Where a rule stops nearly all in the end, the share stopped differs at the early looks alone. The control
    arm is left out: it finishes wherever it stands.
    """
    stopped = outcomes.stopped & ~outcomes.control
    ended = stopped | (outcomes.finished & ~outcomes.control)
    by_look = [stopped & (outcomes.step <= look) for look in outcomes.looks[: link.look + 1]]
    for region in regions_of(outcomes):
        inside = region.holds(outcomes.places[region.name])
        if _can_tell(link, inside) and any(_is_harder(stopped, ended, inside) for stopped in by_look):
            yield region, inside


def _can_tell(link: Link, inside: Mask) -> bool:
    """Say whether enough of a link's trials stand on either side of a region."""
    return FEWEST_INSIDE <= int(inside[link.trials].sum()) <= len(link.trials) - FEWEST_INSIDE


def _contrast(link: Link, chosen: Sequence[tuple[Region, Mask]]) -> Contrast:
    return Contrast.of(link, np.stack([inside[link.trials] for _, inside in chosen], axis=1).astype(float))


def _adjusted(found: Floats, highest: Floats) -> Floats:
    """Return the share of permutations in which the highest statistic was as large; highest: sorted."""
    return np.asarray((len(highest) - np.searchsorted(highest, found, side="left")) / len(highest))


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


def _overlap(one: Region, other: Region) -> bool:
    if one.name != other.name or one.choice or other.choice:
        return one == other
    return one.low < other.high and other.low < one.high


def _described(
    outcomes: Outcomes, link: Link, region: Region, inside: Mask, *, gain: float, least: float, p: float
) -> Unfair:
    here = np.flatnonzero(inside[link.trials])
    telling = here[np.argsort(-link.gains[here], kind="stable")][:5]
    return Unfair(
        region=region,
        look=link.look,
        stopped=int((inside & outcomes.stopped).sum()),
        ended=int((inside & (outcomes.stopped | outcomes.finished)).sum()),
        told=len(here),
        gain=float(gain),
        least=float(least),
        p=float(p),
        telling=[int(number) for number in outcomes.number[link.trials[telling]]],
    )
