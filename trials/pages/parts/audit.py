"""Parts of the audit page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trials.pages.parts.common import Badge, Chip, Fact, Paragraph


@dataclass(frozen=True)
class FilterGroup:
    label: str
    items: Sequence[Chip] = field(default_factory=tuple)


@dataclass(frozen=True)
class Entry:
    """A line of the ledger as listed."""

    sequence: int
    url: str
    kind: str
    title: str
    verb: str
    step: str
    sentence: str
    at: datetime | None
    selected: bool = False


@dataclass(frozen=True)
class Check:
    """A way to check an entry: icon chain or replay, a sentence, a line in mono, and where to have it done."""

    icon: str
    text: str
    mono: str = ""
    tone: str = "good"
    url: str = ""
    action: str = ""


@dataclass(frozen=True)
class Neighbour:
    """A peer near the cut and what became of it; the cut is drawn below the row with `cut_below`."""

    rank: int
    number: int
    url: str
    value: str
    kind: str
    ending: str
    best: str
    selected: bool = False
    cut_below: bool = False


@dataclass(frozen=True)
class Opened:
    """One ledger entry opened: what was known at that moment."""

    sequence: int
    kind: str
    title: str
    trial_url: str
    reason: str
    sentence: str
    at: datetime | None
    why: str = ""
    """Why just so many go on, where the rule can say."""
    where: str = ""
    badges: Sequence[Badge] = ()
    moment_url: str = ""
    facts: Sequence[Fact] = ()
    differ: Sequence[Paragraph] = ()
    checks: Sequence[Check] = ()
    neighbours: Sequence[Neighbour] = ()
    neighbours_text: str = ""
    cut: str = ""
    look: str = ""
    evidence: Sequence[tuple[str, str]] = ()
    previous_url: str = ""
    next_url: str = ""
