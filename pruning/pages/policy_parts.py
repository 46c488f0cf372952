"""What the pages of the library are given; all text is worded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trials.pages.parts import WrongStops


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a policy did on some studies."""

    compute: str
    """`34 %`, or bounds where recordings break off."""
    compute_range: str
    """`30 to 38`, or empty."""
    regret: str
    regret_range: str
    lost: str
    lost_range: str
    interval: WrongStops | None
    """The share of lost winners as a picture; None where nothing was there to draw from."""
    n_studies: int


@dataclass(frozen=True, kw_only=True)
class PolicyRow:
    """One policy of a list."""

    label: str
    url: str
    description: str
    fingerprint: str
    figures: Figures | None
    uses: str
    """How many studies ran under it, in words."""
    is_default: bool = False


@dataclass(frozen=True, kw_only=True)
class PlaceRow:
    """What a policy did in one family, or on one study."""

    name: str
    url: str
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class UseRow:
    """A study that ran under a policy."""

    name: str
    url: str
    kind: str
    state: str
    trials: str
    saved: str
    """Share of the steps that its stops left untrained."""
    card_url: str


@dataclass(frozen=True, kw_only=True)
class ProfilePoint:
    """How well the order at one share of the training agreed with the end; where it stands in the picture."""

    share: str
    agreement: str
    pairs: int
    x: float
    y: float
    """Where it stands in a picture of 96 x 28."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How well a study's order agreed with its end, as the training went on."""

    points: Sequence[ProfilePoint]
    line: str
    """The path through them."""
    label: str
    """The same in words."""


@dataclass(frozen=True, kw_only=True)
class CardRow:
    """One card of a list."""

    name: str
    url: str
    family: str
    metric: str
    length: str
    about: str
    """Trainable and tags."""
    profile: Profile | None
    noise: str
    diverged: str
    default: str
    """What the default policy did there: compute / regret / best lost."""
    obstacle: str
    is_starter: bool
