"""The resources gate: against finished trials on the same kind of device, against absolute limits, look by look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pruning.canonical import decode, encode
from pruning.policy import Policy
from pruning.rules.base import Facts, Kind, SettingError
from pruning.rules.resources import Resources
from pruning.rules.surroundings import Resources as Used
from pruning.rules.surroundings import Usage
from tests.pruning.builders import alone, at_look

FINISHED = [0.8, 0.9, 1.0, 1.1, 1.2]
GIGABYTE = 10**9


def used(
    seconds: Sequence[float | None],
    *,
    memory: Sequence[int | None] = (),
    finished: Sequence[float] = FINISHED,
    finished_memory: Sequence[int] = (),
) -> Facts:
    """Return facts at a decision point with so many seconds per step, or bytes, measured at each look so far."""
    pairs = zip(seconds or [None] * len(memory), memory or [None] * len(seconds), strict=True)
    looks = tuple(Usage(seconds_per_step=one, memory_bytes=other) for one, other in pairs)
    resources = Used(device="cpu", looks=looks, finished_seconds=finished, finished_memory=finished_memory)
    return at_look(1.0, [2.0, 3.0], resources=resources)


def test_a_trial_far_slower_than_finished_ones_is_noticed() -> None:
    verdict = Resources().judge(used([3.5, 4.0]))

    assert (verdict.kind, verdict.reason, verdict.motive) == (Kind.WARN, "over_budget", "risk")
    assert verdict.sentence() == (
        "Noticed at step 2: a step takes 4.0000 s, more than 3.0 times the median 1.0000 of 5 finished trials on cpu, "
        "at 2 looks in a row."
    )


def test_it_stops_where_the_policy_says_so() -> None:
    assert Resources(action="stop").judge(used([3.5, 4.0])).kind is Kind.STOP


KEPT = [
    ("exactly the limit", used([3.0, 3.0])),
    ("one look only", used([4.0])),
    ("not in a row", used([4.0, 4.0, 1.0, 4.0])),
    ("a look without a measurement between", used([4.0, None, 4.0])),
    ("not measured", used([None, None])),
    ("few finished trials", used([4.0, 4.0], finished=FINISHED[:4])),
    ("finished trials whose time was not measurable", used([4.0, 4.0], finished=[0.0] * 5)),
    ("between decision points", alone(1.0, 2.0)),
]


@pytest.mark.parametrize("facts", [row[1] for row in KEPT], ids=[row[0] for row in KEPT])
def test_a_trial_is_kept_where_nothing_is_too_much_or_nothing_is_known(facts: Facts) -> None:
    verdict = Resources().judge(facts)

    assert (verdict.kind, verdict.clause) == (Kind.KEEP, "it uses no more than allowed")


def test_memory_is_judged_likewise() -> None:
    facts = used([], memory=[7 * GIGABYTE, 8 * GIGABYTE], finished_memory=[2 * GIGABYTE] * 5)

    verdict = Resources().judge(facts)

    assert verdict.evidence["metric"] == "memory_gb"
    assert verdict.clause.startswith("it has held 8.0000 GB, more than 3.0 times the median 2.0000 of 5 finished")


def test_absolute_limits_need_no_finished_trials() -> None:
    slow = Resources(max_seconds_per_step=2.0, reports=1).judge(used([2.5], finished=()))
    large = Resources(max_memory_gb=4.0, reports=1).judge(used([], memory=[5 * GIGABYTE]))

    assert slow.clause == "a step takes 2.5000 s, more than the limit of 2.0000, at 1 look in a row"
    assert large.clause == "it has held 5.0000 GB, more than the limit of 4.0000, at 1 look in a row"


def test_a_warning_is_given_once_while_it_lasts() -> None:
    policy = Policy(gates=(Resources(),))

    kinds = [policy.judge(used([4.0] * n)).kind for n in (1, 2, 3)]

    assert kinds == [Kind.KEEP, Kind.WARN, Kind.KEEP]


def test_what_was_measured_stands_in_the_evidence_of_every_verdict() -> None:
    verdict = Policy(gates=(Resources(),)).judge(used([1.0, 1.5], memory=[5, 6]))

    assert verdict.kind is Kind.KEEP
    assert verdict.evidence["measured"] == {"resources": {"device": "cpu", "looks": [[1.0, 5], [1.5, 6]]}}


def test_the_objective_plays_no_part() -> None:
    facts = used([4.0, 4.0])
    worse = replace(facts, curve=alone(9.0).curve)

    assert encode(dict(Resources().judge(worse).evidence)) == encode(dict(Resources().judge(facts).evidence))


def test_the_sentence_comes_from_the_stored_evidence() -> None:
    verdict = Resources().judge(used([3.5, 4.0]))

    assert Resources.clause(decode(encode(dict(verdict.evidence)))) == verdict.clause


REFUSED = [
    ({"factor": 1.0}, "factor: 1.0 is not above 1"),
    ({"min_peers": 0}, "min_peers: 0 is below 1"),
    ({"reports": 0}, "reports: 0 is below 1"),
    ({"max_memory_gb": 0.0}, "max_memory_gb: 0.0 is not a positive number"),
    ({"max_seconds_per_step": -1.0}, "max_seconds_per_step: -1.0 is not a positive number"),
    ({"action": "pause"}, "action: 'pause' is not one of stop, warn"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_nonsense_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Resources(**settings)
