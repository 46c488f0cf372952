"""Many trials at once: what is confirmed is what is done, one entry of the record for each."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from pruning.models import PruningEvent
from tests import factories
from tests.factories import Played
from trials import many, tags
from trials.models import Trial


def url(played: Played) -> str:
    return reverse("trials:bulk", args=[played.study.pk])


def interventions(played: Played) -> list[tuple[int | None, str]]:
    rows = PruningEvent.objects.of_study(played.study).filter(kind="intervened").order_by("sequence")
    return list(rows.values_list("trial_number", "reason"))


def test_the_button_counts_what_the_deed_fits(editor: Client, played: Played) -> None:
    running, failed = played.running.trial.number, played.failed.number

    page = editor.get(url(played), {"action": "stop", "sel": f"{running},{failed}"})

    assert page.context["button"] == "Stop 1 trial"
    assert page.context["numbers"] == str(running)
    assert page.context["passed_over"] == "1 selected trial does not fit and stays as it is."
    assert "Stop 1 trial</button>" in page.content.decode()


def test_confirmed_trials_are_stopped_each_with_an_entry(editor: Client, played: Played) -> None:
    second = factories.an_attempt(played.study).trial
    numbers = f"{played.running.trial.number},{second.number}"

    response = editor.post(url(played), {"action": "stop", "numbers": numbers, "note": "too slow"}, follow=True)

    assert "2 trials are stopped." in response.content.decode()
    asked = Trial.objects.filter(study=played.study, halt_code="stopped_by_user")
    assert set(asked.values_list("number", flat=True)) == {played.running.trial.number, second.number}
    assert [one for one in interventions(played) if one[1] == "stop"] == [
        (played.running.trial.number, "stop"),
        (second.number, "stop"),
    ]


def test_what_ended_meanwhile_is_passed_over_and_counted(editor: Client, played: Played) -> None:
    before = played.failed.ending_sentence

    response = editor.post(url(played), {"action": "stop", "numbers": str(played.failed.number)}, follow=True)

    played.failed.refresh_from_db()
    assert played.failed.ending_sentence == before
    assert "1 trial did not fit any more" in response.content.decode()


def test_ended_trials_are_tried_again(editor: Client, played: Played) -> None:
    finished = played.study.trials.filter(state="COMPLETE").first()
    assert finished is not None
    sel = f"{played.failed.number},{played.diverged.number},{finished.number}"
    page = editor.get(url(played), {"action": "retry", "sel": sel})

    editor.post(url(played), {"action": "retry", "numbers": page.context["numbers"]})
    again = editor.get(url(played), {"action": "retry", "sel": sel})

    assert page.context["button"] == "Retry 2 trials"
    made = played.study.trials.filter(origin="continued").order_by("number")
    assert [one.continues_id for one in made] == [played.failed.pk, played.diverged.pk]
    assert again.context["numbers"] == ""
    assert "None of the selected trials fits." in again.content.decode()


def test_pinning_and_tagging_several(editor: Client, played: Played) -> None:
    number = played.running.trial.number

    editor.post(url(played), {"action": "pin", "numbers": str(number)})
    editor.post(url(played), {"action": "tag", "numbers": f"{number},0", "tags": "baseline, <b>x</b>"})
    editor.post(url(played), {"action": "tag", "numbers": "0", "tags": "baseline", "way": "remove"})

    assert Trial.objects.get(pk=played.running.trial_id).pinned
    first = played.study.trials.get(number=0)
    found = tags.of_trials([played.running.trial_id, first.pk])
    assert found == {played.running.trial_id: ["<b>x</b>", "baseline"], first.pk: ["<b>x</b>"]}


def test_too_many_at_once_are_cut_and_said_so(editor: Client, played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "MOST", 2)

    page = editor.get(url(played), {"action": "tag", "sel": "0,1,2,3"})

    assert page.context["button"] == "Tag 2 trials"
    assert page.context["passed_over"].startswith("At most 2 at once")


def test_a_viewer_may_not_and_is_not_offered_it(viewer: Client, played: Played) -> None:
    table = viewer.get(reverse("trials:trials_table", args=[played.study.pk]), {"sel": "0,1"})

    assert table.context["bulk"] == []
    assert viewer.get(url(played), {"action": "stop", "sel": "0"}).status_code == 403
    assert viewer.post(url(played), {"action": "stop", "numbers": "0"}).status_code == 403


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere_afterwards(editor: Client, played: Played, target: str) -> None:
    response = editor.post(url(played), {"action": "pin", "numbers": "0", "next": target})

    assert re.fullmatch(r"/studies/\d+/trials/", response["Location"])


@pytest.mark.parametrize("action", ["", "drop", "stop;"])
def test_an_unknown_deed_does_not_exist(editor: Client, played: Played, action: str) -> None:
    assert editor.get(url(played), {"action": action}).status_code == 404
    assert editor.post(url(played), {"action": action}).status_code == 404


def test_a_trial_is_continued_cloned_and_tagged_from_its_page(editor: Client, played: Played) -> None:
    def labels(number: int) -> list[str]:
        page = editor.get(reverse("trials:trial", args=[played.study.pk, number]))
        return [action.label for action in page.context["trial"].actions]

    def post(name: str, **data: str) -> str:
        address = reverse(f"trials:{name}", args=[played.study.pk, played.failed.number])
        return editor.post(address, data, follow=True).content.decode()

    before = labels(played.failed.number)
    said = post("continue_trial", from_start="yes")
    again = post("continue_trial")
    cloned = post("clone_trial")
    post("tag_trial", tags="odd, odd, baseline")

    assert before == ["Retry from step 0", "Clone as a new trial", "Add to compare"]
    made, clone = played.study.trials.order_by("number").filter(state="WAITING")
    assert f"Trial {made.number} tries this configuration again from step 0, as asked." in said
    assert f"Not continued: trial {played.failed.number}: trial {made.number} continues it already." in again
    assert f"Trial {clone.number} waits with the configuration of trial {played.failed.number}." in cloned
    assert (clone.continues_id, clone.params) == (None, played.failed.params)
    assert tags.of_trials([played.failed.pk])[played.failed.pk] == ["baseline", "odd"]
    assert labels(played.failed.number) == ["Clone as a new trial", "Add to compare"]
    page = editor.get(made.get_absolute_url())
    assert page.context["trial"].note == f"Tries trial {played.failed.number} again, from step 0."
    assert [chip.label for chip in page.context["relatives"]] == [f"Continues trial {played.failed.number}"]


def test_a_configuration_is_copied_as_yaml_and_as_python(editor: Client, played: Played) -> None:
    import ast

    import yaml

    context = editor.get(played.failed.get_absolute_url()).context

    assert yaml.safe_load(context["configuration"]) == played.failed.params
    assert ast.literal_eval(context["configuration_python"].removeprefix("params = ")) == played.failed.params
