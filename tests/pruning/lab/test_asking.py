"""What somebody may ask the lab, and how it is refused otherwise: by field, with the remedy."""

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from pruning.lab import asking, sources
from pruning.lab.asking import Asked, Refused
from pruning.models import PolicyVersion
from tests import factories
from tests.pruning.lab.backtests import a_finished_study, an_editor, asked, curves
from tests.pruning.studies import a_played_study
from trials.models import Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging", "folder")]


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> None:
    settings.RECORDED_CURVES = {"toys": curves(tmp_path / "curves"), "gone": tmp_path / "gone"}


def wish(**changes: Any) -> dict[str, Any]:
    return {"project": "lab", "curves": {"toys": []}, "policies": ["default", "asha"], **changes}


def read(**changes: Any) -> Asked:
    return asking.read(wish(**changes), an_editor())


def test_what_is_left_out_has_usual_values() -> None:
    found = read()

    assert (found.orders, found.workers, found.against, found.name) == (10, 4, "default", "")
    assert [one.name for one in found.policies] == ["default", "asha"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"project": "other"}, "project: 'other' is no project in which you may start something"),
        ({"colour": "red"}, "colour: unknown field 'colour'; known: against"),
        ({"curves": {}}, "studies: nothing to play on"),
        ({"curves": {"/etc": []}}, "curves./etc: unknown folder '/etc'; known: gone, toys"),
        ({"curves": {"gone": []}}, "curves.gone: gone/index.json cannot be read"),
        ({"curves": {"toys": ["tyos"]}}, "curves.toys: unknown family 'tyos'; did you mean 'toys'?"),
        ({"curves": ["toys"]}, "curves: not a mapping of folders"),
        ({"curves": {"toys": "toys"}}, "curves.toys: not a list of families"),
        ({"studies": ["1"]}, "studies: not a list of the ids of studies"),
        ({"studies": [999]}, "studies: there is no study 999 that you may see"),
        ({"policies": []}, "policies: none chosen"),
        ({"policies": "asha"}, "policies: none chosen"),
        ({"policies": ["ahsa"]}, "policies[0]: unknown policy 'ahsa'; did you mean 'asha'?"),
        ({"policies": ["asha", "asha"]}, "policies: 'asha' is named twice"),
        ({"policies": [{"version": 999}]}, "policies[0].version: there is no stored policy 999 that you may see"),
        ({"policies": [{"path": "/etc/passwd"}]}, "policies[0]: not a name"),
        ({"policies": [{"policy": {}}]}, "policies[0].policy: empty"),
        (
            {"policies": [{"policy": "strategy: {rule: ahsa}"}]},
            "policies[0].policy.strategy.rule: unknown rule 'ahsa'; did you mean",
        ),
        ({"policies": [{"policy": "strategy: ["}]}, "policies[0].policy: line 1"),
        ({"policies": [{"name": "x" * 61, "policy": "safe"}]}, "policies[0].name: give a name of up to 60"),
        ({"policies": ["asha"] * 17}, "policies: 17 policies; at most 16"),
        ({"against": "ray"}, "against: 'ray' is none of the policies played: default, asha"),
        ({"orders": 0}, "orders: 0 is not a whole number from 1 to 50"),
        ({"orders": True}, "orders: True is not a whole number"),
        ({"workers": "4"}, "workers: '4' is not a whole number from 1 to 1000"),
        ({"name": 3}, "name: not a text"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_field(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused) as caught:
        read(**changes)

    assert told in str(caught.value)


def test_too_many_runs_are_refused_with_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_CELLS", 39)

    with pytest.raises(Refused, match="2 studies, 2 policies and 10 orders are 40 runs; at most 39"):
        read()


def test_a_study_that_runs_and_one_without_complete_curves_are_named() -> None:
    running = a_played_study([1.0, 2.0, 3.0], name="runs")
    bare = a_finished_study([], name="bare")

    with pytest.raises(Refused) as caught:
        read(studies=[running.pk, bare.pk])

    assert [str(one) for one in caught.value.problems] == [
        "studies: runs has not ended: wait for it, or stop it",
        "studies: bare has no complete curve, so nobody knows how a trial ends: let some trials run to their end",
    ]


def test_a_study_of_others_does_not_exist() -> None:
    study = a_finished_study()
    stranger = an_editor("stranger", "elsewhere")

    with pytest.raises(Refused, match=f"there is no study {study.pk} that you may see"):
        asking.read(wish(project="elsewhere", studies=[study.pk]), stranger)


def test_a_viewer_may_not_start_one() -> None:
    editor = an_editor()
    project = editor.memberships.get().project
    viewer = factories.a_person("viewer", project, Role.VIEWER)

    with pytest.raises(Refused, match="ask to be made an editor"):
        asking.read(wish(), viewer)


def test_a_policy_may_be_pasted_as_text_or_data_or_within_a_plan() -> None:
    text = "strategy: {rule: asha, eta: 4}"
    found = read(
        policies=[
            {"policy": text},
            {"name": "data", "policy": {"strategy": {"rule": "asha", "eta": 4}}},
            {"name": "plan", "policy": f"name: a plan\npolicy:\n  {text}\n"},
            {"name": "preset", "policy": {"policy": "safe"}},
        ]
    )

    mappings = [one.mapping for one in found.policies]
    assert mappings[0] == mappings[1] == mappings[2] != mappings[3]
    assert [one.name for one in found.policies] == ["pasted", "data", "plan", "preset"]


def test_a_stored_policy_is_offered_to_those_who_see_a_study_under_it() -> None:
    a_finished_study(policy={"strategy": {"rule": "asha", "eta": 3}})
    editor, stranger = an_editor(), an_editor("stranger", "elsewhere")
    version = PolicyVersion.objects.get()

    (chosen,) = asking.read(wish(policies=[{"version": version.pk}]), editor).policies

    assert (chosen.name, chosen.mapping) == ("custom version 1", version.mapping)
    assert sources.versions_for(editor) == [version]
    assert sources.versions_for(stranger) == []


def test_a_kept_policy_judges_as_the_one_that_was_chosen() -> None:
    backtest = asked(an_editor(), curves={"toys": []}, policies=["safe", {"name": "mine", "policy": "safe"}])

    makers = asking.makers_of(backtest.policies)

    pool = next(iter(sources.found([], {"toys": []})))[0].pool  # type: ignore[union-attr]
    assert makers["safe"](pool).fingerprint == makers["mine"](pool).fingerprint
