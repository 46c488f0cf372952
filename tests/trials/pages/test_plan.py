"""The plan as registered."""

from dataclasses import replace

from django.test import Client
from django.urls import reverse

from pruning.models import PruningEvent
from tests import factories
from tests.factories import NOW
from trials import cloning
from trials.models import Project, Study
from trials.plan import Budget
from trials.studies import amend


def test_an_amendment_shows_what_it_changed(editor: Client, project: Project) -> None:
    study = factories.a_study(project)
    amend(study, replace(factories.a_plan(), budget=Budget(trials=50)), reason="more time", user=None, at=NOW)
    url = reverse("trials:plan", args=[study.pk])

    newest, first = editor.get(url).context, editor.get(f"{url}?revision=1").context

    changes = [(one.field, one.before, one.after) for one in newest["changes"]]
    assert ("budget.trials", "30", "50") in changes
    assert [row.number for row in newest["revisions"]] == [2, 1]
    assert newest["revisions"][0].reason == "more time"
    assert first["changes"] == []
    assert [row.shown for row in first["revisions"]] == [False, True]


def test_every_page_of_an_amended_study_says_so(editor: Client, project: Project) -> None:
    study = factories.a_study(project)
    pages = [reverse(f"trials:{name}", args=[study.pk]) for name in ("overview", "curves", "importance")]

    def told() -> list[list[str]]:
        heads = [editor.get(page).context["head"].facts for page in pages]
        return [[fact.value for fact in facts if fact.label == "Plan amended"] for facts in heads]

    assert told() == [[]] * 3
    amend(study, replace(factories.a_plan(), budget=Budget(trials=50)), reason="more time", user=None, at=NOW)
    assert told() == [["once"]] * 3


def test_the_space_and_the_looks_are_in_words(editor: Client, project: Project) -> None:
    study = factories.a_study(project)

    context = editor.get(reverse("trials:plan", args=[study.pk])).context

    rows = {row.name: (row.low, row.high, row.prior) for row in context["space"]}
    assert rows["learning_rate"] == ("1e−5", "0.1", "real, logarithmic")
    assert rows["batch_size"] == ("8", "64", "whole, uniform")
    assert rows["optimizer"][2] == "one of 2: adamw, adafactor"
    assert {fact.label: fact.value for fact in context["policy"]}["Looks"] == "4, 8"
    assert context["hypotheses"] == ["A higher learning rate needs a larger batch."]


def test_an_editor_amends_the_policy_and_the_budget(editor: Client, project: Project) -> None:
    study = factories.a_study(project)
    url = reverse("trials:plan", args=[study.pk])
    shown = editor.get(url).context["amendment"].text

    answer = editor.post(
        reverse("trials:amend_plan", args=[study.pk]),
        {
            "text": shown.replace("trials: 30", "trials: 60").replace("eta: 2.0", "eta: 3.0"),
            "reason": "It still falls.",
        },
    )

    assert (answer.status_code, answer.headers["Location"]) == (302, url)
    context = editor.get(url).context
    assert {(one.field, one.before, one.after) for one in context["changes"]} == {
        ("budget.trials", "30", "60"),
        ("policy.strategy.eta", "2.0", "3.0"),
    }
    assert (context["revisions"][0].by, context["revisions"][0].reason) == ("editor", "It still falls.")
    row = PruningEvent.objects.of_study(study).latest("sequence")
    assert (row.kind, row.evidence["policy"]["strategy"]["eta"]) == ("amended", 3.0)


def test_shadow_is_switched_on_and_off_by_amending(editor: Client, project: Project) -> None:
    study = factories.a_study(project, policy="fast")
    url = reverse("trials:amend_plan", args=[study.pk])
    budget = "budget: {trials: 30, slot_hours: 40}"

    editor.post(url, {"text": f"policy: {{preset: fast, shadow: true}}\n{budget}", "reason": "Watch it first."})
    on = editor.get(reverse("trials:plan", args=[study.pk])).context["policy"][0]
    editor.post(url, {"text": f"policy: fast\n{budget}", "reason": "It does well."})
    off = editor.get(reverse("trials:plan", args=[study.pk])).context["policy"][0]

    assert on.value.startswith("fast")
    assert on.help.startswith("shadow, stops nothing: asynchronous halving")
    assert off.help == "asynchronous halving: half of the trials go on at every look"


