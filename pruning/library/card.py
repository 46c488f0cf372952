"""A card: what one finished study has to teach, small enough to keep for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pruning.backtest.scores import Estimate
from pruning.canonical import fingerprint
from pruning.library.descriptors import Descriptors
from pruning.library.measures import Measures

FORMAT = 1
FIGURES = ("compute", "regret", "lost", "material")


class NotACard(ValueError):
    """Data that cannot be read as a card; the message says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """What one policy made of the study's curves."""

    name: str
    fingerprint: str
    """Of the policy as it was played; another one is another policy, whatever its name."""
    orders: int
    compute: Estimate
    """Share of training every trial to its end."""
    regret: Estimate
    lost: Estimate
    """Share of the orders that ended without the best trial."""
    material: Estimate
    """Share of the orders with a regret above 0.05."""
    control: int = 0
    """Complete curves of the study that no rule chose, on which estimates rest; 0 where nothing is estimated."""
    broken_off: int = 0
    """Curves of the study that break off, for which those speak."""

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Played:
        """Return what `Card.to_mapping` wrote of one policy."""
        figures = {name: Estimate(**data[name]) for name in FIGURES}
        return cls(
            name=data["name"],
            fingerprint=data["fingerprint"],
            orders=data["orders"],
            control=data.get("control", 0),
            broken_off=data.get("broken_off", 0),
            **figures,
        )


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a card comes from."""

    source: str
    """The study here, or the repository and commit that published the curves."""
    licence: str = ""
    """Of the curves; empty for a study of one's own."""
    made_by: str = ""
    """Who launched the study, or who published it."""
    made_at: str = ""
    """When the card was made: ISO 8601, UTC."""
    code: str = ""
    """Version of this software that made it."""
    digest: str = ""
    """SHA-256 of the curves it was made from; empty where none could be played."""
    note: str = ""
    """What a reader should know: runs left out, curves that break off, a sample of many."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """One study's card."""

    name: str
    family: str
    """The project, or the benchmark it belongs to: what shares a family is no independent evidence."""
    descriptors: Descriptors
    measures: Measures | None = None
    """None where the curves could not be played."""
    policy: Mapping[str, str | int] = field(default_factory=dict)
    """What the study ran under: name, version and fingerprint; empty for one that was not pruned."""
    played: tuple[Played, ...] = ()
    provenance: Provenance
    obstacle: str = ""
    """Why nothing was played on its curves; empty if something was."""

    def of(self, fingerprint: str) -> Played | None:
        """Return what the policy with this fingerprint made of the curves."""
        return next((one for one in self.played if one.fingerprint == fingerprint), None)

    def named(self, name: str) -> Played | None:
        """Return what the policy of this name made of the curves."""
        return next((one for one in self.played if one.name == name), None)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the card's canonical form."""
        return fingerprint(self.to_mapping())

    def to_mapping(self) -> dict[str, Any]:
        """Return the card as plain data for JSON."""
        return {
            "format": FORMAT,
            "name": self.name,
            "family": self.family,
            "descriptors": self.descriptors.to_mapping(),
            "measures": self.measures.to_mapping() if self.measures else None,
            "policy": dict(self.policy),
            "played": [asdict(one) for one in self.played],
            "provenance": asdict(self.provenance),
            "obstacle": self.obstacle,
        }

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Card:
        """Return the card that `to_mapping` wrote; NotACard if it is none of this format."""
        try:
            if data["format"] != FORMAT:
                raise NotACard(f"a card of format {data['format']!r}; this version reads {FORMAT}")
            return cls(
                name=data["name"],
                family=data["family"],
                descriptors=Descriptors.from_mapping(data["descriptors"]),
                measures=Measures.from_mapping(data["measures"]) if data["measures"] else None,
                policy=dict(data["policy"]),
                played=tuple(map(Played.from_mapping, data["played"])),
                provenance=Provenance(**data["provenance"]),
                obstacle=data["obstacle"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise NotACard(f"not a card: {type(error).__name__}: {error}")
