"""Keep what is stored as JSON storable everywhere and readable by everyone.

PostgreSQL's ``jsonb`` holds neither NUL nor lone surrogates, JavaScript loses integers beyond 53 bits and JSON has no
NaN; a body nested five thousand deep exhausts a parser. Three doors, each naming the place of what it refuses:

- `parse_json` reads a request body strictly;
- `check_json` refuses a value that did not come through it (a plan in YAML);
- `clean_json` mends text that our own side produced (a traceback, a package's name) and refuses the rest.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

JSON = Any  # what a parser gives: the one place where loose input is still loose

MAX_DEPTH: Final = 32
MAX_BYTES: Final = 1_048_576
MAX_INTEGER: Final = 2**63 - 1
MIN_INTEGER: Final = -(2**63)
# 64 bits need at most 19 digits and a sign; longer ones are never turned into a number at all.
MAX_INTEGER_DIGITS: Final = 20
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# A string is swallowed whole, also one that never ends; so each character is looked at once.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[\[\]{}]', re.DOTALL)


class UnfitValue(ValueError):
    """A value that must not be stored, with the place where it stands (`params.lr[2]`; empty for the whole)."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}." if path else f"{problem[:1].upper()}{problem[1:]}.")
        self.path = path
        self.problem = problem


# What a lenient first reading leaves behind where the text said something that no value can carry.
@dataclass(frozen=True)
class _Flaw:
    problem: str


