"""The library as pages and for programs."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pruning import versions
from pruning.models import PolicyVersion, StudyCard
from pruning.policy import Policy
from pruning.presets import PRESETS
from pruning.standing import policy_of
from tests.factories import a_person, a_project
from tests.pruning.library.cards import a_card, a_play, a_task
from tests.pruning.studies import NOW, a_plan
from trials import studies
from trials.models import Project, Study

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def project() -> Project:
    return a_project("lab", "Lab")


@pytest.fixture
def member(client: Client, project: Project) -> Client:
    client.force_login(a_person("ada", project))
    return client


def a_past_study(project: Project, name: str = "past", **card: object) -> Study:
    """Return a study with a card of known figures."""
    study = studies.launch(a_plan(name=name), project=project, user=None, source="", at=NOW)
    body = a_card(name, **card).to_mapping()  # type: ignore[arg-type]  # a test names parts freely
    StudyCard.objects.create(study=study, body=body, metric=study.metric, created_at=timezone.now())
    return study


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, response.content[:200]
    return response.content.decode()


def test_every_named_policy_stands_there_with_its_figures(member: Client) -> None:
    told = page(member, "/policies/")

    for name in ("safe", "balanced", "payoff", "fast", "asha", "hyperband", "median"):
        assert f"/policies/{name}/" in told
    assert "25 recorded studies" in told
    assert "0 studies of yours" in told
    assert "not played yet" not in told
    assert 'aria-current="true">Policies</a>' in told


def test_cards_are_listed_the_newest_first_and_hostile_names_are_text(member: Client, project: Project) -> None:
    a_past_study(project, HOSTILE, task=a_task(tags=(HOSTILE,)))
    told = page(member, "/policies/")

    assert HOSTILE not in told
    assert "&lt;img src=x onerror=alert(1)&gt;" in told
    assert told.index("&lt;img") < told.index("taskset__imdb_patch32_GRU128_bs128")


@pytest.mark.parametrize(
    ("query", "here", "not_here"),
    [
        ("q=brax", "brax_ppo__fetch_10M", "bert_ft__rte"),
        ("q=FINE-TUNING", "bert_ft__rte", "brax_ppo__fetch_10M"),
        ("source=here", "No card matches", "bert_ft__rte"),
        ("q=nothing%20at%20all", "No card matches", "bert_ft__rte"),
        ("start=20&source=starter", "lora_lm__study2", "taskset__imdb_patch32_GRU128_bs128"),
        ("start=-3&source=moon", "bert_ft__rte", "No card matches"),
        ("start=99999", "No card matches", "bert_ft__rte"),
    ],
)
def test_cards_are_filtered_by_the_address(member: Client, query: str, here: str, not_here: str) -> None:
    told = page(member, f"/policies/?{query}")

    assert here in told
    assert not_here not in told


def test_a_policys_page_says_what_it_does_and_how_it_did_where(member: Client) -> None:
    told = page(member, "/policies/balanced/")

    assert Policy.from_mapping("balanced").fingerprint in told
    assert "One of 20 suggested trials belongs to the control arm" in told
    assert "rule: calibrated_halving" in told
    assert ">Lab</a>" in told  # the bar on top
    assert "brax_ppo" in told
    assert "/policies/starter/brax_ppo__humanoid_10M/" in told


@pytest.mark.parametrize("name", ["asha", "hyperband", "median", "safe-stopping", *PRESETS])
def test_every_named_policy_has_its_page_but_what_prunes_nothing(member: Client, name: str) -> None:
    assert member.get(f"/policies/{name}/").status_code == (404 if name == "off" else 200)


def test_a_version_lists_the_studies_that_ran_under_it(member: Client, project: Project) -> None:
    own = policy_of(a_plan()).fingerprint
    study = a_past_study(project, played=[a_play("own", fingerprint=own, lost=0.3)])
    told = page(member, "/policies/custom-v1/")

    assert "Used by 1 study" in told
    assert study.get_absolute_url() in told
    assert f"/policies/cards/{study.pk}/" in told
    assert "30 %" in told


def test_a_version_that_only_others_use_does_not_exist(client: Client, project: Project) -> None:
    a_past_study(project)
    client.force_login(a_person("bob"))

    assert client.get("/policies/custom-v1/").status_code == 404
    assert "custom v1" not in page(client, "/policies/")


def test_a_version_whose_rules_have_changed_since_is_shown_as_it_was_kept(member: Client, project: Project) -> None:
    a_past_study(project)
    old = {"looks": [2], "gates": [], "strategy": {"rule": "gone", "version": 1}, "safeguards": {}, "shadow": False}
    PolicyVersion.objects.update(mapping=old)
    told = page(member, "/policies/custom-v1/")

    assert "rule: gone" in told
    assert "nothing is known of it" in told


@pytest.mark.parametrize("key", ["ghost", "custom-v99", "custom-v99999999999999999999", "-v1", "v1"])
def test_an_unknown_policy_is_not_found(member: Client, key: str) -> None:
    assert member.get(f"/policies/{key}/").status_code == 404


def test_a_cards_page_says_where_it_comes_from(member: Client, project: Project) -> None:
    study = a_past_study(project, played=[a_play("balanced", lost=0.3)])
    told = page(member, f"/policies/cards/{study.pk}/")

    assert "Agreement of the order with the end" in told
    assert "Open the study" in told
    assert "a test" in told
    assert "30 %" in told


def test_a_starter_card_names_its_source_and_licence(member: Client) -> None:
    told = page(member, "/policies/starter/bert_ft__rte/")

    assert "asappresearch/revisit-bert-finetuning at 2f6dc89c9e30" in told
    assert "Apache-2.0" in told
    assert "benchmarks/starter_library.py" in told


def test_a_study_without_a_card_has_no_card_page(member: Client, project: Project) -> None:
    study = a_past_study(project)
    StudyCard.objects.all().delete()

    assert member.get(f"/policies/cards/{study.pk}/").status_code == 404
    assert member.get("/policies/starter/ghost/").status_code == 404


@pytest.mark.parametrize("address", ["/policies/", "/policies/balanced/", "/policies/custom-v1/"])
def test_queries_do_not_grow_with_the_cards(member: Client, project: Project, address: str) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page(member, address)
        return len(queries)

    a_past_study(project, "one")
    few = asked()
    for n in range(3):
        a_past_study(project, f"another {n}")

    assert asked() == few
    assert few <= 9


@pytest.fixture
def ask(member: Client) -> Callable[[str], dict[str, object]]:
    def read(address: str) -> dict[str, object]:
        response = member.get(f"/api/v1/{address}")
        assert response.status_code == 200
        found: dict[str, object] = response.json()
        return found

    return read


def test_programs_read_the_policies_with_their_figures(ask: Callable[[str], dict[str, object]]) -> None:
    results = ask("policies")["results"]
    assert isinstance(results, list)
    balanced = next(one for one in results if one["key"] == "balanced")

    assert balanced["fingerprint"] == Policy.from_mapping("balanced").fingerprint
    assert 0 < balanced["total"]["compute"]["low"] < balanced["total"]["compute"]["high"] < 1
    assert balanced["total"]["n_studies"] == 25


def test_programs_read_one_policy_by_family(ask: Callable[[str], dict[str, object]]) -> None:
    told = ask("policies/balanced")

    assert told["policy"] == Policy.from_mapping("balanced").to_mapping()
    assert isinstance(told["families"], dict)
    assert told["families"]["brax_ppo"]["n_studies"] == 6


def test_programs_read_cards_and_filter_them(ask: Callable[[str], dict[str, object]], project: Project) -> None:
    study = a_past_study(project, "one")

    found = ask("cards?metric=val_loss&project=lab")["results"]
    assert isinstance(found, list)
    (only,) = found
    assert only["study"] == study.pk
    assert only["card"]["name"] == "one"
    assert ask(f"studies/{study.pk}/card")["study"] == study.pk
    assert ask("cards?metric=reward")["results"] == []
    assert len(ask("cards/starter")["cards"]) == 25  # type: ignore[arg-type]


def test_the_version_of_a_policy_is_entered_once(project: Project) -> None:
    a_past_study(project, "one")
    a_past_study(project, "two")

    assert PolicyVersion.objects.count() == 1
    assert versions.version_of(policy_of(a_plan())) == 1
