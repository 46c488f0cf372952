"""Planning and launching a study on a page."""

from __future__ import annotations

import re
import uuid
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from tests import factories
from tests.trials.toy import TRAINABLES
from trials.models import Project, Study, Trial
from trials.pages.parts.draft import DraftPage

URL = "/studies/new/"
FORM = {
    "view": "form",
    "project": "text-lab",
    "name": "lr sweep",
    "metric": "val_loss",
    "direction": "minimize",
    "trainable": "toy",
    "row": ["0", "1"],
    "name-0": "learning_rate",
    "type-0": "float",
    "low-0": "1e-4",
    "high-0": "0.1",
    "log-0": "true",
    "default-0": "1e-3",
    "name-1": "optimizer",
    "type-1": "",
    "choices-1": "adamw, sgd",
    "default-1": "adamw",
    "with_defaults": "true",
    "policy": "balanced",
    "risk-balanced": "0.2",
    "trials": "12",
}


@pytest.fixture(autouse=True)
def _toy(settings: Settings) -> None:
    settings.TRAINABLES = TRAINABLES


def post(client: Client, go: str, **changes: object) -> DraftPage:
    answer = client.post(URL, {**FORM, "go": go, **changes})
    assert answer.status_code in {200, 422}, answer.status_code
    page: DraftPage = answer.context["draft"]
    return page


def problems(page: DraftPage) -> dict[str, str]:
    return {one.path: one.target for one in page.problems}


def launched(client: Client, **changes: object) -> Study:
    answer = client.post(URL, {**FORM, "go": "launch", "key": str(uuid.uuid4()), **changes})
    assert answer.status_code == 302, answer.context["draft"].problems
    return Study.objects.get(pk=int(answer.headers["Location"].strip("/").split("/")[-1]))


def test_an_editor_launches_what_the_form_says(editor: Client, project: Project) -> None:
    study = launched(editor)

    plan = study.plan()
    assert (study.name, study.project, study.trainable, study.horizon) == ("lr sweep", project, "toy", 4)
    assert next(parameter.to_data() for parameter in plan.space) == {
        "name": "learning_rate", "type": "float", "low": 1e-4, "high": 0.1, "log": True, "step": None, "when": {},
    }  # fmt: skip
    assert plan.defaults == {"learning_rate": 1e-3, "optimizer": "adamw"}
    assert plan.policy == "balanced"
    assert study.trials.get().origin == Trial.Origin.DEFAULTS
    assert study.created_by is not None
    assert study.created_by.username == "editor"
    assert study.newest_revision().source.startswith("name: lr sweep\nobjectives:\n")


def test_a_form_sent_twice_launches_once(editor: Client, project: Project) -> None:
    key = str(uuid.uuid4())

    first, second = (editor.post(URL, {**FORM, "go": "launch", "key": key}) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 302)
    assert first.headers["Location"] == second.headers["Location"]
    assert Study.objects.count() == 1


def test_a_name_that_is_taken_is_refused_at_its_field(editor: Client, project: Project) -> None:
    launched(editor)

    page = post(editor, "launch", key=str(uuid.uuid4()))

    assert problems(page) == {"name": "f-name"}
    assert "already has a study" in page.fields["name"].problem
    assert page.fields["metric"].value == "val_loss"


def test_another_persons_key_launches_nothing_of_theirs(editor: Client, outsider: Client, project: Project) -> None:
    mine = launched(editor)
    other = factories.a_project("vision-lab", "Vision lab")
    factories.a_person("vera", other)
    client = Client()
    client.force_login(other.memberships.get().user)

    answer = client.post(URL, {**FORM, "project": "vision-lab", "go": "launch", "key": str(mine.launch_key)})

    assert answer.status_code == 422
    assert Study.objects.filter(project=other).count() == 0


