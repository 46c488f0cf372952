"""Many trials at once over HTTP: by numbers or by a query, each with the ledger's entry, and safe to ask twice."""

from __future__ import annotations

from typing import Any

import pytest

from pruning.models import PruningEvent
from tests import factories
from tests.factories import Played
from tests.trials.api.conftest import Program, member
from trials import many, tags
from trials.models import Trial

SNAPSHOT = factories.Snapshot()
NOTHING: dict[str, list[int]] = {"trials": [], "passed_over": [], "made": []}


@pytest.fixture
def played(db: None) -> Played:
    return SNAPSHOT.restore(factories.a_project())


@pytest.fixture
def program(played: Played) -> Program:
    return Program(member(played.study.project, "edith", "editor"))


def ask(program: Program, played: Played, **body: object) -> tuple[int, Any]:
    return program.post(f"studies/{played.study.pk}/trials/bulk", body)


def interventions(played: Played) -> list[tuple[int | None, str]]:
    rows = PruningEvent.objects.of_study(played.study).filter(kind="intervened").order_by("sequence")
    return list(rows.values_list("trial_number", "reason"))


def test_trials_that_a_query_finds_are_stopped_each_with_an_entry(program: Program, played: Played) -> None:
    running = played.running.trial.number
    before = interventions(played)

    first = ask(program, played, action="stop", query="state in (running, failed)", reason="too slow")
    again = ask(program, played, action="stop", query="state in (running, failed)", reason="too slow")

    assert first == (200, {"trials": [running], "passed_over": [played.failed.number], "made": []})
    assert again == (200, {**NOTHING, "passed_over": sorted([running, played.failed.number])})
    assert interventions(played)[len(before) :] == [(running, "stop")]
    assert Trial.objects.get(pk=played.running.trial_id).halt_sentence == "Stopped by edith: too slow"


def test_ended_trials_are_tried_again_once(program: Program, played: Played) -> None:
    finished = played.study.trials.filter(state="COMPLETE").values_list("number", flat=True)[0]
    numbers = [played.failed.number, played.diverged.number, finished]

    status, body = ask(program, played, action="retry", numbers=numbers)
    again = ask(program, played, action="retry", numbers=numbers)

    made = list(played.study.trials.filter(origin="continued").order_by("number"))
    assert (status, body["passed_over"]) == (200, [finished])
    assert body["trials"] == [one.continues.number for one in made if one.continues]
    assert body["made"] == [one.number for one in made]
    assert again == (200, {**NOTHING, "passed_over": sorted(numbers)})


def test_a_dry_run_says_what_would_be_done_and_does_nothing(program: Program, played: Played) -> None:
    running = played.running.trial.number
    before = interventions(played)

    answer = ask(program, played, action="pin", numbers=[running, played.failed.number], dry_run=True)

    assert answer == (200, {"trials": [running], "passed_over": [played.failed.number], "made": []})
    assert not Trial.objects.get(pk=played.running.trial_id).pinned
    assert interventions(played) == before


def test_pins_and_tags_come_and_go(program: Program, played: Played) -> None:
    running = played.running.trial.number

    pinned = ask(program, played, action="pin", numbers=[running])
    unpinned = ask(program, played, action="unpin", query=f"number = {running}")
    ask(program, played, action="tag", numbers=[running, 0], tags=["baseline", '"><script>'])
    ask(program, played, action="untag", numbers=[0], tags=["baseline", "not there"])

    assert (pinned[1]["trials"], unpinned[1]["trials"]) == ([running], [running])
    first = played.study.trials.get(number=0)
    assert tags.of_trials([played.running.trial_id, first.pk]) == {
        played.running.trial_id: ['"><script>', "baseline"],
        first.pk: ['"><script>'],
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"action": "drop", "numbers": [0]}, 'action: "drop" is not a valid choice.'),
        ({"action": "pin"}, "numbers: give either numbers or query"),
        ({"action": "pin", "numbers": [0], "query": "number = 0"}, "numbers: give either numbers or query"),
        ({"action": "pin", "numbers": [0, 999]}, "numbers: the study has no trial 999; leave"),
        ({"action": "pin", "numbers": [-1]}, "numbers.0: Ensure this value is greater than or equal to 0."),
        ({"action": "pin", "numbers": [2**70]}, "64 bits is the limit"),
        ({"action": "pin", "numbers": list(range(501))}, "numbers: Ensure this field has no more than 500 elements."),
        ({"action": "pin", "query": "state ="}, "query: At column"),
        ({"action": "pin", "query": "'; drop table"}, "query: At column"),
        ({"action": "pin", "query": "no_such_field = 3"}, "query: At column 1"),
        ({"action": "tag", "numbers": [0]}, "tags: missing; name at least one"),
        ({"action": "tag", "numbers": [0], "tags": ["a,b"]}, "holds a comma"),
        ({"action": "stop", "numbers": [0], "tags": ["a"]}, "tags: stop takes none"),
        ({"action": "pin", "numbers": [0], "dry_run": "perhaps"}, "dry_run: Must be a valid boolean."),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_field(
    program: Program, played: Played, body: dict[str, object], message: str
) -> None:
    before = interventions(played)

    status, answer = ask(program, played, **body)

    assert status == 400
    assert message in answer["detail"]
    assert interventions(played) == before


def test_a_query_that_finds_too_many_says_how_to_narrow_it(
    program: Program, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "MOST", 3)

    status, answer = ask(program, played, action="tag", tags=["all"], query="number >= 0")

    assert status == 400
    assert "finds more than 3 trials; narrow it, such as by `and number <= 2`" in answer["detail"]
    assert tags.in_use(played.study) == []


def test_only_editors_may_and_strangers_find_nothing(played: Played) -> None:
    viewer = Program(member(played.study.project, "viola", "viewer"))
    stranger = Program(member(played.study.project, "otto", None))
    reporter = Program(member(played.study.project, "rob", "editor"), scope="report")
    body = {"action": "pin", "numbers": [played.running.trial.number]}

    statuses = [ask(program, played, **body)[0] for program in (viewer, stranger, reporter)]

    assert statuses == [403, 404, 403]
    assert not Trial.objects.get(pk=played.running.trial_id).pinned
