"""The population of every decision point, kept in order as a study's events are read in sequence.

One reducer serves the live reviewer, the replay of a ledger and the simulator, so all three mean the same by
"rank 16 of 37". Reading one event costs a binary search and an insertion, whatever the number of trials.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice

from pruning.ahead import ahead_of
from pruning.canonical import hex_of
from pruning.rules.base import WORST
from pruning.rules.groups import Group, Split

BASES = ("value", "best", "ahead")
_MODULUS = 1 << 256


class OrderedRung:
    """One decision point's members in order of (key, trial), with those eliminated below it (a `Rung`)."""

    def __init__(self) -> None:
        self._members: list[tuple[float, int]] = []
        self._keys: dict[int, float] = {}
        self._newest = -1
        self._sum = 0
        self._eliminated = 0

    @property
    def reached(self) -> int:
        return len(self._members)

    @property
    def eliminated(self) -> int:
        return self._eliminated

    @property
    def digest(self) -> str:
        """Return the sum of all members' hashes modulo 2^256: it does not depend on the order of arrival."""
        return f"{self._sum:064x}"

    def rank(self, key: float, trial: int) -> int:
        return bisect_left(self._members, (key, trial)) + 1

    def value_at(self, place: int) -> tuple[float, int]:
        if not 1 <= place <= len(self._members):
            raise IndexError(f"place {place} of {len(self._members)}")
        return self._members[place - 1]

    def values(self) -> Sequence[tuple[float, int]]:
        return tuple(self._members)

    @property
    def newest(self) -> int:
        return self._newest

    def since(self, trial: int) -> Sequence[tuple[float, int]]:
        keys = self._keys
        return [(keys[number], number) for number in range(max(trial, 0), self._newest + 1) if number in keys]

    def add(self, key: float, trial: int) -> None:
        """Add a member."""
        insort(self._members, (key, trial))
        self._keys[trial] = key
        self._newest = max(self._newest, trial)
        self._sum = (self._sum + _hash(f"{trial}|{hex_of(key)}")) % _MODULUS

    def remove(self, key: float, trial: int) -> None:
        """Take out a member that was added with this key."""
        del self._members[bisect_left(self._members, (key, trial))]
        del self._keys[trial]
        self._sum = (self._sum - _hash(f"{trial}|{hex_of(key)}")) % _MODULUS

    def fill(self, members: Iterable[tuple[float, int]]) -> None:
        """Set all members at once: one sort, where adding them singly would move the list each time."""
        self._members = sorted(members)
        self._keys = {trial: key for key, trial in self._members}
        self._newest = max(self._keys, default=-1)
        self._sum = sum(_hash(f"{trial}|{hex_of(key)}") for key, trial in self._members) % _MODULUS

    def eliminate(self, trial: int, sign: int = 1) -> None:
        """Count a trial as eliminated below this rung; with sign -1 take that back."""
        self._eliminated += sign
        self._sum = (self._sum + sign * _hash(f"eliminated|{trial}")) % _MODULUS