def test_the_same_problem_stands_at_the_same_place_in_form_and_text(editor: Client, project: Project) -> None:
    wrong = {"low-0": "0", "direction": "up", "trials": "many", "policy": "balanced", "risk-balanced": "2"}

    in_form = post(editor, "verify", **wrong)
    in_text = post(editor, "yaml", **wrong)

    assert problems(in_form) == {
        "space.learning_rate.low": "f-low-0",
        "objectives[0].direction": "f-direction",
        "budget.trials": "f-trials",
    }
    assert in_text.view == "yaml"
    assert {(one.path, one.message) for one in in_text.problems} == {
        (one.path, one.message) for one in in_form.problems
    }
    lines = in_text.text.splitlines()
    assert all("learning_rate" in lines[one.line - 1] for one in in_text.problems if one.path.startswith("space"))  # type: ignore[operator]  # every problem of a text has its line
    assert "cannot start a log range" in in_form.rows[0].low.problem


def test_a_risk_out_of_bounds_is_shown_at_the_dial(editor: Client, project: Project) -> None:
    page = post(editor, "verify", **{"risk-balanced": "2"})

    assert problems(page) == {"policy.strategy.risk": "f-risk-balanced"}
    assert page.fields["risk-balanced"].value == "2"
    assert not page.is_custom


def test_a_dialled_risk_reaches_the_plan_and_comes_back_to_the_dial(editor: Client, project: Project) -> None:
    study = launched(editor, **{"risk-balanced": "0.1", "shadow": "1"})

    policy = study.plan().policy
    again = editor.get(f"{URL}?from={study.pk}").context["draft"]

    assert isinstance(policy, dict)
    assert policy["strategy"]["risk"] == 0.1
    assert policy["shadow"] is True
    assert (again.fields["risk-balanced"].value, again.shadow, again.is_custom) == ("0.1", True, False)
    assert [one.name for one in again.policies if one.chosen] == ["balanced"]


def test_switching_to_text_and_back_keeps_everything(editor: Client, project: Project) -> None:
    text = (
        "# why we do this\nname: digits\nobjectives:\n- {metric: val_loss, direction: minimize}\n"
        "space:\n  learning_rate: {type: float, low: 1e-4, high: 1e-1, log: true}\n"
        "trainable: toy\nbudget: {trials: 5}\nenqueue:\n- params: {learning_rate: 3e-2}\nsede: 7\n"
    )

    form = post(editor, "form", view="yaml", text=text)
    posted = {name: field.value for name, field in form.fields.items()}
    row = form.rows[0]
    cells = {field.name: field.value for field in (row.name, row.kind, row.low, row.high, row.log)}
    back = editor.post(URL, {**posted, **cells, "row": "0", "view": "form", "text": form.text, "go": "yaml",
                             "project": "text-lab", "policy": "balanced"}).context["draft"]  # fmt: skip

    assert form.view == "form"
    assert form.fields["rest"].value == "enqueue:\n- params: {learning_rate: 0.03}\nsede: 7\n"
    assert [one.path for one in form.problems] == ["sede"]
    assert back.view == "yaml"
    assert "# why we do this" not in back.text  # a policy was chosen in the form
    assert {"sede: 7", "policy: balanced", "name: digits"} <= set(back.text.splitlines())


def test_text_that_is_no_yaml_stays_as_it_was(editor: Client, project: Project) -> None:
    page = post(editor, "form", view="yaml", text="name: [a\nb: {")

    assert (page.view, page.text) == ("yaml", "name: [a\nb: {")
    assert page.problems[0].line is not None


def test_nothing_is_wrong_with_a_form_that_nobody_has_filled_in(editor: Client, project: Project) -> None:
    fresh = editor.get(URL).context["draft"]
    looked_at = post(editor, "verify", name="", trials="")

    assert fresh.problems == []
    assert {"name", "budget"} <= set(problems(looked_at))


