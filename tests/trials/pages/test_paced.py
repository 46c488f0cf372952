"""What pages gather of a whole study: gathered anew at every change if cheap, held back for a while if dear."""

from __future__ import annotations

import threading
import time

import pytest

from trials.pages import paced
from trials.pages.paced import Paced


class Gathering:
    """Counts how often it was asked, and answers with that."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        return self.times


@pytest.fixture
def dear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything costs a second of the processor."""
    clock = iter(range(1_000))
    monkeypatch.setattr(time, "thread_time", lambda: float(next(clock)))


def test_a_version_is_gathered_once() -> None:
    kept, make = Paced[str, int](), Gathering()

    assert [kept.get("a", "1", make) for _ in range(3)] == [1, 1, 1]


def test_what_is_cheap_is_gathered_anew_at_every_change() -> None:
    kept, make = Paced[str, int](), Gathering()

    assert [kept.get("a", version, make) for version in ("1", "2", "2", "3")] == [1, 2, 2, 3]
    assert kept.version("a", "4") == "4"


@pytest.mark.usefixtures("dear")
def test_what_is_dear_stays_the_answer_under_its_own_version_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, make, now = Paced[str, int](), Gathering(), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    kept.get("a", "1", make)

    assert (kept.get("a", "2", make), kept.version("a", "2")) == (1, "1")
    now[0] += 1 / paced.SHARE - 0.1
    assert (kept.get("a", "3", make), kept.version("a", "3")) == (1, "1")
    now[0] += 0.2
    assert kept.version("a", "3") == "3"
    assert kept.get("a", "3", make) == 2


@pytest.mark.usefixtures("dear")
def test_who_needs_the_newest_gets_it_whatever_it_costs() -> None:
    kept, make = Paced[str, int](), Gathering()
    kept.get("a", "1", make)

    assert kept.get("a", "2", make, exact=True) == 2
    assert kept.version("a", "3") == "2"


def test_the_one_not_asked_for_longest_is_forgotten_first() -> None:
    kept, make = Paced[str, int](most=2), Gathering()
    for key in ("a", "b", "a", "c"):
        kept.get(key, "1", make)

    assert kept.get("a", "1", make) == 1
    assert kept.get("b", "1", make) == 4


def test_those_who_ask_at_once_wait_for_one_gathering() -> None:
    kept, begun, go_on = Paced[str, int](), threading.Event(), threading.Event()
    make = Gathering()

    def slowly() -> int:
        begun.set()
        go_on.wait(5)
        return make()

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(kept.get("a", "1", slowly))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(5)
    go_on.set()
    for thread in threads:
        thread.join(5)

    assert found == [1, 1, 1]