def parse_json(body: bytes, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES) -> JSON:
    """Read a request body; raise UnfitValue naming line and column, or the path of the value.

    Refused: more than ``max_bytes``, nesting beyond ``max_depth``, bytes that are not UTF-8, names given twice, NaN and
    Infinity (they travel as ``"nan"``, ``"inf"``, ``"-inf"``), numbers beyond 64 bits, NUL and lone surrogates.
    """
    if len(body) > max_bytes:
        raise UnfitValue("", f"the body has {len(body)} bytes; at most {max_bytes} are read")
    text = _decode(body)
    _refuse_deep_text(text, max_depth)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=lambda name: _Flaw(f"{name} is not JSON; write it as a string: {_as_text(name)!r}"),
        )
    except json.JSONDecodeError as error:
        raise UnfitValue("", f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    return check_json(value, max_depth=max_depth)


def check_json(value: JSON, *, max_depth: int = MAX_DEPTH) -> JSON:
    """Return the value as it is, or raise UnfitValue at the first thing that JSON or a database would not keep."""
    return _Walk(text=_refuse_text, number=_refuse_number, max_depth=max_depth).value(value, "")


def clean_json(value: JSON, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES) -> JSON:
    """Return a copy fit to be stored as JSON.

    NUL and lone surrogates become U+FFFD, NaN and the infinities the strings ``"nan"``, ``"inf"``, ``"-inf"``, tuples
    lists, and numpy's scalars Python's. Depth, size, integers beyond 64 bits and foreign types raise UnfitValue.
    """
    cleaned = _Walk(text=_mend_text, number=_spell_number, max_depth=max_depth).value(value, "")
    size = len(json.dumps(cleaned, ensure_ascii=False).encode())
    if size > max_bytes:
        raise UnfitValue("", f"the value takes {size} bytes as JSON; at most {max_bytes} are stored")
    return cleaned


def clean_text(text: str, *, max_length: int | None = None) -> str:
    """Return text that every database stores; a longer one keeps its end, where a traceback says what happened."""
    mended = _UNSTORABLE.sub(REPLACEMENT, text)
    if max_length is None or len(mended) <= max_length:
        return mended
    return f"… {mended[len(mended) - max_length + 2 :]}" if max_length > 2 else mended[:max_length]


def _decode(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnfitValue("", f"byte {error.start} is not UTF-8; send the body as UTF-8") from None
    if text.startswith("\ufeff"):
        raise UnfitValue("", "the body begins with a byte order mark; send it without")
    return text


def _refuse_deep_text(text: str, max_depth: int) -> None:
    """Count brackets before parsing, because a parser that recurses would give up first."""
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        character = text[match.start()]
        if character in "[{":
            depth += 1
            if depth > max_depth:
                raise UnfitValue("", f"nested deeper than {max_depth} levels at character {match.start()}")
        elif character != '"':
            depth -= 1


def _object(pairs: list[tuple[str, JSON]]) -> JSON:
    found: dict[str, JSON] = {}
    for key, value in pairs:
        found[key] = _Flaw("given twice") if key in found else value
    return found


def _integer(digits: str) -> JSON:
    if len(digits) > MAX_INTEGER_DIGITS:
        return _Flaw(f"an integer of {len(digits.lstrip('-'))} digits; 64 bits is the limit")
    return int(digits)


def _float(text: str) -> JSON:
    number = float(text)
    return number if math.isfinite(number) else _Flaw(f"{_quote(text)} is beyond what a double holds")


def _as_text(name: str) -> str:
    return {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}[name]


def _quote(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


def _refuse_text(text: str, path: str) -> str:
    if found := _UNSTORABLE.search(text):
        what = "a NUL character" if found[0] == "\x00" else "a lone surrogate"
        raise UnfitValue(path, f"{what} at position {found.start()} cannot be stored; remove it")
    return text


def _mend_text(text: str, path: str) -> str:
    return _UNSTORABLE.sub(REPLACEMENT, text)


def _refuse_number(number: float, path: str) -> JSON:
    raise UnfitValue(path, f"{number} is not JSON; write it as a string: {str(number)!r}")


def _spell_number(number: float, path: str) -> JSON:
    return str(number)


@dataclass(frozen=True)
class _Walk:
    """Visit a value from the outside in; `text` and `number` say what to do with what cannot stay as it is."""

    text: Callable[[str, str], str]
    number: Callable[[float, str], JSON]
    max_depth: int

    def value(self, value: JSON, path: str, depth: int = 0) -> JSON:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self.text(str(value), path)
        if isinstance(value, int):
            return self._integer(int(value), path)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else self.number(float(value), path)
        if isinstance(value, dict | list | tuple):
            return self._container(value, path, depth + 1)
        return self._other(value, path, depth)

    def _integer(self, number: int, path: str) -> int:
        if not MIN_INTEGER <= number <= MAX_INTEGER:
            raise UnfitValue(path, f"an integer of {number.bit_length()} bits; 64 bits is the limit")
        return number

    def _container(self, value: dict[Any, JSON] | list[JSON] | tuple[JSON, ...], path: str, depth: int) -> JSON:
        if depth > self.max_depth:
            raise UnfitValue(path, f"nested deeper than {self.max_depth} levels")
        if isinstance(value, dict):
            return self._object(value, path, depth)
        return [self.value(item, f"{path}[{index}]", depth) for index, item in enumerate(value)]

    def _object(self, value: dict[Any, JSON], path: str, depth: int) -> dict[str, JSON]:
        found: dict[str, JSON] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise UnfitValue(path, f"the name {_quote(str(key))} is {type(key).__name__}; names are strings")
            name = self.text(key, _join(path, key))
            if name in found:
                raise UnfitValue(_join(path, name), "given twice")
            found[name] = self.value(item, _join(path, name), depth)
        return found

    def _other(self, value: JSON, path: str, depth: int) -> JSON:
        if isinstance(value, _Flaw):
            raise UnfitValue(path, value.problem)
        # numpy's scalars, without asking for numpy: item() of an array of many would give something else.
        if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
            return self.value(value.item(), path, depth)
        raise UnfitValue(path, f"{type(value).__name__} cannot be stored as JSON")


def _join(path: str, name: str) -> str:
    shown = _mend_text(name if len(name) <= 80 else f"{name[:77]}...", path)
    return f"{path}.{shown}" if path else shown
