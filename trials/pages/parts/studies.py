"""Parts of the studies page and of a study's overview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trials.pages.parts.common import Share, Spark, Track, WrongStops


@dataclass(frozen=True)
class StudyRow:
    name: str
    url: str
    kind: str
    state: str
    subtitle: str
    best: str = ""
    best_number: int | None = None
    best_url: str = ""
    spark: Spark | None = None
    shares: Sequence[Share] = ()
    saved: float | None = None
    saved_text: str = ""
    wrong: WrongStops | None = None
    active_at: datetime | None = None
    slots: str = ""
    id: int = 0
    tags: Sequence[str] = ()
    clone_url: str = ""
    """Where its plan opens as a new one; empty for whom may not launch."""
    archive_url: str = ""
    is_archived: bool = False


@dataclass(frozen=True)
class Budget:
    """A sum spent out of what was allowed; `share` is None without a limit."""

    label: str
    value: str
    limit: str = ""
    share: float | None = None
    help: str = ""


@dataclass(frozen=True)
class Reason:
    """How many trials one rule's reason stopped; `share` is against the commonest reason."""

    code: str
    kind: str
    count: int
    share: float
    help: str = ""


@dataclass(frozen=True)
class Spared:
    """A control trial that a rule would have stopped, and the best value it reached."""

    number: int
    url: str
    value: float


@dataclass(frozen=True)
class RunningRow:
    number: int
    url: str
    track: Track
    step: str
    horizon: str
    value: str
    rank: str
    next: str
    glyph: str = ""


@dataclass(frozen=True)
class CurveRow:
    """A line of the table behind a chart."""

    number: int
    url: str
    kind: str
    ending: str
    step: str
    value: str
    sentence: str = ""