def test_rows_come_and_go_and_a_trainable_suggests_its_own(editor: Client, project: Project) -> None:
    offered = post(editor, "check").suggested
    more = post(editor, "suggest:layers")
    all_of_them = post(editor, "suggest:*")
    fewer = post(editor, "remove:0")
    blank = post(editor, "add")

    assert [one.name for one in offered] == ["layers", "alpha"]
    assert (more.rows[2].name.value, more.rows[2].low.value, more.rows[2].high.value) == ("layers", "1", "8")
    assert len(all_of_them.rows) == 4
    assert [row.name.value for row in fewer.rows] == ["optimizer"]
    assert [row.name.value for row in blank.rows] == ["learning_rate", "optimizer", ""]
    assert blank.problems == []


def test_a_range_has_its_picture(editor: Client, project: Project) -> None:
    page = post(editor, "suggest:layers")

    rate, optimizer, layers = (row.picture for row in page.rows)
    assert rate is not None
    assert rate.text == "from 1.00e−4 to 0.1, logarithmic"
    assert (rate.low, rate.high) == (0.0, 75.0), "the trainable takes it up to 1"
    assert rate.default == 25.0
    assert optimizer is not None
    assert optimizer.text == "2 choices: adamw, sgd"
    assert optimizer.default == 25.0
    assert layers is not None
    assert len(layers.values) == 8


def test_the_policy_can_be_written_out(editor: Client, project: Project) -> None:
    page = post(editor, "write-policy", **{"risk-balanced": "0.1"})

    assert page.is_custom
    assert "risk: 0.1" in page.fields["policy_text"].value
    assert "control_every: 20" in page.fields["policy_text"].value
    assert page.problems == []


def test_what_it_takes_is_unknown_until_a_study_has_been_measured(editor: Client, project: Project) -> None:
    url_free = editor.post(URL, {**FORM, "go": "check"}).context["forecast"]
    study = launched(editor)
    Study.objects.filter(pk=study.pk).update(steps_trained=40, slot_seconds=7200.0, steps_saved=60)

    known = editor.post(URL, {**FORM, "go": "check"}).context["forecast"]

    assert {what: much for what, much, _ in url_free.facts}["Slot hours"] == "unknown"
    facts = {what: (much, basis) for what, much, basis in known.facts}
    assert facts["Trials"][0] == "12"
    assert facts["Epochs"][0] == "48"
    assert facts["Slot hours"] == ("2.4", "180 s a step, the median of 1 study of toy with the same settings")
    assert facts["Stopped early there"][0] == "60\u202f%"
    assert facts["Time"] == ("unknown", "no worker is running now")


def test_a_forecast_tells_nobody_of_studies_they_may_not_see(editor: Client, project: Project) -> None:
    hidden = factories.a_study(factories.a_project("vision-lab", "Vision lab"), name="hidden")
    Study.objects.filter(pk=hidden.pk).update(trainable="toy", steps_trained=40, slot_seconds=7200.0)

    facts = editor.post(URL, {**FORM, "go": "check"}).context["forecast"].facts

    assert {what: much for what, much, _ in facts}["Slot hours"] == "unknown"


def test_a_clone_opens_with_the_plan_and_a_name_of_its_own(editor: Client, project: Project) -> None:
    study = launched(editor, name="sweep")
    launched(editor, name="sweep-2", key=str(uuid.uuid4()))

    page = editor.get(f"{URL}?from={study.pk}").context["draft"]

    assert (page.fields["name"].value, page.origin) == ("sweep-3", "sweep")
    assert [row.name.value for row in page.rows] == ["learning_rate", "optimizer"]
    assert page.problems == []


def test_a_study_launched_as_the_next_one_remembers_which_it_follows(editor: Client, project: Project) -> None:
    before = factories.a_study(project, name="before")

    study = launched(editor, follows=str(before.pk))

    assert study.follows == before
    assert list(before.followers.all()) == [study]
    assert launched(editor, name="alone", follows="<b>").follows is None


