import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruning.canonical import CanonicalError, decode, encode, fingerprint

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=2), inner), max_leaves=12
)


@given(st.dictionaries(st.text(min_size=2), values))
def test_what_is_encoded_comes_back(value: dict[str, object]) -> None:
    assert decode(encode(value)) == value


@given(st.floats())
def test_floats_come_back_bit_for_bit(value: float) -> None:
    (back,) = decode(encode({"value": value})).values()

    assert math.isnan(value) if math.isnan(back) else struct.pack("d", back) == struct.pack("d", value)


def test_bytes_do_not_depend_on_the_order_of_keys() -> None:
    assert encode({"b": 1, "a": [1.5, "é\ud800"]}) == (
        b'espalier-ledger/1\n{"a":[{"f":"0x1.8000000000000p+0"},"\\u00e9\\ud800"],"b":1}'
    )


def test_one_and_one_point_zero_differ() -> None:
    assert fingerprint({"a": 1}) != fingerprint({"a": 1.0})


@pytest.mark.parametrize("value", [{"f": 1.0}, {"a": {"f": "x"}}, {1: 2}, {"a": object()}, {"a": b"x"}])
def test_what_has_no_canonical_form_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(CanonicalError):
        encode(value)


@pytest.mark.parametrize("body", [b"", b"espalier-ledger/2\n{}", b"espalier-ledger/1\n[1]", b"espalier-ledger/1\n{"])
def test_other_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(CanonicalError):
        decode(body)
