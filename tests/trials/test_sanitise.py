"""What is kept as JSON can be kept everywhere; what cannot is refused by its place."""

import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trials.sanitise import UnfitValue, check_json, clean_json, clean_text, parse_json

REFUSED = [
    pytest.param(b'{"a": "x\\u0000y"}', "a", "NUL", id="an escaped NUL in a value"),
    pytest.param(b'{"a\\u0000": 1}', "a\ufffd", "NUL", id="an escaped NUL in a name"),
    pytest.param(b'{"a": ["\\ud800"]}', "a[0]", "lone surrogate", id="half of a surrogate pair"),
    pytest.param(b'{"a": {"b": 1, "b": 2}}', "a.b", "given twice", id="a name given twice"),
    pytest.param(b'{"n": ' + b"9" * 400 + b"}", "n", "400 digits", id="an integer of 400 digits"),
    pytest.param(b'{"n": -' + b"9" * 400 + b"}", "n", "400 digits", id="a negative integer of 400 digits"),
    pytest.param(b'{"n": 9223372036854775808}', "n", "64 bits", id="the first integer beyond 64 bits"),
    pytest.param(b'{"n": [1, 1e999]}', "n[1]", "double", id="a float beyond a double"),
    pytest.param(b'{"n": NaN}', "n", "'nan'", id="NaN as a literal"),
    pytest.param(b'{"n": -Infinity}', "n", "'-inf'", id="minus infinity as a literal"),
    pytest.param(b"NaN", "", "'nan'", id="nothing but NaN"),
    pytest.param(b'{"a": 1', "", "line 1", id="a body cut short"),
    pytest.param(b"", "", "line 1", id="no body at all"),
    pytest.param(b'{"a": 1} x', "", "column 10", id="something after the end"),
    pytest.param(b'{"a": "\xff"}', "", "UTF-8", id="bytes that are not UTF-8"),
    pytest.param(b"\xef\xbb\xbf{}", "", "byte order mark", id="a byte order mark"),
    pytest.param('{"a": 1}'.encode("utf-16"), "", "UTF-8", id="UTF-16"),
    pytest.param(b'"tab\there"', "", "control character", id="a raw control character in a string"),
    pytest.param(b"[" * 5_000 + b"]" * 5_000, "", "deeper than 32", id="lists five thousand deep"),
    pytest.param(b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "", "deeper than 32", id="objects five thousand deep"),
    pytest.param(b"[" * 1_000_000, "", "deeper than 32", id="a million brackets that never close"),
]


@pytest.mark.parametrize(("body", "path", "problem"), REFUSED)
def test_a_body_that_no_database_keeps_is_refused_by_its_place(body: bytes, path: str, problem: str) -> None:
    with pytest.raises(UnfitValue, match=problem) as refusal:
        parse_json(body)

    assert refusal.value.path == path


def test_a_body_longer_than_allowed_is_refused_before_it_is_read() -> None:
    with pytest.raises(UnfitValue, match="11 bytes; at most 10"):
        parse_json(b"[1,2,3,4,5]", max_bytes=10)


def test_the_limits_themselves_are_allowed() -> None:
    deepest = b"[" * 32 + b"]" * 32
    largest = b"[9223372036854775807, -9223372036854775808, 1.7976931348623157e308]"

    assert json.dumps(parse_json(deepest)).encode() == deepest
    assert parse_json(largest) == [2**63 - 1, -(2**63), 1.7976931348623157e308]


def test_brackets_inside_strings_are_not_depth() -> None:
    text = "[" * 100 + '\\"' + "{" * 100

    assert parse_json(json.dumps([text]).encode()) == [text]


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert parse_json(b'"\\ud83c\\udf33"') == "🌳"


@pytest.mark.parametrize(
    "body", [b'"' + b'\\"' * 500_000, b'["' * 300_000, b"\\" * 1_000_000], ids=lambda b: repr(b[:4])
)
def test_a_hostile_body_of_a_megabyte_is_refused_in_no_time(body: bytes) -> None:
    begun = time.perf_counter()

    with pytest.raises(UnfitValue):
        parse_json(body)

    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [1, float("nan")]}, "a[1]"),
        ({"a": "\x00"}, "a"),
        ({"a": {1: 2}}, "a"),
        ({"a": {1, 2}}, "a"),
        ({"a": b"bytes"}, "a"),
        ({"a": 2**64}, "a"),
    ],
    ids=["nan", "nul", "name that is a number", "set", "bytes", "65 bits"],
)
def test_a_value_from_elsewhere_is_held_to_the_same_rules(value: Any, path: str) -> None:
    with pytest.raises(UnfitValue) as refusal:
        check_json(value)

    assert refusal.value.path == path


def test_a_value_that_contains_itself_is_refused_as_too_deep() -> None:
    ring: list[Any] = []
    ring.append(ring)

    with pytest.raises(UnfitValue, match="deeper than 32"):
        clean_json(ring)


def test_cleaning_mends_text_and_spells_out_what_json_cannot_say() -> None:
    dirty = {"log\x00": "a\ud800b", "loss": float("nan"), "range": (float("-inf"), float("inf")), "ok": True}

    assert clean_json(dirty) == {"log\ufffd": "a\ufffdb", "loss": "nan", "range": ["-inf", "inf"], "ok": True}


def test_cleaning_turns_numpy_scalars_into_numbers() -> None:
    cleaned = clean_json({"f": np.float32(0.5), "i": np.int64(7), "b": np.bool_(True), "n": np.float64("nan")})

    assert cleaned == {"f": 0.5, "i": 7, "b": True, "n": "nan"}
    assert [type(value) for value in cleaned.values()] == [float, int, bool, str]


def test_cleaning_refuses_names_that_become_the_same() -> None:
    with pytest.raises(UnfitValue, match="given twice"):
        clean_json({"a\x00": 1, "a\ud800": 2})


def test_cleaning_refuses_what_takes_too_much_room() -> None:
    with pytest.raises(UnfitValue, match="12 bytes as JSON; at most 11"):
        clean_json("é" * 5, max_bytes=11)


def test_long_text_keeps_its_end() -> None:
    assert clean_text("Traceback\x00 ... ValueError: bad", max_length=17) == "… ValueError: bad"
    assert clean_text("a\x00b") == "a\ufffdb"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_what_was_cleaned_passes_every_check_and_stays_as_it_is(value: Any) -> None:
    try:
        cleaned = clean_json(value)
    except UnfitValue:
        return

    assert check_json(cleaned) == cleaned == clean_json(cleaned)
    assert parse_json(json.dumps(cleaned).encode()) == cleaned


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_at_all_are_read_or_refused(body: bytes) -> None:
    try:
        value = parse_json(body)
    except UnfitValue:
        return

    assert check_json(value) == value