def test_only_editors_plan_studies_and_only_what_they_see_is_cloned(
    editor: Client, viewer: Client, outsider: Client, project: Project
) -> None:
    study = launched(editor)
    other = factories.a_study(factories.a_project("vision-lab", "Vision lab"), name="hidden")

    assert Client().get(URL).status_code == 302
    assert viewer.get(URL).status_code == 403
    assert outsider.get(URL).status_code == 403
    assert viewer.post(URL, FORM).status_code == 403
    assert editor.get(f"{URL}?from={other.pk}").status_code == 404
    assert editor.get(f"{URL}?from={study.pk}").status_code == 200
    assert editor.post(URL, {**FORM, "project": "vision-lab", "go": "launch"}).status_code == 403
    assert editor.get("/studies/new/gate/").status_code == 405


HOSTILE = '"><script>alert(1)</script>'


def test_hostile_texts_are_kept_and_shown_as_text(editor: Client, project: Project) -> None:
    odd = {name: HOSTILE for name, value in FORM.items() if isinstance(value, str) and name not in {"view", "project"}}

    for go in ("verify", "yaml", "launch", "suggest:x", "write-policy", "remove:99999", "policy:3", HOSTILE):
        answer = editor.post(URL, {**FORM, **odd, "go": go, "origin": HOSTILE, "origin_url": "javascript:alert(1)"})
        html = answer.content.decode()
        assert answer.status_code in {200, 422}, go
        assert "<script>alert" not in html
        assert "javascript:alert" not in html
        assert HOSTILE in unescape(html)
    for text in ("- a\n- b", "a: &x 1\nb: *x", "\x00", "[" * 5000, "x" * 200_000, "!!python/object:os.system x"):
        for go in ("form", "verify", "launch"):
            answer = editor.post(URL, {"view": "yaml", "project": "text-lab", "text": text, "go": go})
            assert answer.status_code in {200, 400, 422}, (text[:20], go)


def test_queries_do_not_grow_with_the_rows_of_the_form(editor: Client, project: Project) -> None:
    def count(n: int) -> int:
        rows: dict[str, object] = {"row": [str(k) for k in range(n)]}
        for k in range(n):
            rows |= {f"name-{k}": f"p{k}", f"low-{k}": "0", f"high-{k}": "1", f"type-{k}": "float"}
        with CaptureQueriesContext(connection) as queries:
            post(editor, "check", trainable="", horizon="10", with_defaults="", **rows)
        return len(queries)

    assert count(2) == count(60) <= 10


def test_every_label_names_a_field_that_is_there(editor: Client, project: Project) -> None:
    html = editor.post(URL, {**FORM, "go": "verify"}).content.decode()

    ids = set(re.findall(r'\bid="([^"]+)"', html))
    assert set(re.findall(r'\bfor="([^"]+)"', html)) <= ids
    assert {ident.lstrip("#") for ident in re.findall(r'hx-select-oob="([^"]+)"', html)[0].split(",")} <= ids | {
        "f-with_defaults-error", "f-horizon-error", "f-step_unit-error", "f-report_steps-error",
    }  # fmt: skip
    assert reverse("trials:ask_gate") in html


def test_a_space_of_two_hundred_parameters_fits_the_form(editor: Client, project: Project) -> None:
    rows: dict[str, object] = {"row": [str(k) for k in range(200)]}
    for k in range(200):
        cells = dict.fromkeys(("log", "step", "choices", "when", "default"), "")
        cells |= {"name": f"p{k}", "type": "float", "low": "0", "high": "1"}
        rows |= {f"{name}-{k}": value for name, value in cells.items()}

    page = post(editor, "check", trainable="", horizon="10", with_defaults="", **rows)

    assert page.problems == []
    assert (len(page.rows), page.n_trials) == (200, "12 trials")


def test_the_gate_waits_for_a_plan_and_then_says_what_it_knows(editor: Client, project: Project) -> None:
    wrong = editor.post("/studies/new/gate/", {**FORM, "trials": "many"}).content.decode()
    right = editor.post("/studies/new/gate/", {**FORM, "name": "<i>x</i>"}).content.decode()

    assert "Known once nothing is wrong with the plan." in wrong
    assert "No past study is similar enough" in right or "No past study" in right
    assert "<i>x</i>" not in right
