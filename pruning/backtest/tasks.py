"""The recorded studies that can be played, and why others cannot."""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pruning.backtest.continued import FEWEST as FEWEST_MEMBERS
from pruning.backtest.continued import members
from pruning.simulate import Pool

FEWEST = 3
"""An order draws 80 % of the runs; of fewer than these it would draw one."""
FEW = 15
"""With fewer complete curves than this the figures say little: a person is warned."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One recorded study."""

    family: str
    name: str
    pool: Pool
    left_out: str = ""
    """Which of its runs are not in the pool, and why; a sentence."""

    @property
    def complete(self) -> int:
        """Return how many curves reach their trial's end."""
        return len(self.pool.recordings) - self.censored

    @property
    def censored(self) -> int:
        """Return how many curves break off before their trial's end."""
        return sum(recording.is_censored for recording in self.pool.recordings)

    @cached_property
    def control(self) -> int:
        """Return how many complete curves no rule chose: what estimates rest on where others break off."""
        return len(members(self.pool))

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of everything a replay reads: equal exactly for the same curves in the same order."""
        pool = self.pool
        hashed = hashlib.sha256(repr((pool.metric, pool.maximize, pool.horizon)).encode())
        for one in pool.recordings:
            hashed.update(repr((one.name, len(one.curve), one.hidden_gain, one.place)).encode())
            if self.censored and one.is_control:
                hashed.update(b"control")
            hashed.update(one.spent.astype("<f8").tobytes())
            told = [(name, curve) for _, by in sorted(one.instances.items()) for name, curve in sorted(by.items())]
            for name, curve in [("", one.curve), *told]:
                hashed.update(repr((name, len(curve))).encode())
                hashed.update(curve.steps.astype("<i8").tobytes())
                hashed.update(curve.values.astype("<f8").tobytes())
        return hashed.hexdigest()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a person should know before trusting its figures, in sentences."""
        told = [self.left_out] if self.left_out else []
        if self.censored:
            told.append(
                f"{self.censored} of {len(self.pool.recordings)} curves break off (stopped or pruned). Where a policy "
                f"would have gone on with one of them, {self._guess}."
            )
        if self._reports_apart:
            told.append(
                "Trials did not report at the same steps: here one is judged only at looks at which it reported itself."
            )
        if self.complete < FEW:
            told.append(f"Only {self.complete} complete curves: below {FEW} the figures say little.")
        return tuple(told)

    @property
    def _guess(self) -> str:
        if self.control < FEWEST_MEMBERS:
            told = f"{self.control} complete curve{'' if self.control == 1 else 's'} of a control arm"
            return f"figures are bounds instead of points: {told} cannot tell more, {FEWEST_MEMBERS} could"
        return (
            f"figures are estimated as if it had gone on like the {self.control} complete curves that no rule chose, "
            "and bounds stand beside them"
        )

    @property
    def _reports_apart(self) -> bool:
        """Say whether a trial is silent at a step, before its own last, at which another one reported."""
        steps = self.pool.report_steps()
        return any(len(one.curve) != bisect_right(steps, int(one.curve.steps[-1])) for one in self.pool.recordings)


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A study, or a policy on it, that was not played."""

    task: str
    reason: str
    policy: str = ""

    def __str__(self) -> str:
        where = f"{self.policy} on {self.task}" if self.policy else self.task
        return f"skipped {where}: {self.reason}"


def obstacle(pool: Pool) -> str:
    """Return why nothing can be learnt from a pool, with the remedy; empty if it can be played."""
    complete = [place for place, one in enumerate(pool.recordings) if not one.is_censored]
    if not complete:
        return "it has no complete curve, so nobody knows how a trial ends: let some trials run to their end"
    if len(complete) == 1 or len(pool.recordings) < FEWEST:
        found = "one complete curve" if len(complete) == 1 else f"{len(pool.recordings)} runs"
        return f"it has {found}, and a study needs {FEWEST} runs, two of them complete: add runs"
    ends = {float(pool.keys(place).min()) for place in complete}
    if not any(map(math.isfinite, ends)):
        return f"none of its values of {pool.metric} is a number: check the objective's name"
    if sum(bool(np.isfinite(pool.keys(place)).any()) for place in complete) == 1:
        return f"only one of its runs told a number for {pool.metric}, so there is nothing to choose from: add runs"
    if all(len(pool.recordings[place].curve) == 1 for place in complete):
        return "its curves have one point each, so there is nothing to stop before the end: report more often"
    if len(ends) == 1:
        return "all its curves are equally good, so there is nothing to lose: no policy can be told from another"
    return ""
