"""Everything the resources page shows of a study, gathered once for the page and its figures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from trials import head
from trials.models import Study
from trials.pages.paced import Paced
from trials.resources import gathering, lanes
from trials.resources.attempts import Attempts
from trials.resources.gathering import Used
from trials.resources.lanes import Bar, Lane
from trials.resources.over_time import Hours, States, Trials, hours, moments, states


@dataclass(frozen=True)
class Gathered:
    """A study's attempts and trials, and what follows from them, worked out when first asked for."""

    attempts: Attempts
    trials: Trials
    used: Used
    ended_hours: list[float]
    """Slot hours of each ended trial that was trained on."""

    @cached_property
    def lanes(self) -> tuple[list[Lane], list[int]]:
        """Return the lanes, and the lane of every attempt."""
        return lanes.lanes_of(self.attempts)

    @cached_property
    def whole(self) -> list[Bar]:
        """Return the bars of the whole span of time."""
        return self.bars(self.attempts.span)

    @cached_property
    def spent(self) -> float:
        """Return the slot hours of all attempts."""
        return float(self.attempts.seconds.sum()) / 3600

    @cached_property
    def idle(self) -> float:
        """Return the hours that slots stood idle between two attempts."""
        return lanes.idle_seconds(self.attempts, self.lanes[1]) / 3600

    @cached_property
    def by_kind(self) -> list[tuple[str, int, float]]:
        """Return (kind, attempts, slot hours) by how attempts ended."""
        return gathering.hours_by_kind(self.attempts)

    @cached_property
    def over_time(self) -> tuple[States, Hours]:
        """Return trials by state, and hours spent and left untrained, over the study's life."""
        at = moments(self.attempts.span)
        return states(self.trials, self.attempts, at), hours(self.trials, self.attempts, at)

    def bars(self, window: tuple[float, float]) -> list[Bar]:
        """Return what is drawn in a window of time."""
        named, lane_of = self.lanes
        return lanes.bars(self.attempts, lane_of, n_lanes=len(named), window=window)


_kept: Paced[UUID, Gathered] = Paced()


def version_of(study: Study) -> str:
    """Return the version of what `gathered_of` answers with: the study's, or of a large one that of a while ago."""
    return _kept.version(study.uid, head.live_version(study))


def gathered_of(study: Study, version: str) -> Gathered:
    """Read a study's attempts and trials, or return what was read of it; version: what `version_of` says."""
    return _kept.get(study.uid, version, lambda: _gather(study))


def _gather(study: Study) -> Gathered:
    return Gathered(
        attempts=gathering.attempts_of(study),
        trials=gathering.trials_of(study),
        used=gathering.used_by(study),
        ended_hours=gathering.ended_hours(study),
    )