class Population:
    """All rungs of one study (`Peers`). Values come in as keys: lower is better, not finite is worst."""

    def __init__(self, *, horizon: int | None = None) -> None:
        """horizon: the planned length, where nothing lies ahead any more; None if it is not known."""
        self._end = horizon
        self._keys: dict[int, dict[int, tuple[float, float, float]]] = {}  # step -> trial -> (value, best, ahead)
        self._rungs: dict[tuple[int, str, str, Split | None], _Rungs] = {}
        self._eliminated: dict[int, int] = {}  # trial -> step
        self._carried: dict[int, tuple[int, float]] = {}  # trial -> (step of its FINISH, best)
        self._finished: set[int] = set()

    def rung(self, step: int, *, by: str = "value", who: str = "reached", among: Group | None = None) -> OrderedRung:
        """Return the population at a decision point; see `Peers.rung`."""
        split, number = (None, 0) if among is None else among
        known = self._rungs.get((step, by, who, split))
        return (known if known is not None else self._build(step, by, who, split)).of_group(number)

    def observe(self, trial: int, step: int, *, value: float, best: float) -> None:
        """Take in an observation; a newer one of the same trial and step replaces the older."""
        if trial in self._eliminated:
            self.restore(trial)  # it trains again: a resumed or continued configuration
        at_step = self._keys.setdefault(step, {})
        older = at_step.get(trial)
        keys = at_step[trial] = (value, best, self._ahead(trial, step, best))
        for (rung_step, by, who, _), rungs in self._rungs.items():
            if rung_step == step and (who == "reached" or trial in self._finished):
                rung = rungs.of_trial(trial)
                if older is not None:
                    rung.remove(older[BASES.index(by)], trial)
                rung.add(keys[BASES.index(by)], trial)

    def eliminate(self, trial: int, step: int) -> None:
        """Hear that a rule stopped or paused a trial at `step`: at higher rungs it counts as worse."""
        if trial in self._eliminated or trial in self._carried:
            return
        self._eliminated[trial] = step
        for (rung_step, _, who, _), rungs in self._rungs.items():
            if who == "reached" and rung_step > step:
                rungs.of_trial(trial).eliminate(trial)

    def restore(self, trial: int) -> None:
        """Hear that an eliminated trial goes on, or ended for another reason: it no longer counts as worse."""
        step = self._eliminated.pop(trial, None)
        if step is None:
            return
        for (rung_step, _, who, _), rungs in self._rungs.items():
            if who == "reached" and rung_step > step:
                rungs.of_trial(trial).eliminate(trial, sign=-1)

    def finish(self, trial: int, step: int, best: float) -> None:
        """Hear that a trial ended by FINISH at `step`: its best value stands in every rung above."""
        self.restore(trial)
        if trial in self._carried:
            return
        self._carried[trial] = (step, best)
        for (rung_step, _, who, _), rungs in self._rungs.items():
            if who == "reached" and rung_step > step:
                rungs.of_trial(trial).add(best, trial)

    def complete(self, trial: int) -> None:
        """Hear that a trial ended COMPLETE: it joins the finished."""
        if trial in self._finished:
            return
        self._finished.add(trial)
        for (step, by, who, _), rungs in self._rungs.items():
            keys = self._keys.get(step, {}).get(trial)
            if who == "finished" and keys is not None:
                rungs.of_trial(trial).add(keys[BASES.index(by)], trial)

    def key_of(self, trial: int, step: int, *, by: str = "value") -> float | None:
        """Return a trial's key at a decision point; None if it has not come there."""
        keys = self._keys.get(step, {}).get(trial)
        return None if keys is None else keys[BASES.index(by)]

    def newest(self, step: int, n: int, *, by: str) -> list[tuple[float, int]]:
        """Return (key, trial) of the last so many that came to a decision point, the newest last."""
        last = list(islice(reversed(self._keys.get(step, {}).items()), n))
        return [(keys[BASES.index(by)], trial) for trial, keys in reversed(last)]

    def is_eliminated(self, trial: int) -> bool:
        """Say whether a rule has stopped or paused the trial."""
        return trial in self._eliminated

    def _ahead(self, trial: int, step: int, best: float) -> float:
        """Return where a trial's best key is heading, by its newest observation half as far or less."""
        if self._end is not None and step >= self._end:
            return best
        earlier = max((at for at, told in self._keys.items() if 2 * at <= step and trial in told), default=None)
        if earlier is None:
            return best
        return ahead_of(best, step=step, before=self._keys[earlier][trial][1], before_step=earlier)

    def _build(self, step: int, by: str, who: str, split: Split | None) -> _Rungs:
        rungs = self._rungs[step, by, who, split] = _Rungs(split)
        here = self._keys.get(step, {})
        members = [(keys[BASES.index(by)], trial) for trial, keys in here.items()]
        if who == "finished":
            rungs.fill(member for member in members if member[1] in self._finished)
            return rungs
        carried = [(best, trial) for trial, (finished_at, best) in self._carried.items() if finished_at < step]
        rungs.fill(members + carried)
        for trial, eliminated_at in self._eliminated.items():
            if eliminated_at < step:
                rungs.of_trial(trial).eliminate(trial)
        return rungs


class _Rungs:
    """One decision point's rung of every group of a split; of all trials together where there is no split."""

    def __init__(self, split: Split | None) -> None:
        self._split = split
        self._by_group: defaultdict[int, OrderedRung] = defaultdict(OrderedRung)

    def of_group(self, number: int) -> OrderedRung:
        return self._by_group[number]

    def of_trial(self, trial: int) -> OrderedRung:
        return self._by_group[self._number(trial)]

    def fill(self, members: Iterable[tuple[float, int]]) -> None:
        """Set all members at once."""
        by_group: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
        for member in members:
            by_group[self._number(member[1])].append(member)
        for number, own in by_group.items():
            self._by_group[number].fill(own)

    def _number(self, trial: int) -> int:
        return 0 if self._split is None else self._split.group_of(trial)


def key(value: float | None, *, maximize: bool) -> float:
    """Return a told value as a key; None and whatever is not finite are worst."""
    if value is None or value != value or value in (WORST, -WORST):
        return WORST
    return (-value if maximize else value) + 0.0


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest())
