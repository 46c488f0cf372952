"""The figures of the halted page as JSON: small counts, so plain lists do."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from pruning.halted import counts
from pruning.halted.counts import Histogram
from pruning.halted.outcomes import Outcomes
from pruning.halted.regions import Region
from pruning.pages.halted_words import bin_words, bounds_of, edge_words, goes_in_steps, query_of
from trials.charts import amendments
from trials.models import Study
from trials.query import named, quoted
from trials.space import Categorical, Space

TICKS = (0.0, 0.5, 1.0)
STOPPED = "state = pruned and motive in (speed, risk, generalisation)"
WHERE = {
    "finished": "state = complete and not spared = yes",
    "control": "state = complete and spared = yes",
    "speed": "state = pruned and motive = speed",
    "risk": "state = pruned and motive = risk",
    "generalisation": "state = pruned and motive = generalisation",
    "went_on": "state = complete",
    "stopped": STOPPED,
    "ended": f"(state = complete or {STOPPED})",
}
"""The query that finds the trials of each kind that the figures count."""
FEWEST = 3
"""Cells with fewer ended trials say nothing of a share."""


def payload(study: Study, space: Space, outcomes: Outcomes) -> dict[str, object]:
    """Return how far each trial got, the histograms, and when trials end."""
    looks = list(outcomes.looks)
    return {
        "unit": study.step_unit,
        "horizon": study.horizon,
        "looks": looks,
        "best": study.best_number,
        "trial_url": reverse("trials:trial", args=[study.pk, 0]).removesuffix("0/"),
        "table_url": reverse("trials:trials_table", args=[study.pk]),
        "groups": [group._asdict() for group in counts.groups(outcomes)],
        "kinds": list(counts.KINDS),
        "where": WHERE,
        "parameters": [_histogram(space, one) for one in counts.histograms(outcomes)],
        "passing": [row._asdict() for row in counts.passing(outcomes)],
        "amendments": amendments.marks(study),
        "n_ended": int((outcomes.stopped | outcomes.finished).sum()),
        "version": str(study.version),
    }


def grid_payload(study: Study, space: Space, outcomes: Outcomes, across: str, down: str) -> dict[str, object]:
    """Return counts over two parameters."""
    found = counts.grid(outcomes, across, down)
    return {
        "across": _axis(space, found.across),
        "down": _axis(space, found.down),
        "stopped": found.stopped.tolist(),
        "ended": found.ended.tolist(),
        "spared": found.spared.tolist(),
        "fewest": FEWEST,
        "table_url": reverse("trials:trials_table", args=[study.pk]),
        "queries": _queries(space, found.across, found.down),
        "where": WHERE,
        "version": str(study.version),
    }


def _histogram(space: Space, one: Histogram) -> dict[str, object]:
    return {**_axis(space, one), "counts": one.counts.tolist(), "p": one.p}


def _axis(space: Space, one: Histogram) -> dict[str, object]:
    """Return a parameter's bins: words of each, and ticks of a range as (place among the bins, words)."""
    parameter = space[one.name]
    if isinstance(parameter, Categorical):
        return {
            "name": one.name,
            "bins": list(one.labels),
            "ticks": [],
            "queries": _choice_queries(space, one),
            "bounds": [],
        }
    pairs = list(zip(one.edges, one.edges[1:], strict=False))
    bins = [bin_words(space, one.name, low, high) for low, high in pairs]
    if goes_in_steps(parameter):
        ticks = [[place + 0.5, text.replace(" to ", "–")] for place, text in enumerate(bins)]
    else:
        ticks = [[tick * len(bins), edge_words(parameter, tick)] for tick in TICKS]
    return {
        "name": one.name,
        "bins": bins,
        "ticks": ticks,
        "queries": [query_of(space, Region(one.name, low, high)) for low, high in pairs],
        "bounds": [bounds_of(space, Region(one.name, low, high)) for low, high in pairs],
    }


def _choice_queries(space: Space, one: Histogram) -> list[str]:
    told = [label for label in one.labels if label != counts.OTHERS]
    named_ones = ", ".join(quoted(label) for label in told)
    return [
        f"{named(one.name)} not in ({named_ones})"
        if label == counts.OTHERS
        else query_of(space, Region(one.name, 0, 1, label))
        for label in one.labels
    ]


def _queries(space: Space, across: Histogram, down: Histogram) -> list[Sequence[str]]:
    """Return the query of every cell, row by row."""
    columns, rows = _axis(space, across)["queries"], _axis(space, down)["queries"]
    assert isinstance(columns, list)  # noqa: S101 - made above
    assert isinstance(rows, list)  # noqa: S101 - made above
    return [[" and ".join(filter(None, (column, row))) for column in columns] for row in rows]
