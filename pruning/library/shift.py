"""Shift: a study whose own data disagree with what similar studies led one to expect, in numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pruning.library.measures import Measures, Point
from pruning.library.neighbours import FEWEST, Neighbour, near
from pruning.library.prior import Prior, expected
from pruning.rules.words import listed

ERRORS = 2.0
"""Standard errors beyond which a link disagrees."""
LEAST_STEPS = 2
"""At so many decision points, as one of several is beyond two errors by chance."""
FEWEST_PAIRS = 8
BAND = (0.05, 0.95)
MOST = 20
FEWEST_ENDED = 20
"""With fewer ended trials a share of them is not held against others."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """One disagreement."""

    sign: str
    """`links`, `diverged` or `noise`."""
    sentence: str
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    statistic: float
    """Standard errors of the largest disagreement; how far outside the band, as a multiple of its width."""


def shifts(
    observed: Measures, prior: Prior, neighbours: Sequence[Neighbour], *, horizon: int, unit: str = "step"
) -> list[Shift]:
    """Return where a study disagrees with what was expected of it.

    observed: its own figures so far. prior: what its links were expected to be; the general one, which belongs to no
    task, is held against nothing. neighbours: the library, the most similar first.
    """
    support = near(neighbours, most=MOST)
    found = [*_links(observed.profile, prior, horizon, unit)] if prior.studies else []
    if len(support) >= FEWEST and observed.n_trials >= FEWEST_ENDED:
        bands = (("diverged", observed.diverged, _diverged(support)), ("noise", observed.noise, _noises(support)))
        found += [shift for name, value, others in bands if (shift := _outside(name, value, others)) is not None]
    return found


def _links(profile: Sequence[Point], prior: Prior, horizon: int, unit: str) -> list[Shift]:
    """Return whether the order is worth another amount than expected: |z - z0| beyond 2 errors, the same way, twice.

    The error is that of the correlation, 1 / sqrt(n - 3), together with how much the similar studies differ.
    """
    apart = [(_apart(point, *expected(prior, point.share)), point) for point in profile if point.pairs >= FEWEST_PAIRS]
    found = []
    for is_below in (True, False):
        beyond = [(errors, point) for errors, point in apart if abs(errors) > ERRORS and (errors < 0) is is_below]
        if len(beyond) >= LEAST_STEPS:
            found.append(_told(beyond, prior, horizon, unit, word="less" if is_below else "more"))
    return found


def _apart(point: Point, agreement: float, deviation: float) -> float:
    error = math.hypot(1 / math.sqrt(point.pairs - 3), deviation)
    return (point.z - math.atanh(min(0.999, agreement))) / error


def _told(beyond: Sequence[tuple[float, Point]], prior: Prior, horizon: int, unit: str, *, word: str) -> Shift:
    told = [(point.agreement, expected(prior, point.share)[0]) for _, point in beyond]
    clauses = [
        f"{seen:.2f} at {unit} {round(point.share * horizon):,} (expected {hoped:.2f})".replace("-", "−")
        for (_, point), (seen, hoped) in zip(beyond, told, strict=True)
    ]
    return Shift(
        sign="links",
        sentence=f"The early order is worth {word} here than in {len(prior.studies)} similar studies: it agrees with "
        f"the end {listed(clauses)}.",
        observed=tuple(seen for seen, _ in told),
        expected=tuple(hoped for _, hoped in told),
        statistic=max(abs(errors) for errors, _ in beyond),
    )


def _diverged(support: Sequence[Neighbour]) -> list[float]:
    return [one.card.measures.diverged for one in support if one.card.measures]


def _noises(support: Sequence[Neighbour]) -> list[float]:
    return [one.card.measures.noise for one in support if one.card.measures and one.card.measures.noise is not None]


def _outside(sign: str, value: float | None, others: Sequence[float]) -> Shift | None:
    """Return whether a figure lies outside the 5-95 % band of similar studies, widened by half its width each way.

    So few studies span a band that is too narrow: with three of them a new one lies outside every second time.
    """
    if value is None or len(others) < FEWEST:
        return None
    low, high = (float(np.quantile(others, tail)) for tail in BAND)
    margin = max((high - low) / 2, 0.02 if sign == "diverged" else 0.5 * high)
    if low - margin <= value <= high + margin:
        return None
    if sign == "diverged":
        said = f"{100 * value:.0f} % of the trials have diverged; in {len(others)} similar studies it was "
        said += f"{_band(100 * low, 100 * high, digits=0)} %."
    else:
        said = f"One value is uncertain by {value:.3f} of what separates the best trial from the median; in "
        said += f"{len(others)} similar studies it was {_band(low, high, digits=3)}."
    beyond = max(low - value, value - high) / max(high - low, 1e-12)
    return Shift(sign=sign, sentence=said, observed=(value,), expected=(low, high), statistic=beyond)


def _band(low: float, high: float, *, digits: int) -> str:
    ends = f"{low:.{digits}f}", f"{high:.{digits}f}"
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)
