"""The lab's pages: what was asked for, how far it is, what it found; to those who may see it."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from pruning.lab.figures import figures_of
from pruning.models import Backtest
from tests import factories
from tests.pruning.lab.backtests import a_finished_study, a_played, an_editor, asked, curves, play
from tests.pruning.studies import a_played_study
from trials.models import Job, Membership, Project, Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.RECORDED_CURVES = {"toys": curves(tmp_path / "curves")}
    return tmp_path / "curves"


@pytest.fixture
def editor() -> User:
    return an_editor()


@pytest.fixture
def browser(client: Client, editor: User) -> Client:
    client.force_login(editor)
    return client


def words(answer: Any) -> str:
    """Return what a page says, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def as_person(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


# --- the list


def test_without_anything_to_play_the_lab_says_what_is_missing(browser: Client, settings: Settings) -> None:
    settings.RECORDED_CURVES = {}

    told = words(browser.get("/lab/"))

    assert "Nothing to replay yet. A replay needs a study that has ended with at least two trials" in told
    assert "New replay" not in told


def test_with_a_finished_study_it_offers_a_replay(browser: Client) -> None:
    a_finished_study()

    told = words(browser.get("/lab/"))

    assert "No replay yet. Choose finished studies and policies" in told
    assert "New replay" in told


def test_a_viewer_reads_what_others_asked(editor: User, folder: Path) -> None:
    asked(editor, curves={"toys": []})
    viewer = factories.a_person("viewer", Project.objects.get(slug="lab"), Role.VIEWER)

    told = words(as_person(viewer).get("/lab/"))

    assert "payoff and 2 other policies" in told
    assert "New replay" not in told


def test_every_page_leads_to_the_lab(browser: Client) -> None:
    assert '<a href="/lab/">Lab</a>' in browser.get("/").content.decode()
    assert '<a href="/lab/" aria-current="true">Lab</a>' in browser.get("/lab/").content.decode()


def test_a_list_asks_the_same_for_one_and_many(
    browser: Client, editor: User, folder: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        asked(editor, curves={"toys": []})

    with django_assert_num_queries(5):  # session, person, backtests, may start, a finished study
        browser.get("/lab/")


# --- asking


def test_the_form_offers_what_may_be_chosen(browser: Client, folder: Path) -> None:
    study = a_finished_study(name="ended")
    a_played_study([1.0, 2.0], name="still training")
    a_finished_study([], name="bare")

    page = browser.get(f"/lab/new/?study={study.pk}").content.decode()

    assert f'name="study" value="{study.pk}" checked' in page
    assert "still training" not in page
    assert "no complete curve: nobody knows how a trial ends" in page
    assert 'name="curves" value="toys/toys"' in page
    assert all(f'name="policy" value="{name}"' in page for name in ("default", "asha", "full"))


def test_a_form_that_is_sent_starts_a_job_and_leads_to_it(browser: Client, folder: Path) -> None:
    form = {
        "project": "lab",
        "curves": ["toys/toys"],
        "policy": ["asha", "full"],
        "risks": "5, 10 %",
        "pasted": "strategy: {rule: asha, eta: 4}",
        "pasted_name": "mine",
        "orders": "2",
        "workers": "3",
    }

    answer = browser.post("/lab/new/", form)

    backtest = Backtest.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/lab/{backtest.pk}/")
    assert backtest.policy_names == ["asha", "full", "risk 5 %", "risk 10 %", "mine"]
    assert (backtest.folders, backtest.orders, backtest.workers) == ({"toys": ["toys"]}, 2, 3)
    assert backtest.job.state == Job.State.WAITING


def test_a_form_with_mistakes_comes_back_as_it_was_and_names_them(browser: Client, folder: Path) -> None:
    form = {"project": "lab", "curves": ["toys/toys"], "pasted": "strategy: {rule: ahsa}", "orders": "0", "risks": "x"}

    answer = browser.post("/lab/new/", form)

    told = words(answer)
    assert answer.status_code == 422
    assert "policies[1].policy.strategy.rule: unknown rule 'ahsa'; did you mean 'asha'?" in told
    assert "orders: 0 is not a whole number from 1 to 50" in told
    assert "policies[0]: unknown policy 'risk x'" in told
    assert "strategy: {rule: ahsa}" in told
    assert 'value="toys/toys" checked' in answer.content.decode()
    assert not Backtest.objects.exists()


@pytest.mark.parametrize("field", ["study", "version", "orders", "workers", "curves", "policy", "risks", "project"])
@pytest.mark.parametrize("value", ["x" * 300, "-1", "²", "9" * 40, "/etc/passwd", "nan"])
def test_no_field_breaks_the_form(browser: Client, folder: Path, field: str, value: str) -> None:
    form = {"project": "lab", "curves": ["toys/toys"], "policy": ["asha"], "orders": "1", "workers": "1", field: value}

    assert browser.post("/lab/new/", form).status_code == 422


def test_an_ended_study_leads_to_the_form_with_itself_chosen(browser: Client) -> None:
    study = a_finished_study()
    link = f'href="/lab/new/?study={study.pk}">Replay other policies on this study</a>'

    assert link in browser.get(f"/studies/{study.pk}/").content.decode()


def test_a_backtest_can_be_asked_for_again_with_its_choices(browser: Client, editor: User, folder: Path) -> None:
    before = asked(editor, curves={"toys": ["toys"]}, orders=7)

    page = browser.get(f"/lab/new/?from={before.pk}").content.decode()

    assert 'value="toys/toys" checked' in page
    assert 'name="orders" min="1" max="50" value="7"' in page
    assert 'name="policy" value="payoff" checked' in page
    assert 'name="policy" value="default" checked' not in page


# --- one backtest


def test_one_under_way_says_how_far_it_is_and_can_be_left(browser: Client, editor: User, folder: Path) -> None:
    backtest = asked(editor, curves={"toys": []})
    Job.objects.filter(pk=backtest.job_id).update(state="RUNNING", done=3, total=12, message="Playing toys__a")

    answer = browser.get(f"/lab/{backtest.pk}/")

    assert "Playing 3 of 12 runs Playing toys__a" in words(answer)
    assert "you can leave this page meanwhile" in words(answer)
    version = answer.context["live"].version
    assert browser.get(f"/lab/{backtest.pk}/?version={version}").status_code == 204
    Job.objects.filter(pk=backtest.job_id).update(state="WAITING")
    play(backtest)
    last = browser.get(f"/lab/{backtest.pk}/?version={version}")
    assert (last.status_code, "Played" in words(last)) == (286, True)


def test_a_failed_one_names_every_reason_and_can_go_on(browser: Client, editor: User) -> None:
    study = a_finished_study([1.0, 1.0, 1.0])
    backtest = asked(editor, studies=[study.pk])
    play(backtest)

    told = words(browser.get(f"/lab/{backtest.pk}/"))
    browser.post(f"/lab/{backtest.pk}/go-on/")

    assert (
        "It could not be played. There is nothing to play on. skipped a study (lab): all its curves are equally" in told
    )
    assert Backtest.objects.get().job.state == Job.State.WAITING


def test_its_numbers_are_those_of_its_json(browser: Client, editor: User, folder: Path) -> None:
    backtest = a_played(editor, curves={"toys": []}, against="full")
    result = json.loads(browser.get(f"/lab/{backtest.pk}/backtest.json").content)

    context = browser.get(f"/lab/{backtest.pk}/?against=asha").context

    rows = {row.name: row for row in context["figures"]}
    assert list(rows) == ["payoff", "asha", "full", "oracle"]
    for name, told in result["total"]["by_policy"].items():
        compute, regret = (rows[name].figures[place].value for place in (0, 1))
        assert compute == f"{100 * told['compute']['mean']:.0f}\u202f%"
        assert regret == f"{told['regret']['mean']:.3f}"
    assert rows["asha"].is_reference
    assert rows["full"].against is None


def test_the_frontier_holds_the_same_numbers(browser: Client, editor: User, folder: Path) -> None:
    backtest = a_played(editor, curves={"toys": []})
    assert backtest.job.result is not None

    drawn = json.loads(browser.get(f"/lab/{backtest.pk}/frontier.json").content)

    found = {one["name"]: one for one in drawn["policies"]}
    for name, told in backtest.job.result["total"]["by_policy"].items():
        for figure in ("compute", "regret"):
            ends = [found[name][figure][end] for end in ("value", "low", "high")]
            assert ends == [told[figure][end] for end in ("mean", "low", "high")]
    assert {name: one["kind"] for name, one in found.items()} == {
        "payoff": "ours",
        "asha": "peer",
        "full": "reference",
        "oracle": "reference",
    }


def test_each_family_and_study_has_its_own_table(browser: Client, editor: User, folder: Path) -> None:
    study = a_finished_study()
    backtest = a_played(editor, curves={"toys": []}, studies=[study.pk])
    views = browser.get(f"/lab/{backtest.pk}/").context["views"]

    assert [view.label for view in views] == ["All 3 studies", "lab", "toys", "toys__a", "toys__b", "a study (lab)"]
    for view in views:
        answer = browser.get(f"/lab/{backtest.pk}/", {"view": view.value})
        assert next(one for one in answer.context["views"] if one.chosen) == next(
            one for one in answer.context["views"] if one.value == view.value
        )
        assert answer.context["figures"]


def test_a_clicked_trial_opens_with_the_verdicts_of_every_policy(browser: Client, editor: User) -> None:
    study = a_finished_study()
    backtest = a_played(editor, studies=[study.pk])
    stops = browser.get(f"/lab/{backtest.pk}/").context["stops"]
    row = next(row for row in stops.rows if any(cell.kind == "speed" for cell in row.cells))

    opened = browser.get(row.url.partition("#")[0]).context["stops"].opened

    assert opened.name == row.name
    assert opened.url == f"/studies/{study.pk}/trials/{row.name}/"
    asha = next(one for one in opened.verdicts if one.policy == "asha")
    assert asha.said
    assert all(said.sentence for said in asha.said)
    curve = json.loads(browser.get(opened.curve_url).content)
    assert (curve["trial"], curve["objective"], curve["unit"]) == (row.name, "val_loss", "steps")
    assert [policy for stop in curve["stops"] for policy in stop["policies"]] == [
        one.policy for one in opened.verdicts if one.kind == "speed"
    ]


def test_those_that_some_policy_would_have_stopped_come_first(browser: Client, editor: User, folder: Path) -> None:
    backtest = a_played(editor, curves={"toys": []})

    rows = browser.get(f"/lab/{backtest.pk}/").context["stops"].rows

    stopped = [not row.stopped_by.startswith("0 ") for row in rows]
    assert len(rows) == 10
    assert stopped == sorted(stopped, reverse=True)


def test_a_large_study_says_that_orders_draw_from_it(
    browser: Client, editor: User, tmp_path: Path, settings: Settings
) -> None:
    from tests.pruning.curves.folders import a_folder, falling

    settings.RECORDED_CURVES = {"toys": a_folder(tmp_path / "large", {"toys__large": falling(130, 4)})}
    backtest = a_played(editor, curves={"toys": []}, policies=["asha"], orders=1)

    assert "Each order draws 100 of the study's 130 curves" in words(browser.get(f"/lab/{backtest.pk}/"))


@pytest.mark.parametrize(
    "query",
    [
        "view=study:99",
        "view=x",
        "against=oracle",
        "against=nobody",
        "of=x",
        "study=99",
        "study=0&order=99",
        "order=-1",
        "trial=x",
    ],
)
def test_what_an_address_cannot_mean_counts_as_not_asked(
    browser: Client, editor: User, folder: Path, query: str
) -> None:
    backtest = a_played(editor, curves={"toys": []})

    assert browser.get(f"/lab/{backtest.pk}/?{query}").status_code == 200
    assert browser.get(f"/lab/{backtest.pk}/frontier.json?{query}").status_code == 200
    assert browser.get(f"/lab/{backtest.pk}/trial.json?{query}").status_code == 404


def test_figures_that_are_not_there_yet_are_no_page(browser: Client, editor: User, folder: Path) -> None:
    backtest = asked(editor, curves={"toys": []})

    for name in ("frontier.json", "trial.json", "backtest.json"):
        assert browser.get(f"/lab/{backtest.pk}/{name}").status_code == 404


def test_a_page_asks_the_same_however_many_runs_there_are(
    browser: Client, editor: User, folder: Path, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    small = a_played(editor, curves={"toys": []}, orders=1)
    large = a_played(editor, curves={"toys": []}, orders=4, policies=["payoff", "asha", "hyperband", "median", "full"])
    for backtest in (small, large):
        figures_of(backtest)

    for backtest in (small, large):
        with django_assert_max_num_queries(9):
            browser.get(f"/lab/{backtest.pk}/")


# --- access


def test_a_backtest_is_hidden_from_whoever_may_not_see_one_of_its_studies(editor: User) -> None:
    hidden = a_finished_study(name="hidden")
    elsewhere, _ = Project.objects.get_or_create(slug="other", defaults={"name": "Other", "created_at": factories.NOW})
    Membership.objects.create(project=elsewhere, user=editor, role=Role.EDITOR)
    backtest = asked(editor, project="other", studies=[hidden.pk])
    neighbour = factories.a_person("neighbour", elsewhere, Role.OWNER)

    assert as_person(editor).get(f"/lab/{backtest.pk}/").status_code == 200
    assert as_person(neighbour).get(f"/lab/{backtest.pk}/").status_code == 404
    assert "hidden" not in words(as_person(neighbour).get("/lab/"))
    assert list(Backtest.objects.visible_to(neighbour)) == []


def test_who_has_left_the_project_sees_nothing_of_it(editor: User, folder: Path) -> None:
    backtest = asked(editor, curves={"toys": []})
    editor.memberships.all().delete()

    assert as_person(editor).get(f"/lab/{backtest.pk}/").status_code == 404


def test_a_reader_may_not_have_one_go_on(editor: User, folder: Path) -> None:
    backtest = asked(editor, curves={"toys": []})
    viewer = factories.a_person("viewer", Project.objects.get(slug="lab"), Role.VIEWER)

    assert as_person(viewer).post(f"/lab/{backtest.pk}/go-on/").status_code == 403
    assert as_person(viewer).get("/lab/new/").status_code == 403


def test_hostile_names_are_text(browser: Client, editor: User) -> None:
    study = a_finished_study(name=HOSTILE)
    policies = ["asha", {"name": HOSTILE, "policy": "safe"}]
    backtest = a_played(editor, studies=[study.pk], policies=policies, name=HOSTILE, against=HOSTILE)

    for path in ("/lab/", f"/lab/{backtest.pk}/", f"/lab/new/?from={backtest.pk}&study={study.pk}"):
        page = browser.get(path).content.decode()
        assert "<script>alert" not in page
        assert html.escape(HOSTILE) in page
    assert browser.get(f"/lab/{backtest.pk}/frontier.json", {"against": HOSTILE}).status_code == 200
