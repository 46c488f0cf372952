"""What the page of halted trials warns of: regions perhaps pruned unfairly, or on thin evidence; what was tested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from django.urls import reverse

from pruning.halted.gains import FEWEST_LINKED
from pruning.halted.regions import MOST_GAINED, PERMUTATIONS, SMALLEST_GAIN, Region, Sight, Unfair
from pruning.halting import Halting
from pruning.pages.halted_words import gained, query_of, ranks, where
from trials.models import Study
from trials.pages import words
from trials.pages.selection import address
from trials.space import Space

MOST_THIN = 3


class Note(NamedTuple):
    """Something to be careful about: what it says, and the trials that say so."""

    title: str
    text: str
    test: str
    """The test that says so and its figures; empty where none does."""
    naming: str
    """What the trials have in common."""
    trials: Sequence[tuple[int, str]]
    """(number, address)."""
    url: str
    """Of the region's trials in the table."""


def notes_of(study: Study, space: Space, found: Halting) -> list[Note]:
    """Return the regions to be careful about: pruned unfairly, perhaps, or on thin evidence."""
    return [*(_unfair(study, space, one, found) for one in found.unfair), *_thin(study, space, found)]


def _unfair(study: Study, space: Space, one: Unfair, found: Halting) -> Note:
    return Note(
        title=f"Perhaps pruned unfairly: {where(space, one.region)}.",
        text=f"{one.stopped:,} of {one.ended:,} trials were stopped there. {gained(one, found.outcomes.looks)}",
        test=(
            f"Permutation test, p = {one.p:.2g}, adjusted for every region and look ({PERMUTATIONS} permutations), "
            f"against a gain of {ranks(SMALLEST_GAIN)}, the smallest worth telling: where trials gain less, fewer than "
            f"about one in {1 / SMALLEST_GAIN:.0f} fall on the wrong side of a cut."
        ),
        naming="Those that gained most:",
        trials=_named(study, one.telling),
        url=_table(study, space, one.region),
    )


def _thin(study: Study, space: Space, found: Halting) -> list[Note]:
    notes = []
    first = found.outcomes.looks[0] if found.outcomes.looks else 0
    for one in found.thin[:MOST_THIN]:
        spared = "None was spared, so nothing tells whether that was right"
        if one.spared:
            wrong = "none was wrong" if not one.wrong else f"{one.wrong} ended among the best"
            still = f", which still allows up to {words.at_most(one.high)} wrong stops"
            spared = f"Only {one.spared} {'was' if one.spared == 1 else 'were'} spared and {wrong}{still}"
        drift = " The rule's calibration has drifted since." if found.n_drifts else ""
        early = f", {one.at_first_look:,} of them by step {first:,}" if first and one.at_first_look else ""
        notes.append(
            Note(
                title=f"Little evidence: {where(space, one.region)}.",
                text=f"{one.stopped:,} of {one.ended:,} trials were stopped there{early}. {spared}.{drift}",
                test="",
                naming="The last stopped:",
                trials=_named(study, one.examples),
                url=_table(study, space, one.region),
            )
        )
    return notes


def tested(found: Halting) -> str:
    """Return what the test for unfair regions could see, where it found none."""
    outcomes = found.outcomes
    if found.unfair or not outcomes.stopped.any():
        return ""
    n = int((outcomes.control & np.isfinite(outcomes.at_looks[:, -1])).sum())
    told = words.counted(n, "control trial has", "control trials have") + " trained to the end"
    if found.sight is None:
        return f"{told}: too few for the test of unfairly pruned regions, which needs {FEWEST_LINKED}."
    return (
        f"No region is shown to have been pruned unfairly by more than {ranks(SMALLEST_GAIN)} (permutation test, "
        f"adjusted for every region and look): {told}. {could_see(found.sight)}"
    )


def could_see(sight: Sight) -> str:
    """Say what size of wrong the test could have seen."""
    blind = f" Of {sight.blind} of {sight.parts} parts of the space it could see none." if sight.blind else ""
    if sight.gain > MOST_GAINED:
        return "So few can tell that it would miss most wrongs in a quarter of a range, however large."
    return (
        f"A quarter of a range would be named in four studies of five if its trials ended {ranks(sight.gain)} "
        f"better than trials elsewhere of similar rank; {words.counted(sight.told, 'trial')} of a typical one can "
        f"tell.{blind}"
    )


def _named(study: Study, numbers: Sequence[int]) -> list[tuple[int, str]]:
    return [(number, reverse("trials:trial", args=[study.pk, number])) for number in numbers]


def _table(study: Study, space: Space, region: Region) -> str:
    return address(reverse("trials:trials_table", args=[study.pk]), None, q=query_of(space, region))
