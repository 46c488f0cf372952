"""Training code is told to stop by an answer, and is never killed or held up by a lost network."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from trials.client import Client, Conflict, FakeServer, NotFound, Refused, ServerAway, TrialRun


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def connect(server: FakeServer, tmp_path: Path, time: Time | None = None, **more: Any) -> Client:
    time = time or Time()
    return Client(
        "http://fake",
        "esp_x",
        spool=tmp_path,
        transport=server,
        clock=lambda: time.now,
        sleep=time.sleep,
        beat_seconds=more.pop("beat_seconds", 3600),
        **more,
    )


def claim(client: Client) -> TrialRun:
    run = client.study("fake").claim()
    assert run is not None
    return run


def spooled(tmp_path: Path) -> list[str]:
    return [line for path in tmp_path.glob("*.jsonl") for line in path.read_text().splitlines()[1:]]


def said(server: FakeServer, trial: int) -> list[dict[str, object]]:
    """Return what was told, the clock left out."""
    return [{name: value for name, value in point.items() if name != "elapsed_s"} for point in server.told[trial]]


def test_every_report_tells_how_long_the_attempt_has_trained(tmp_path: Path) -> None:
    server = FakeServer()
    run = claim(connect(server, tmp_path))

    run.report(1, loss=0.5)
    run.report(2, loss=0.4)

    first, second = (point["elapsed_s"] for point in server.told[0])
    assert 0.0 <= first <= second


def test_a_loop_runs_every_configuration_and_ends_each_trial(tmp_path: Path) -> None:
    server = FakeServer([{"lr": 0.1}, {"lr": 0.2}], horizon=2)
    study = connect(server, tmp_path).study("fake")

    while run := study.claim():
        with run:
            for step in range(1, run.horizon + 1):
                assert not run.report(step, loss=run.params["lr"] / step).halts

    assert said(server, 1) == [{"step": 1, "metrics": {"loss": 0.2}}, {"step": 2, "metrics": {"loss": 0.1}}]
    assert server.endings == {0: {"state": "complete"}, 1: {"state": "complete"}}


def test_a_halting_answer_ends_the_loop_and_nothing_more_is_told(tmp_path: Path) -> None:
    def stop_at_2(trial: int, step: int, metrics: object) -> dict[str, str]:
        return {"action": "STOP", "code": "outpaced", "sentence": "Stopped at step 2."} if step == 2 else {}

    server = FakeServer(verdict=stop_at_2)
    run = claim(connect(server, tmp_path))

    with run:
        answers = [run.report(step, loss=1.0) for step in (1, 2, 3)]

    assert [answer.halts for answer in answers] == [False, True, True]
    assert run.halted is not None
    assert run.halted.sentence == "Stopped at step 2."
    assert [point["step"] for point in server.told[0]] == [1, 2]
    assert server.endings[0]["action"] == "STOP"


def test_an_exception_fails_the_trial_with_its_traceback_and_goes_on_rising(tmp_path: Path) -> None:
    server = FakeServer()

    with pytest.raises(ZeroDivisionError), claim(connect(server, tmp_path)) as run:
        run.report(1, loss=1 / 0)

    assert server.endings[0]["state"] == "failed"
    assert "ZeroDivisionError: division by zero" in server.endings[0]["error"]


def test_ctrl_c_leaves_the_trial_to_somebody_else(tmp_path: Path) -> None:
    server = FakeServer()

    with pytest.raises(KeyboardInterrupt), claim(connect(server, tmp_path)):
        raise KeyboardInterrupt

    assert server.endings == {}


def test_numbers_of_any_kind_are_told_and_the_odd_ones_in_words(tmp_path: Path) -> None:
    class Scalar:
        def __float__(self) -> float:
            return 0.25

    server = FakeServer()
    run = claim(connect(server, tmp_path))

    run.report(1, {"loss": float("nan"), "up": float("inf")}, labels={"fold": "2"}, down=float("-inf"), own=Scalar())  # type: ignore[arg-type]

    assert said(server, 0) == [
        {
            "step": 1,
            "metrics": {"loss": "nan", "up": "inf", "down": "-inf", "own": 0.25},
            "labels": {"fold": "2"},
        }
    ]


def test_a_report_without_a_metric_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    run = claim(connect(FakeServer(), tmp_path))

    with pytest.raises(ValueError, match="name at least one"):
        run.report(1)


def test_training_goes_on_while_the_server_is_away_and_every_report_arrives_later(tmp_path: Path, time: Time) -> None:
    server = FakeServer()
    run = claim(connect(server, tmp_path, time, patience=5.0))
    run.report(1, loss=1.0)

    server.is_away = True
    away = [run.report(step, loss=1.0 / step) for step in (2, 3, 4)]
    waited = sum(time.slept)
    on_disk = len(spooled(tmp_path))
    server.is_away = False
    time.now += 60
    back = run.report(5, loss=0.2)

    assert [(answer.action, answer.heard) for answer in away] == [("KEEP", False)] * 3
    assert waited <= 5.0
    assert on_disk == 3
    assert back.heard
    assert [point["step"] for point in server.told[0]] == [1, 2, 3, 4, 5]
    assert not spooled(tmp_path)


def test_a_server_that_stays_away_is_asked_less_and_less_often(tmp_path: Path, time: Time) -> None:
    server = FakeServer()
    run = claim(connect(server, tmp_path, time, patience=0.0))
    server.is_away = True
    tries: list[float] = []
    attempts = run._link._http

    class Counting:
        def request(self, *args: Any, **kwargs: Any) -> Any:
            tries.append(time.now)
            return attempts.request(*args, **kwargs)

    run._link._http = Counting()  # type: ignore[assignment]  # counts, and passes on
    for step in range(1, 2001):
        run.report(step, loss=1.0)
        time.now += 0.05

    assert len(tries) < 15
    assert tries[1] - tries[0] < 1
    assert tries[-1] - tries[-2] > 10


def test_what_could_not_be_told_at_the_end_is_delivered_by_a_later_program(
    tmp_path: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    server = FakeServer()
    client = connect(server, tmp_path, time)
    with caplog.at_level(logging.ERROR, logger="espalier.client"), claim(client) as run:
        server.is_away = True
        run.report(1, loss=0.5)

    server.is_away = False
    delivered = connect(server, tmp_path, time).deliver()

    assert "python -m trials.client deliver" in caplog.text
    assert delivered == 2
    assert said(server, 0) == [{"step": 1, "metrics": {"loss": 0.5}}]
    assert server.endings[0] == {"state": "complete"}
    assert not list(tmp_path.glob("*.jsonl"))


def test_the_spool_of_another_server_is_left_alone(tmp_path: Path, time: Time) -> None:
    server = FakeServer()
    with claim(connect(server, tmp_path, time)) as run:
        server.is_away = True
        run.report(1, loss=0.5)
    server.is_away = False

    other = Client("http://other", "esp_x", spool=tmp_path, transport=server)

    assert other.deliver() == 0
    assert len(spooled(tmp_path)) == 2


def test_a_spool_cut_short_by_a_crash_is_delivered_up_to_there(tmp_path: Path, time: Time) -> None:
    server = FakeServer()
    run = claim(connect(server, tmp_path, time))
    server.is_away = True
    run.report(1, loss=0.5)
    (path,) = tmp_path.glob("*.jsonl")
    path.write_text(path.read_text() + '{"path": "attempts/1/rep')
    server.is_away = False

    assert connect(server, tmp_path, time).deliver() == 1
    assert len(server.told[0]) == 1


def test_a_disk_that_takes_nothing_does_not_stop_training(
    tmp_path: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way")
    server = FakeServer()
    client = Client(
        "http://fake", "x", spool=blocked, transport=server, clock=lambda: time.now, sleep=time.sleep, beat_seconds=3600
    )
    run = claim(client)

    server.is_away = True
    run.report(1, loss=0.5)
    server.is_away = False
    time.now += 60
    run.report(2, loss=0.4)

    assert "cannot write the spool" in caplog.text
    assert [point["step"] for point in server.told[0]] == [1, 2]


def test_an_attempt_that_was_fenced_out_is_told_to_stop(tmp_path: Path) -> None:
    server = FakeServer()
    run = claim(connect(server, tmp_path))
    server.endings[0] = {"state": "complete"}

    answer = run.report(1, loss=0.5)

    assert (answer.halts, answer.code) == (True, "trial_finished")
    assert run.report(2, loss=0.5) is answer


def test_a_batch_the_server_cannot_store_is_said_and_dropped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import httpx

    class Picky(FakeServer):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if b'"step":7' in request.content:
                return httpx.Response(400, json={"code": "bad_report", "detail": "points[0].step: 7 is odd"})
            return super().handle_request(request)

    server = Picky()
    run = claim(connect(server, tmp_path))

    answers = [run.report(step, loss=0.5) for step in (6, 7, 8)]

    assert [answer.code for answer in answers] == ["", "bad_report", ""]
    assert not answers[1].halts
    assert [point["step"] for point in server.told[0]] == [6, 8]
    assert "points[0].step: 7 is odd" in caplog.text


@pytest.mark.parametrize(
    ("url", "token", "message"),
    [
        ("127.0.0.1:8000", "esp_x", "url: '127.0.0.1:8000' has no scheme"),
        ("http://fake", "", "token: none given"),
        ("http://fake", "esp_x\n", "token: none given, or not one"),
    ],
)
def test_an_address_or_a_token_that_cannot_be_one_is_said_at_once(url: str, token: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Client(url, token or " ")


def test_a_page_of_a_proxy_is_no_answer(tmp_path: Path, time: Time) -> None:
    import httpx

    client = Client(
        "http://fake",
        "x",
        spool=tmp_path,
        transport=httpx.MockTransport(lambda request: httpx.Response(200, text="<html>Please log in</html>")),
        clock=lambda: time.now,
        sleep=time.sleep,
    )

    with pytest.raises(ServerAway, match="not JSON"):
        client.study(1)
    assert 30 < sum(time.slept) <= 60


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Refused), (401, Refused), (403, Refused), (404, NotFound), (409, Conflict)],
)
def test_what_the_server_refuses_before_training_is_raised_with_its_words(
    tmp_path: Path, status: int, kind: type[Refused]
) -> None:
    import httpx

    answer = httpx.Response(status, json={"code": "some_code", "detail": "some words"})
    client = Client("http://fake", "x", spool=tmp_path, transport=httpx.MockTransport(lambda request: answer))

    with pytest.raises(kind, match="some words") as caught:
        client.study(1)
    assert (caught.value.status, caught.value.code) == (status, "some_code")


def test_beats_are_sent_while_nothing_is_reported_and_bring_word_of_a_stop(tmp_path: Path) -> None:
    import threading

    import httpx

    stopped = threading.Event()

    class Stopping(FakeServer):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/beat"):
                stopped.set()
                return httpx.Response(200, json={"action": "STOP", "sentence": "Stopped by edith."})
            return super().handle_request(request)

    run = claim(connect(Stopping(), tmp_path, beat_seconds=0.01))
    assert stopped.wait(timeout=10)
    run._beats.join(timeout=10)

    assert run.report(1, loss=0.5).sentence == "Stopped by edith."


def test_a_beat_that_is_lost_changes_nothing(tmp_path: Path) -> None:
    import threading

    import httpx

    asked = threading.Semaphore(0)

    class Flaky(FakeServer):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/beat"):
                asked.release()
                raise httpx.ConnectError("gone")
            return super().handle_request(request)

    run = claim(connect(Flaky(), tmp_path, beat_seconds=0.01))
    assert all(asked.acquire(timeout=10) for _ in range(3))

    assert run.halted is None
    run.complete()
