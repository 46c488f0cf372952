"""Whatever is sent, the answer is a refusal in one shape, never a 5xx; nothing is stored."""

from __future__ import annotations

import json

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.trials.api.conftest import Program
from tests.trials.plans import OWN_LOOP
from trials.models import SeriesTail, Study, Trial

BODIES: dict[str, bytes] = {
    "NUL in a text": b'{"project": "lab", "plan": "name: x\\u0000"}',
    "NUL in a key": b'{"pro\\u0000ject": 1, "batch": 1}',
    "a lone surrogate": b'{"batch": 1, "points": [{"step": 1, "metrics": {"\\ud800": 1}}]}',
    "a lone surrogate in a text": b'{"reason": "\\udfff", "state": "\\udfff"}',
    "lists 5,000 deep": b"[" * 5000 + b"]" * 5000,
    "objects 5,000 deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "an integer of 400 digits": b'{"batch": ' + b"9" * 400 + b', "points": []}',
    "a step of 400 digits": b'{"batch": 1, "points": [{"step": ' + b"9" * 400 + b', "metrics": {"loss": 1}}]}',
    "a float beyond every double": b'{"batch": 1, "points": [{"step": 1, "metrics": {"loss": 1e999}}]}',
    "a key given twice": b'{"batch": 1, "batch": 2, "points": []}',
    "a bare NaN": b'{"batch": 1, "points": [{"step": 1, "metrics": {"loss": NaN}}]}',
    "a bare Infinity": b'{"params": {"x": Infinity}, "batch": 1}',
    "no JSON": b"batch=1",
    "half of it": b'{"batch": 1, "points": [',
    "bytes that are no UTF-8": b'{"reason": "\xff\xfe"}',
    "nothing": b"",
    "null": b"null",
    "a number": b"3",
    "a text": b'"batch"',
    "a list": b"[]",
    "a heap of keys": json.dumps({f"k{n}": n for n in range(5000)}).encode(),
    "foreign types": b'{"project": {}, "plan": true, "reason": [], "params": 3, "state": {}, "batch": {}, "points": 7}',
    "digits of another script": '{"batch": "١", "points": [], "value": "٣", "state": "complete"}'.encode(),
}
PLACES = (
    "studies",
    "studies/{study}/amend",
    "studies/{study}/enqueue",
    "studies/{study}/trials/bulk",
    "attempts/{attempt}/report",
    "attempts/{attempt}/tell",
)


@pytest.fixture
def attempt(editor: Program, study: Study) -> int:
    return int(editor.post(f"studies/{study.pk}/claim")[1]["attempt"]["id"])


@pytest.mark.parametrize("place", PLACES)
def test_no_body_makes_the_server_fail(editor: Program, study: Study, attempt: int, place: str) -> None:
    path = place.format(study=study.pk, attempt=attempt)

    answers = {name: editor.send("POST", path, raw=body) for name, body in BODIES.items()}

    assert {name: status for name, (status, _) in answers.items()} == dict.fromkeys(BODIES, 400)
    assert all(body["code"] and body["detail"] for _, body in answers.values())
    assert (Study.objects.count(), SeriesTail.objects.count()) == (1, 0)
    assert Trial.objects.get().state == "RUNNING"


@pytest.mark.parametrize("place", ["studies/{study}/stop", "studies/{study}/trials/0/stop"])
def test_a_stop_with_a_hostile_reason_stops_nothing(editor: Program, study: Study, attempt: int, place: str) -> None:
    hostile = [
        body
        for name, body in BODIES.items()
        if name not in {"nothing", "a heap of keys", "an integer of 400 digits"} and b"batch" not in body
    ]

    statuses = {editor.send("POST", place.format(study=study.pk), raw=body)[0] for body in hostile}

    assert statuses == {400}
    assert not Trial.objects.get().halt_code


def test_a_body_of_another_kind_is_refused(editor: Program, study: Study) -> None:
    answer = editor.http.post(f"/api/v1/studies/{study.pk}/stop", {"reason": "a form"})

    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


def test_a_body_that_is_too_large_is_refused_unread(editor: Program, study: Study) -> None:
    status, body = editor.send("POST", f"studies/{study.pk}/stop", raw=b'{"reason": "' + b"x" * 9_000_000 + b'"}')

    assert (status, body["code"]) == (413, "body_too_large")


HOSTILE_PLANS = {
    "an alias bomb": "a: &a [x,x]\nb: &b [*a,*a]\n",
    "a tag that names code": "name: !!python/object/apply:os.system [id]",
    "a tower": "a: " + "[" * 5000,
    "a long number": "seed: " + "9" * 400,
    "a surrogate": 'name: "\\ud800"',
    "a huge text": "x" * 300_000,
    "a rule that is a list": f"{OWN_LOOP}policy: {{gates: [{{rule: []}}]}}",
    "a name that is empty": f"{OWN_LOOP}'': 1",
    "keys without end": "\n".join(f"k{n}: 1" for n in range(5000)),
}


@pytest.mark.parametrize("plan", HOSTILE_PLANS.values(), ids=HOSTILE_PLANS.keys())
def test_a_hostile_plan_is_a_bad_plan(editor: Program, plan: str) -> None:
    status, body = editor.post("studies", {"project": "lab", "plan": plan})

    assert (status, body["code"]) == (400, "bad_plan")
    assert Study.objects.count() == 1


@pytest.mark.parametrize("query", ["labels=%00", "metric=%ED%A0%80", "metric=" + "x" * 5000, "labels={"])
def test_a_hostile_query_finds_nothing(editor: Program, study: Study, attempt: int, query: str) -> None:
    status, body = editor.get(f"studies/{study.pk}/trials/0/series?{query}")

    assert (status, body) == (200, []) or (status, body["code"]) == (400, "bad_request")


TEXTS = st.text(max_size=12) | st.sampled_from(["lab", "complete", "nan", "loss", "float", "minimize", "-1", "1e999"])
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.sampled_from(
    [
        *("batch", "points", "step", "metrics", "labels", "state", "value", "error", "params", "pinned", "note"),
        *("project", "plan", "reason", "name", "objectives", "metric", "direction", "space", "type", "low", "high"),
        *(
            "log",
            "choices",
            "when",
            "defaults",
            "enqueue",
            "sampler",
            "settings",
            "budget",
            "trials",
            "horizon",
            "policy",
        ),
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | TEXTS, inner, max_size=6),
    max_leaves=12,
)
BODY = st.dictionaries(NAMES, ANYTHING, max_size=6)
PLAN = BODY.map(
    lambda body: {
        "name": "x",
        "objective": {"metric": "loss", "direction": "minimize"},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "budget": {"trials": 3},
        "horizon": 10,
        **body,
    }
)


@pytest.mark.parametrize("place", PLACES)
@hypothesis.given(data=st.data())
@hypothesis.settings(
    max_examples=20, deadline=None, suppress_health_check=list(hypothesis.HealthCheck), derandomize=True, database=None
)
def test_no_json_at_all_makes_the_server_fail(
    editor: Program, study: Study, attempt: int, place: str, data: st.DataObject
) -> None:
    body = data.draw(BODY)
    if "tell" not in place and "report" not in place:
        body |= {"project": "lab", "plan": data.draw(PLAN | ANYTHING), "reason": "because"}

    status, answer = editor.post(place.format(study=study.pk, attempt=attempt), body)

    assert status < 500, answer
