"""A server that lives in memory, for tests of training code: `Client(..., transport=FakeServer(...))`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

Verdict = Callable[[int, int, Mapping[str, Any]], Mapping[str, Any]]
"""(trial number, step, metrics) in; what differs from KEEP out, such as `{"action": "STOP", "sentence": "..."}`."""


def keep_all(trial: int, step: int, metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let every trial train to its end."""
    return {}


class FakeServer(httpx.BaseTransport):
    """Gives out one trial per configuration and keeps what it is told.

    params: the configurations, in the order they are given out.
    verdict: answers each report; a batch sent again gets its first answer.
    """

    def __init__(
        self,
        params: Sequence[Mapping[str, Any]] = ({},),
        *,
        verdict: Verdict = keep_all,
        metric: str = "loss",
        horizon: int = 100,
    ) -> None:
        self.is_away = False
        """Set it to have every request fail as if the network were gone."""
        self.told: dict[int, list[dict[str, Any]]] = {}
        """The points by trial number, in the order told."""
        self.endings: dict[int, dict[str, Any]] = {}
        """What each trial was ended with."""
        self.requests: list[str] = []
        """`METHOD path` of every request that arrived."""
        self._waiting = list(enumerate(params))
        self._verdict = verdict
        self._study = {"id": 1, "name": "fake", "project": "lab", "metric": metric, "horizon": horizon}
        self._answers: dict[tuple[int, int], dict[str, Any]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if self.is_away:
            raise httpx.ConnectError("the fake server is away", request=request)
        path = request.url.path.removeprefix("/api/v1/")
        self.requests.append(f"{request.method} {path}")
        body = json.loads(request.content) if request.content else {}
        return self._route(request.method, path.split("/"), body)

    def _route(self, method: str, path: list[str], body: dict[str, Any]) -> httpx.Response:
        match method, path:
            case "GET", ["studies"]:
                return httpx.Response(200, json={"next": None, "results": [self._study]})
            case "GET", ["studies", _]:
                return httpx.Response(200, json=self._study)
            case "POST", ["studies"]:
                return httpx.Response(201, json=self._study)
            case "POST", ["studies", _, "claim"]:
                return httpx.Response(200, json=self._claim())
            case "POST", ["attempts", number, verb]:
                return self._attempt(int(number) - 1, verb, body)
        return _refused(404, "not_found", "There is no such thing.")

    def _claim(self) -> dict[str, Any]:
        if not self._waiting:
            return {"attempt": None, "reason": "nothing_waits"}
        number, params = self._waiting.pop(0)
        self.told[number] = []
        return {"attempt": self._attempt_data(number, params), "reason": ""}

    def _attempt_data(self, number: int, params: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": number + 1,
            "number": 1,
            "study": 1,
            "trial": number,
            "params": dict(params),
            "metric": self._study["metric"],
            "horizon": self._study["horizon"],
            "step_unit": "steps",
            "seed": 0,
            "resumed_from": 0,
        }

    def _attempt(self, number: int, verb: str, body: dict[str, Any]) -> httpx.Response:
        if number not in self.told:
            return _refused(404, "not_found", "There is no such attempt.")
        if verb == "report" and (known := self._answers.get((number, body["batch"]))) is not None:
            return httpx.Response(200, json=known)
        if number in self.endings:
            return _refused(409, "trial_finished", f"trial {number} has ended; claim another one")
        if verb == "report":
            return httpx.Response(200, json=self._report(number, body))
        if verb == "tell":
            self.endings[number] = body
        return httpx.Response(200, json={"action": "KEEP"})

    def _report(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = {"action": "KEEP", "code": "", "motive": "", "sentence": "", "step": None}
        for point in body["points"]:
            self.told[number].append(point)
            answer |= self._verdict(number, point["step"], point["metrics"])
        if answer["action"] in {"STOP", "FINISH", "PAUSE"}:
            self.endings[number] = answer
        self._answers[number, body["batch"]] = answer
        return answer


def _refused(status: int, code: str, detail: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": detail})