def test_a_refused_amendment_keeps_the_text_and_says_what_is_wrong(editor: Client, project: Project) -> None:
    study = factories.a_study(project)
    text = "policy:\n  strategy: {rule: asha, eta: 1}\nbudget: {trials: 30}\n"

    answer = editor.post(reverse("trials:amend_plan", args=[study.pk]), {"text": text, "reason": "<b>faster</b>"})

    form = answer.context["amendment"]
    assert answer.status_code == 422
    assert (form.text, form.reason) == (text, "<b>faster</b>")
    assert form.problems[0].startswith("line 2: policy.strategy.eta: 1.0 is not above 1")
    assert b"&lt;b&gt;faster&lt;/b&gt;" in answer.content
    assert study.revisions.count() == 1


def test_an_amendment_needs_a_reason_and_a_change(editor: Client, project: Project) -> None:
    study = factories.a_study(project)
    url = reverse("trials:amend_plan", args=[study.pk])
    text = editor.get(reverse("trials:plan", args=[study.pk])).context["amendment"].text

    without = editor.post(url, {"text": text.replace("trials: 30", "trials: 31"), "reason": " "})
    unchanged = editor.post(url, {"text": text, "reason": "none"})

    assert without.context["amendment"].problems == ["reason: missing; say in a sentence why the plan changes"]
    assert unchanged.context["amendment"].problems == ["plan: the same as revision 1; nothing to amend"]


def test_the_form_is_for_editors_of_a_study_that_goes_on(editor: Client, viewer: Client, project: Project) -> None:
    study = factories.a_study(project)
    url = reverse("trials:plan", args=[study.pk])

    assert viewer.get(url).context["amendment"] is None
    Study.objects.filter(pk=study.pk).update(ending_code="stopped_by_user")
    assert editor.get(url).context["amendment"] is None


def test_the_next_study_opens_with_the_plan_as_amended_under_a_new_name_and_seed(
    editor: Client, project: Project
) -> None:
    study = factories.a_study(project, name="sweep", hypothesis="A higher rate wins.", seed=7)
    amend(study, replace(study.plan(), budget=Budget(trials=50)), reason="more time", user=None, at=NOW)

    page = editor.get(reverse("trials:plan", args=[study.pk]))
    answer = editor.get(page.context["next_url"])

    assert "Launch the next study from this plan" in page.content.decode()
    told = answer.context["draft"].text if hasattr(answer.context["draft"], "text") else ""
    data = cloning.next_plan_data(study, project=project)
    assert (data["name"], data["seed"], data["budget"]) == ("sweep-2", 8, {"trials": 50})
    assert "hypothesis" not in data
    assert "A higher rate wins." not in told
    assert f'name="follows" value="{study.pk}"' in answer.content.decode()
    assert f'Follows <b class="wrap"><a href="/studies/{study.pk}/">sweep</a>' in answer.content.decode()


def test_studies_that_follow_each_other_are_linked_both_ways_for_those_who_see_them(
    editor: Client, outsider: Client, project: Project
) -> None:
    first = factories.a_study(project, name="first")
    second = factories.a_study(project, name="second")
    Study.objects.filter(pk=second.pk).update(follows=first)

    later = editor.get(reverse("trials:plan", args=[second.pk]))
    assert later.context["follows"] == first
    assert ("Follows", "first", f"/studies/{first.pk}/") in [
        (fact.label, fact.value, fact.url) for fact in later.context["head"].facts
    ]
    assert [one.name for one in editor.get(reverse("trials:plan", args=[first.pk])).context["followers"]] == ["second"]
    assert outsider.get(f"/studies/new/?next={first.pk}").status_code in {403, 404}
    first.delete()
    second.refresh_from_db()
    assert second.follows is None
