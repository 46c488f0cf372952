"""The order of a moment's peers, and which of many are drawn."""

import itertools
import math
from collections.abc import Mapping

import numpy as np
import pytest

from pruning.pages.peers import Peer, Peers


def ranked(told: Mapping[int, float], *, maximize: bool = False) -> Peers:
    return Peers(np.array(list(told), dtype=np.int64), np.array(list(told.values())), maximize=maximize)


MANY = ranked({number: float(number) for number in range(10_000)})


def test_the_best_stand_first_and_what_is_not_a_number_last() -> None:
    peers = ranked({0: 2.0, 1: math.nan, 2: 1.0, 3: 2.0, 4: math.inf})

    assert [peer.number for peer in peers] == [2, 0, 3, 1, 4]
    assert peers[0] == Peer(2, 1.0)
    assert peers[3] == Peer(1, None)
    assert peers.place_of(3) == 2
    assert peers.place_of(9) is None


@pytest.mark.parametrize("most", [2, 12, 200, 600])
def test_many_are_drawn_evenly_from_first_to_last(most: int) -> None:
    places = MANY.spread(most)

    gaps = {after - before for before, after in itertools.pairwise(places)}
    assert (places[0], places[-1], len(places)) == (0, 9_999, most)
    assert max(gaps) - min(gaps) <= 1


def test_few_are_drawn_all() -> None:
    assert ranked({7: 1.0, 3: 0.5}, maximize=True).spread(600) == [0, 1]
    assert ranked({}, maximize=True).spread(600) == []


def test_the_places_that_matter_are_always_drawn() -> None:
    assert {1_347, 1_348, 4_004} <= set(MANY.spread(600, keep=(1_347, 1_348, 4_004)))
    assert MANY.spread(3, keep=(-1, 10_000)) == MANY.spread(3)


def test_a_draw_can_be_of_the_best_alone() -> None:
    assert MANY.spread(3, of=101) == [0, 50, 100]
    assert MANY.spread(3, of=0) == []
