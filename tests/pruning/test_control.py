import pytest

from pruning.control import draw, drawn_place


@pytest.mark.parametrize("every", [2, 7, 10, 20])
def test_every_block_has_exactly_one_member(every: int) -> None:
    for block in range(20):
        members = [
            nth
            for nth in range(block * every, (block + 1) * every)
            if (drawn := draw(seed=3, suggestion=nth, every=every)) is not None and drawn.is_member
        ]
        assert len(members) == 1


def test_the_places_are_spread_over_the_block() -> None:
    places = {drawn_place(seed=1, block=block, every=10) for block in range(200)}

    assert places == set(range(10))


def test_another_seed_draws_otherwise() -> None:
    first = [drawn_place(seed=1, block=block, every=50) for block in range(20)]
    second = [drawn_place(seed=2, block=block, every=50) for block in range(20)]

    assert first != second


def test_a_trial_without_suggestion_stands_outside() -> None:
    assert draw(seed=1, suggestion=None, every=10) is None
    assert draw(seed=1, suggestion=4, every=0) is None
