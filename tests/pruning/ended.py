"""Studies that have ended, with cards."""

from __future__ import annotations

from collections.abc import Sequence

from pruning import cards
from pruning.library.card import Card
from tests.pruning.studies import NOW, a_played_study, an_attempt, train
from trials import endings
from trials.closing import settle, stop_study
from trials.models import Attempt, Study

FLOORS = (1.0, 1.5, 0.5, 2.0, 1.2, 0.9, 1.7)
LATE: Sequence[Sequence[float]] = [[3.0 - 0.1 * n, 3.0 - 0.1 * n, 2.5 - 0.1 * n, 2.0, 0.1 * n] for n in range(7)]
"""Curves whose early order is the reverse of their end: whoever is worst at every look wins."""


def ended(study: Study) -> Study:
    """End a study; what trains halts."""
    stop_study(study, person="robin", note="", at=NOW)
    for attempt in Attempt.objects.filter(trial__study=study, ended_at=None):
        endings.halt_if_asked(attempt.pk, at=NOW)
    settle(study, at=NOW)
    study.refresh_from_db()
    assert study.state == Study.State.ENDED
    return study


def a_plain_study(name: str, floors: Sequence[float] = FLOORS, **changes: object) -> Study:
    """Return an ended study all of whose trials fell to their floors; the order early is the order at the end."""
    return ended(a_played_study(floors, name=name, policy="off", **changes))


def a_late_study(name: str, **changes: object) -> Study:
    """Return an ended study whose winner stood last at every look."""
    study = a_played_study([], name=name, policy="off", **changes)
    for curve in LATE:
        train(an_attempt(study), curve)
    return ended(study)


def carded(*studies: Study) -> list[Card]:
    """Make the cards of studies."""
    found = [cards.read(cards.make(study, at=NOW)) for study in studies]
    assert all(card is not None for card in found)
    return [card for card in found if card is not None]
