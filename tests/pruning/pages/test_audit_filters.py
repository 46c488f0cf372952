"""The filters of the ledger's page: they narrow the list, count what they would show, and stop counting in time."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from pruning.models import PruningEvent
from pruning.pages import audit, filters, finding, narrowing
from tests.factories import Played
from trials.pages.parts import Chip


def events(played: Played) -> Any:
    return PruningEvent.objects.of_study(played.study)


def page(client: Client, played: Played, query: str = "") -> Any:
    return client.get(f"{reverse('pruning:audit', args=[played.study.pk])}?{query}").context


def test_filters_narrow_the_list_and_toggle(editor: Client, played: Played) -> None:
    chips = {chip.label: chip for group in page(editor, played)["groups"] for chip in group.items}

    stopped = editor.get(chips["Stopped"].url).context
    both = next(chip for chip in stopped["groups"][1].items if chip.label == "Risk")
    risky = editor.get(both.url).context

    assert {entry.kind for entry in stopped["entries"]} <= {"speed", "risk"}
    assert stopped["shown"] == str(chips["Stopped"].count)
    assert [entry.title for entry in risky["entries"]] == [f"Trial {played.diverged.number}"]
    active = next(chip for chip in stopped["groups"][0].items if chip.active)
    assert len(editor.get(active.url).context["entries"]) == events(played).count()


def test_the_trail_of_one_trial(editor: Client, played: Played) -> None:
    context = page(editor, played, "trial=3")

    assert [entry.title for entry in context["entries"]] == ["Trial 3"] * events(played).of_trial(3).count()
    assert context["groups"][0].items[0].label == "trial 3 ×"


def test_a_trial_can_be_typed_beside_the_other_filters(editor: Client, played: Played) -> None:
    narrowed = page(editor, played, "trial=3&verdict=KEEP")

    assert narrowed["bounds"]["trial"] == "3"
    assert narrowed["bounds"]["carried"] == [("verdict", "KEEP")]


def test_filters_by_person_policy_time_and_step_narrow_the_list(editor: Client, played: Played) -> None:
    trial = played.study.trials.get(number=played.running.trial.number)
    editor.post(reverse("trials:pin_trial", args=[played.study.pk, trial.number]))
    context = page(editor, played)
    chips = {group.label: group.items for group in context["groups"]}

    (person,) = chips["Person"]
    (policy,) = chips["Policy"]
    by_person = editor.get(person.url).context
    by_policy = editor.get(policy.url).context
    at_step_4 = page(editor, played, "step_from=4&step_to=4")
    never = page(editor, played, "until=2000-01-01T00:00")
    ever = page(editor, played, "since=2000-01-01T00:00")

    assert (person.label, person.count) == ("editor", 1)
    assert [entry.title for entry in by_person["entries"]] == [f"Trial {trial.number}"]
    assert by_policy["shown"] == str(events(played).exclude(policy="").count())
    assert {entry.step for entry in at_step_4["entries"]} == {"4"}
    assert at_step_4["shown"] == str(events(played).filter(step=4).count())
    assert (never["shown"], never["entries"]) == ("0", [])
    assert ever["shown"] == ever["total"]


def test_a_filtered_count_stops_where_counting_on_would_cost_more(
    editor: Client, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "COUNTED_TO", 3)

    assert page(editor, played, "step_from=1")["shown"] == "3+"


@pytest.mark.parametrize("asked", ["verdict=STOP", "motive=risk", "rule=asha&verdict=KEEP,STOP", "reason=outpaced"])
def test_rows_found_by_their_kinds_are_those_of_one_filter(editor: Client, played: Played, asked: str) -> None:
    fields = dict(pair.split("=") for pair in asked.split("&"))
    rows = events(played).filter(**{f"{name}__in": text.split(",") for name, text in fields.items()})

    context = page(editor, played, asked)

    expected = list(rows.order_by("-sequence").values_list("sequence", flat=True))
    assert [entry.sequence for entry in context["entries"]] == expected[: audit.PAGE]
    assert context["shown"] == str(len(expected))


@pytest.mark.parametrize("few", [10_000, 0], ids=["numbers held", "ledger walked"])
@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ("step_from=4&step_to=4", {"step": 4}),
        ("step_from=5", {"step__gte": 5}),
        ("step_to=4", {"step__lte": 4}),
        ("step_from=1&step_to=8", {"step__gte": 1, "step__lte": 8}),
        ("step_from=4&step_to=4&verdict=STOP", {"step": 4, "verdict": "STOP"}),
        ("step_from=5&motive=speed", {"step__gte": 5, "motive": "speed"}),
        ("step_from=5&step_to=7", {"step__in": [5, 6, 7]}),
        ("trial=2&step_from=4", {"trial_number": 2, "step__gte": 4}),
        ("trial=2&verdict=KEEP", {"trial_number": 2, "verdict": "KEEP"}),
        ("person=editor", {"kind": "intervened"}),
        ("person=editor&trial=2", {"kind": "intervened", "trial_number": 2}),
        ("person=editor&verdict=STOP", {"pk": None}),
    ],
)
def test_rows_found_by_their_numbers_are_those_of_one_filter(
    editor: Client, played: Played, monkeypatch: pytest.MonkeyPatch, asked: str, where: dict[str, object], few: int
) -> None:
    for number in (1, 2, 2):
        editor.post(reverse("trials:pin_trial", args=[played.study.pk, number]))
    monkeypatch.setattr(narrowing, "FEW", few)
    monkeypatch.setattr(audit, "PAGE", 2)
    expected = list(events(played).filter(**where).order_by("-sequence").values_list("sequence", flat=True))

    found, url = [], f"{reverse('pruning:audit', args=[played.study.pk])}?{asked}"
    first = editor.get(url).context
    while url:
        context = editor.get(url).context
        found += [entry.sequence for entry in context["entries"]]
        url = context["older_url"]

    exported = editor.get(f"{reverse('pruning:audit_csv', args=[played.study.pk])}?{asked}")
    rows = csv.DictReader(io.StringIO(b"".join(exported).decode()))
    assert found == expected
    assert first["shown"] == str(len(expected))
    assert [int(row["sequence"]) for row in rows] == expected[::-1]


def test_looks_are_filters_with_a_count_that_stops(
    editor: Client, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looks(query: str = "") -> list[Chip]:
        (group,) = (group for group in page(editor, played, query)["groups"] if group.label == "Look")
        return list(group.items)

    at_4, at_8 = looks()
    only = editor.get(at_8.url).context
    monkeypatch.setattr(filters, "COUNTED_TO", 2)

    assert (at_4.label, at_4.count) == ("at step 4", events(played).filter(step=4).count())
    assert {entry.step for entry in only["entries"]} == {"8"}
    assert [look.active for look in looks("step_from=8&step_to=8")] == [False, True]
    assert looks()[0].count == "2+"
