"""The client and the real API agree."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser
from pytest_django.live_server_helper import LiveServer

from tests.trials.builders import NOW, STOP_AT_4, ScriptedReviewer
from tests.trials.plans import OWN_LOOP
from trials import client as sdk
from trials import series
from trials.client import Client, Conflict, NotAllowed, NotFound, Refused
from trials.models import Membership, Project, Study, Trial
from tuning_site.accounts.models import ApiToken

EXAMPLES = Path(__file__).parents[3] / "examples"


def make_token(scope: str = "write") -> str:
    project, _ = Project.objects.get_or_create(slug="demo", defaults={"name": "Demo", "created_at": NOW})
    user, _ = User.objects.get_or_create(username="edith")
    Membership.objects.get_or_create(project=project, user=user, defaults={"role": "editor"})
    return ApiToken.objects.issue(user=user, name="sdk", scope=scope)[1]


class Site(httpx.BaseTransport):
    """Passes requests to the site in this process, on the test's own database connection."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = Browser().generic(
            request.method,
            request.url.raw_path.decode(),
            request.content,
            content_type=request.headers.get("Content-Type", ""),
            headers={"Authorization": request.headers["Authorization"]},
        )
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)


def connect(tmp_path: Path, token: str) -> Client:
    return Client("http://localhost", token, spool=tmp_path, transport=Site(), beat_seconds=3600)


@pytest.mark.django_db
def test_launch_claim_report_and_complete(tmp_path: Path) -> None:
    study = connect(tmp_path, make_token()).launch("demo", OWN_LOOP)

    run = study.claim()
    assert run is not None
    with run:
        answers = [run.report(step, loss=1 / step, accuracy=float("nan")) for step in (1, 2, 3)]

    trial = Trial.objects.get(study=study.id, number=0)
    assert run.params == {"lr": 1e-3, "optimizer": "adam", "layers": 2}
    assert (run.metric, run.horizon, run.step_unit, run.seed) == ("loss", 100, "epochs", 7)
    assert [answer.action for answer in answers] == ["KEEP"] * 3
    assert (trial.state, trial.value) == ("COMPLETE", 1 / 3)
    assert series.read(trial, "loss")[1].tolist() == [1.0, 0.5, 1 / 3]
    assert study.refresh().data["trials"]["complete"] == 1


@pytest.mark.django_db
def test_a_verdict_reaches_the_loop(tmp_path: Path, reviewer: type[ScriptedReviewer]) -> None:
    reviewer.script = {(0, 4): STOP_AT_4}
    run = connect(tmp_path, make_token()).launch("demo", OWN_LOOP).claim()
    assert run is not None

    with run:
        answers = [run.report(step, loss=1.0) for step in (3, 4)]

    assert (answers[1].halts, answers[1].code, answers[1].step) == (True, "outpaced", 4)
    assert Trial.objects.get(number=0).state == "PRUNED"


@pytest.mark.django_db
def test_a_trial_stopped_by_a_person_halts_at_its_next_report(tmp_path: Path) -> None:
    client = connect(tmp_path, make_token())
    study = client.launch("demo", OWN_LOOP)
    run = study.claim()
    assert run is not None

    client.ask("POST", f"studies/{study.id}/trials/0/stop", {"reason": "Too slow."})

    assert run.report(1, loss=1.0).sentence == "Stopped by edith: Too slow."


@pytest.mark.django_db
def test_a_trial_whose_code_raises_is_failed(tmp_path: Path) -> None:
    run = connect(tmp_path, make_token()).launch("demo", OWN_LOOP).claim()
    assert run is not None

    with pytest.raises(ZeroDivisionError), run:
        run.report(1, loss=1 / 0)

    assert Trial.objects.get(number=0).ending_sentence == "Failed: ZeroDivisionError: division by zero"


@pytest.mark.django_db
def test_refusals_come_with_the_servers_words(tmp_path: Path) -> None:
    client = connect(tmp_path, make_token())
    client.launch("demo", OWN_LOOP)

    with pytest.raises(Conflict, match="already has a study 'Own loop'"):
        client.launch("demo", OWN_LOOP)
    with pytest.raises(Refused, match="did you mean `seed`"):
        client.launch("demo", OWN_LOOP.replace("seed: 7", "sede: 7"))
    with pytest.raises(NotFound, match="no study 'nothing'"):
        client.study("nothing")
    with pytest.raises(NotAllowed):
        connect(tmp_path, "esp_wrong").study("Own loop")
    with pytest.raises(NotAllowed):
        connect(tmp_path, make_token("report")).launch("demo", OWN_LOOP.replace("Own loop", "Another"))


@pytest.mark.django_db(transaction=True)
def test_the_example_tunes_a_study_over_the_network(
    live_server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = make_token()
    monkeypatch.setenv("ESPALIER_URL", live_server.url)
    monkeypatch.setenv("ESPALIER_TOKEN", token)
    monkeypatch.setenv("ESPALIER_SPOOL", str(tmp_path))
    plan = (
        (EXAMPLES / "own_loop.yaml")
        .read_text()
        .replace("trials: 30", "trials: 3")
        .replace("horizon: 100", "horizon: 5")
    )
    with Client() as client:
        client.launch("demo", plan)

    runpy.run_path(str(EXAMPLES / "own_loop.py"))

    study = Study.objects.get()
    assert (study.state, study.ending_code, study.n_complete) == ("ENDED", "finished", 3)


def test_importing_it_brings_nothing_of_the_server() -> None:
    heavy = ("django", "rest_framework", "celery", "numpy", "optuna", "torch")
    code = f"import sys, trials.client; print([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_the_command_line_asks_no_server_where_nothing_waits(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "trials.client", "deliver", "--url", "http://127.0.0.1:9", "--spool", str(tmp_path)]

    done = subprocess.run([*words, "--token", "esp_x"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "0 requests arrived.\n")


def test_the_names_it_exports_are_sorted_and_there() -> None:
    assert sdk.__all__ == sorted(sdk.__all__)
    assert all(hasattr(sdk, name) for name in sdk.__all__)


def test_the_example_is_about_twenty_lines_long() -> None:
    code = [line for line in (EXAMPLES / "own_loop.py").read_text().splitlines() if line.strip()]

    assert len(code) <= 22
