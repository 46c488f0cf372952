"""Canonical bytes: one value, one byte string, on every machine and in every version.

The bytes are `espalier-ledger/1` and a line feed, then JSON in ASCII with sorted keys and no spaces. A float is
`{"f": "<float.hex()>"}`, or `nan`, `inf`, `-inf` in its place, so no digit depends on who prints it. Strings
stay as they were, lone surrogates included (they are escaped). Hashes are SHA-256 over these bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

SCHEMA = 1
HEADER = f"espalier-ledger/{SCHEMA}\n".encode()
FLOAT = "f"
GENESIS = "0" * 64
"""The hash that stands before the first row of a chain."""


class CanonicalError(ValueError):
    """A value that has no canonical form, or bytes that are not one."""


_quoted = json.encoder.encode_basestring_ascii
_NAMES = {None: "null", True: "true", False: "false"}
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def encode(value: Mapping[str, object]) -> bytes:
    """Return the canonical bytes of a mapping of scalars, lists and mappings."""
    return HEADER + inner(value)


def inner(value: Mapping[str, object]) -> bytes:
    """Return the canonical JSON of a mapping, without the header that a whole body begins with."""
    return _JSON.encode(_plain_mapping(value)).encode("ascii")


def decode(body: bytes) -> dict[str, Any]:
    """Return the mapping whose canonical bytes these are; floats come back bit for bit."""
    if not body.startswith(HEADER):
        raise CanonicalError(f"the bytes begin with {body[:20]!r}, not with {HEADER!r}: another schema, or altered")
    try:
        value = json.loads(body[len(HEADER) :], object_hook=_float_or_mapping)
    except ValueError as error:
        raise CanonicalError(f"the bytes are not canonical JSON: {error}")
    if not isinstance(value, dict):
        raise CanonicalError(f"the bytes hold a {type(value).__name__}, not a mapping")
    return value


def token(value: str | int | None) -> str:
    """Return the canonical JSON of one text, whole number, truth value or null.

    >>> token("a\\"b"), token(True), token(None)
    ('"a\\\\"b"', 'true', 'null')
    """
    if value.__class__ is str or isinstance(value, str):
        return _quoted(value)
    return _NAMES[value] if value is None or isinstance(value, bool) else str(value)


def digest(body: bytes) -> str:
    """Return the SHA-256 of canonical bytes, in hex."""
    return hashlib.sha256(body).hexdigest()


def fingerprint(value: Mapping[str, object]) -> str:
    """Return the SHA-256 of a mapping's canonical bytes, in hex."""
    return digest(encode(value))


def hex_of(value: float) -> str:
    """Return a float's bits as text: `float.hex()`, `nan`, `inf` or `-inf`.

    >>> hex_of(0.1), hex_of(float("-inf"))
    ('0x1.999999999999ap-4', '-inf')
    """
    if math.isfinite(value):
        return float(value).hex()
    return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def _plain(value: object) -> object:
    kind = value.__class__  # exact types first: nearly every value is of one
    if kind is float:
        return {FLOAT: value.hex() if math.isfinite(value) else hex_of(value)}  # type: ignore[attr-defined, arg-type]
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return {FLOAT: hex_of(value)}
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise CanonicalError(f"a {type(value).__name__} has no canonical form: use numbers, strings, lists and mappings")


def _plain_mapping(value: Mapping[Any, object]) -> dict[str, object]:
    if any(not isinstance(key, str) for key in value):
        raise CanonicalError(f"the keys {list(value)!r} are not all strings")
    if len(value) == 1 and FLOAT in value:
        raise CanonicalError(f"a mapping with the one key {FLOAT!r} would read as a float: add or rename a key")
    return {str(key): _plain(item) for key, item in value.items()}


def _float_or_mapping(value: dict[str, Any]) -> object:
    if len(value) != 1 or FLOAT not in value:
        return value
    return float.fromhex(value[FLOAT])
