"""The plan as registered."""

from dataclasses import replace

from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import NOW
from trials.models import Project
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


def test_the_space_and_the_looks_are_in_words(editor: Client, project: Project) -> None:
    study = factories.a_study(project)

    context = editor.get(reverse("trials:plan", args=[study.pk])).context

    rows = {row.name: (row.low, row.high, row.prior) for row in context["space"]}
    assert rows["learning_rate"] == ("1e−5", "0.1", "real, logarithmic")
    assert rows["batch_size"] == ("8", "64", "whole, uniform")
    assert rows["optimizer"][2] == "one of 2: adamw, adafactor"
    assert {fact.label: fact.value for fact in context["policy"]}["Looks"] == "4, 8"
    assert context["hypotheses"] == ["A higher learning rate needs a larger batch."]
