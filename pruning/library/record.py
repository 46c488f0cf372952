"""How policies did on the studies that the library knows: by family, by study, and in total, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pruning.backtest import Cell, Scores
from pruning.backtest.scores import Estimate
from pruning.library.card import FIGURES, Card, Played


def record(cards: Iterable[Card], policies: Mapping[str, str]) -> Scores:
    """Return the scores of named policies over cards; studies count once each, families alike.

    policies: the fingerprint under which a name counts; empty for rules that are made anew for every study's steps.
    A figure that an older version of a policy made is left out. Intervals are drawn over studies within families.
    """
    found = [
        _cell(card, played)
        for card in cards
        for played in card.played
        if played.name in policies and policies[played.name] in {"", played.fingerprint}
    ]
    return Scores(found, list(policies))


def key_of(card: Card) -> str:
    """Return what the scores call a card's study: names alone may recur in several projects."""
    return f"{card.family}/{card.name}"


def known_to(cards: Sequence[Card], name: str, fingerprint: str) -> list[Card]:
    """Return the cards that know a policy of this name and fingerprint (empty: of this name)."""
    return [
        card for card in cards if any(one.name == name and fingerprint in {"", one.fingerprint} for one in card.played)
    ]


def expected_of(figures: Sequence[Estimate]) -> tuple[float, ...] | None:
    """Return the estimates of all figures; None if any is neither known nor estimated."""
    values = [one.value for one in figures]
    return None if None in values else tuple(value for value in values if value is not None)


def _cell(card: Card, played: Played) -> Cell:
    figures = [getattr(played, figure) for figure in FIGURES]
    return Cell(
        family=card.family,
        task=key_of(card),
        order=0,
        policy=played.name,
        workers=0,
        fingerprint=played.fingerprint,
        figures=tuple(one.at_least for one in figures),
        worst=tuple(one.at_most for one in figures),
        expected=expected_of(figures),
        control=played.control,
        broken_off=played.broken_off,
    )
