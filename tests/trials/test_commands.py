"""What the pages do, a shell does too: each command says one sentence or why not."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.trials.builders import NOW, a_study, an_attempt
from tests.trials.plans import OWN_LOOP, WITH_TOY
from tests.trials.toy import TRAINABLES
from trials.models import Artifact, Evaluation, Membership, Project, Study, Trial
from trials.running import checkpoints

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(slug="lab", name="Lab", created_at=NOW)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(OWN_LOOP)
    return path


def run(*words: object) -> str:
    out = io.StringIO()
    call_command(*map(str, words), stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_launch_starts_a_study_and_says_so(plan: Path, project: Project, user: User) -> None:
    said = run("launch", plan, "--project", "lab", "--user", "robin")

    study = Study.objects.get()
    assert f"Launched study {study.pk}, Own loop: 20 trials" in said
    assert (study.project, study.created_by) == (project, user)
    assert study.revisions.get().source == OWN_LOOP


def test_launch_under_another_name(plan: Path, project: Project) -> None:
    run("launch", plan, "--project", "lab", "--name", "Second try")

    assert Study.objects.get().revisions.get().parsed().name == Study.objects.get().name == "Second try"


def test_launch_lists_every_problem_with_its_line_and_creates_nothing(plan: Path, project: Project) -> None:
    plan.write_text(OWN_LOOP.replace("seed: 7", "sede: 7").replace("high: 8", "high: 0"))

    with pytest.raises(CommandError) as caught:
        run("launch", plan, "--project", "lab")

    assert "nothing was created" in str(caught.value)
    assert "line 10: space.layers.low: 1 is above high, 0; swap the two" in str(caught.value)
    assert "line 16: sede: there is no such field; did you mean `seed`?" in str(caught.value)
    assert not Study.objects.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["--project", "lap"], "no project 'lap' (there are: lab)", id="no such project"),
        pytest.param(["--project", "lab", "--user", "nobody"], "no user 'nobody'", id="no such user"),
        pytest.param(["--project", "lab", "--name", "a\nb"], "--name: 'a\\nb' is no name", id="a name of two lines"),
    ],
)
def test_launch_says_what_it_does_not_know(plan: Path, project: Project, words: list[str], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        run("launch", plan, *words)

    assert message in str(caught.value)
    assert not Study.objects.exists()


def test_a_name_that_is_taken_is_an_expected_trouble(plan: Path, project: Project) -> None:
    run("launch", plan, "--project", "lab")

    with pytest.raises(CommandError, match="already has a study 'Own loop'"):
        run("launch", plan, "--project", "lab")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00n"], ids=["missing", "not UTF-8"])
def test_a_plan_that_cannot_be_read_is_an_expected_trouble(
    tmp_path: Path, project: Project, content: bytes | None
) -> None:
    path = tmp_path / "plan.yaml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(CommandError, match="cannot be read"):
        run("launch", path, "--project", "lab")


def test_amend_registers_the_next_revision(plan: Path, project: Project, user: User) -> None:
    run("launch", plan, "--project", "lab")
    plan.write_text(OWN_LOOP.replace("trials: 20", "trials: 40"))

    said = run("amend", "Own loop", plan, "--reason", "It still falls.", "--user", "robin")

    assert "Registered revision 2 of Own loop" in said
    assert Study.objects.get().revisions.get(number=2).reason == "It still falls."


def test_amend_refuses_another_objective(plan: Path, project: Project) -> None:
    run("launch", plan, "--project", "lab")
    plan.write_text(OWN_LOOP.replace("minimize", "maximize"))

    with pytest.raises(CommandError, match="objectives: cannot change within a study"):
        run("amend", "Own loop", plan, "--reason", "oops")


def test_status_lists_the_studies_and_then_one_of_them() -> None:
    study = a_study(name="digits")
    an_attempt(study)

    assert "lab/digits: running; 1 running; no value yet" in run("status")
    assert "0  Running   nothing told" in run("status", "digits")
    assert run("status", study.pk) == run("status", "digits")


def test_status_of_an_empty_site_offers_the_next_step() -> None:
    assert "launch PLAN --project P" in run("status")


def test_stop_ends_a_waiting_study() -> None:
    study = a_study(name="digits")

    said = run("stop", "digits", "--reason", "The data were wrong.")

    study.refresh_from_db()
    assert "Stopped study digits" in said
    assert (study.ending_code, study.state) == ("stopped_by_user", "ENDED")
    assert "The data were wrong." in study.ending_sentence
    with pytest.raises(CommandError, match="already been stopped"):
        run("stop", "digits", "--reason", "again")


def test_stop_asks_one_running_trial_to_halt() -> None:
    attempt = an_attempt(a_study(name="with/slash"))

    said = run("stop", "with/slash/0", "--reason", "Too slow.")

    assert "Stopped trial 0" in said
    assert Trial.objects.get(pk=attempt.trial_id).halt_code == "stopped_by_user"


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("nothing", "There is no study 'nothing'"),
        ("99999999999999999999999", "There is no study"),
        ("digits/7", "has no trial '7'"),
        ("digits/x", "has no trial 'x'"),
    ],
)
def test_stop_says_what_it_does_not_find(what: str, message: str) -> None:
    a_study(name="digits")

    with pytest.raises(CommandError, match=message):
        run("stop", what, "--reason", "because")


def test_a_name_in_two_projects_needs_the_id() -> None:
    study = a_study(name="digits")
    other = Project.objects.create(slug="other", name="Other", created_at=NOW)
    Study.objects.filter(pk=study.pk).update(project=other)
    a_study(name="digits")

    with pytest.raises(CommandError, match=f"{study.pk} in other"):
        run("status", "digits")


def test_a_study_is_found_by_its_project_and_name_as_status_lists_it() -> None:
    study = a_study(name="digits")
    attempt = an_attempt(study)

    assert "digits" in run("status", f"{study.project.slug}/digits")
    assert "Stopped trial 0" in run("stop", f"{study.project.slug}/digits/0", "--reason", "Too slow.")
    assert Trial.objects.get(pk=attempt.trial_id).halt_code == "stopped_by_user"


def test_project_and_member_are_added() -> None:
    User.objects.create_user(username="robin")

    assert "Added project lab" in run("project", "add", "lab", "--name", "The lab")
    assert run("member", "add", "lab", "robin", "--role", "viewer") == "robin is now viewer of lab.\n"
    assert run("member", "add", "lab", "robin", "--role", "owner") == "robin is now owner of lab.\n"
    assert Membership.objects.get().role == "owner"


@pytest.mark.parametrize("slug", ["two words", "lab", "x" * 65])
def test_a_slug_that_is_taken_or_odd_is_refused(slug: str, project: Project) -> None:
    with pytest.raises(CommandError):
        run("project", "add", slug)

    assert Project.objects.count() == 1


class Evaluated:
    """A study of toys whose best and default trial left a checkpoint."""

    def __init__(self, settings: Settings, tmp_path: Path) -> None:
        settings.TRAINABLES = TRAINABLES
        settings.DATA_DIR = tmp_path
        plan = tmp_path / "plan.yaml"
        plan.write_text(WITH_TOY)
        Project.objects.create(slug="lab", name="Lab", created_at=NOW)
        run("launch", plan, "--project", "lab")
        self.study = Study.objects.get()
        for number in (0, 1):
            trial, _ = Trial.objects.update_or_create(
                study=self.study,
                number=number,
                defaults={
                    "state": "COMPLETE",
                    "ending_code": "finished",
                    "ended_at": NOW,
                    "created_at": NOW,
                    "params": {"layers": 2},
                },
            )
            (tmp_path / f"best-{number}").write_text("weights")
            Artifact.objects.create(
                trial=trial,
                kind="best",
                step=6,
                path=f"best-{number}",
                host=checkpoints.host(),
                size=7,
                created_at=NOW,
            )
        Study.objects.update(best_number=1, best_value=0.1, next_number=2)


@pytest.fixture
def evaluated(settings: Settings, tmp_path: Path) -> Evaluated:
    return Evaluated(settings, tmp_path)


def test_evaluate_stores_the_test_split_of_the_best_and_the_default_once(evaluated: Evaluated) -> None:
    said = run("evaluate", "Toy study")
    again = run("evaluate", "Toy study")

    assert said == again == "Trial 1 (best): test_loss 0.5\nTrial 0 (default): test_loss 0.5\n"
    assert Evaluation.objects.count() == 2


def test_evaluate_refuses_a_checkpoint_that_lies_elsewhere(evaluated: Evaluated) -> None:
    Artifact.objects.update(host="another-machine")

    with pytest.raises(CommandError, match="lies on another-machine"):
        run("evaluate", "Toy study")

    assert not Evaluation.objects.exists()


def test_evaluate_refuses_a_trial_without_a_checkpoint(evaluated: Evaluated) -> None:
    Artifact.objects.all().delete()

    with pytest.raises(CommandError, match="Trial 1 left no best checkpoint"):
        run("evaluate", "Toy study")


def test_evaluate_needs_a_trainable_and_a_complete_trial(evaluated: Evaluated) -> None:
    Study.objects.update(best_number=None)
    a_study(name="digits")

    with pytest.raises(CommandError, match="has no complete trial yet"):
        run("evaluate", "Toy study")
    with pytest.raises(CommandError, match="names no trainable"):
        run("evaluate", "digits")
