"""Parts of the plan page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class RevisionRow:
    number: int
    fingerprint: str
    at: datetime | None
    by: str
    reason: str
    url: str
    shown: bool = False


@dataclass(frozen=True)
class SpaceRow:
    name: str
    low: str
    high: str
    prior: str
    condition: str = ""


@dataclass(frozen=True)
class Amendment:
    """The form in which a person changes the policy and the budget; `problems` are what was wrong with it."""

    url: str
    text: str
    reason: str = ""
    problems: Sequence[str] = ()


@dataclass(frozen=True)
class Change:
    """A field of the plan before and after an amendment."""

    field: str
    before: str
    after: str
