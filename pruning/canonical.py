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
from functools import lru_cache
from typing import Any

SCHEMA = 1
HEADER = f"espalier-ledger/{SCHEMA}\n".encode()
FLOAT = "f"
_FLOATING = f'{{"{FLOAT}":"%s"}}'
GENESIS = "0" * 64
"""The hash that stands before the first row of a chain."""


class CanonicalError(ValueError):
    """A value that has no canonical form, or bytes that are not one."""


_quoted = json.encoder.encode_basestring_ascii
_is_finite = math.isfinite
_NAMES = {None: "null", True: "true", False: "false"}


def encode(value: Mapping[str, object]) -> bytes:
    """Return the canonical bytes of a mapping of scalars, lists and mappings."""
    return HEADER + inner(value)


def inner(value: Mapping[str, object]) -> bytes:
    """Return the canonical JSON of a mapping, without the header that a whole body begins with."""
    return _mapping(value).encode("ascii")


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
    if isinstance(value, str):
        return _quoted(value)
    if value.__class__ is int:
        return str(value)
    return _NAMES[value] if value is None or isinstance(value, bool) else str(int(value))


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
    if _is_finite(value):
        return float(value).hex()
    return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def _any(value: object) -> str:
    """Return the canonical JSON of a value, in one pass: every decision of a study waits for its row.

    Exact types come first, for nearly every value is of one.
    """
    kind = value.__class__
    if kind is float:
        finite = _is_finite(value)  # type: ignore[arg-type]
        return _FLOATING % (value.hex() if finite else hex_of(value))  # type: ignore[attr-defined, arg-type]
    if kind is str:
        return _quoted(value)  # type: ignore[arg-type]
    if kind is int:
        return str(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_any, value))}]"
    if isinstance(value, float):
        return _FLOATING % hex_of(value)
    if isinstance(value, str | int) or value is None:
        return token(value)
    raise CanonicalError(f"a {type(value).__name__} has no canonical form: use numbers, strings, lists and mappings")


def _mapping(value: Mapping[Any, object]) -> str:
    if len(value) == 1 and FLOAT in value:
        raise CanonicalError(f"a mapping with the one key {FLOAT!r} would read as a float: add or rename a key")
    names, form = _form(tuple(value))
    return form % tuple([_any(value[name]) for name in names])


@lru_cache(maxsize=1024)
def _form(keys: tuple[Any, ...]) -> tuple[list[str], str]:
    """Return keys in order and the text that their values go into; the rows of one rule share it."""
    if any(not isinstance(key, str) for key in keys):
        raise CanonicalError(f"the keys {list(keys)!r} are not all strings")
    names = sorted(keys)
    return names, f"{{{','.join(_quoted(name).replace('%', '%%') + ':%s' for name in names)}}}"


def _float_or_mapping(value: dict[str, Any]) -> object:
    if len(value) != 1 or FLOAT not in value:
        return value
    return float.fromhex(value[FLOAT])
