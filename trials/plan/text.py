"""YAML text → plain data that remembers its lines.

Built from the parser's events instead of a loader: no tag can name code, an alias cannot multiply, keys given twice
are seen, and every value knows its line. Scalars follow YAML 1.2, so `1e-5` is a number and `no` is a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from trials.plan.model import PlanError, Problem
from trials.sanitise import MAX_INTEGER_DIGITS, UnfitValue, check_json

MAX_CHARACTERS = 131_072
MAX_DEPTH = 16
MAX_KEY = 200

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, object] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
    ".inf": float("inf"),
    "-.inf": float("-inf"),
    ".nan": float("nan"),
}


@dataclass(frozen=True)
class Document:
    """A plan's text as data, with the line of every path such as `space.learning_rate.low` or `objectives[0]`."""

    data: object
    lines: Mapping[str, int]

    def line_of(self, path: str) -> int | None:
        """Return the line of a path, or of the nearest thing around it that the text has."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get("")


def read_yaml(text: str) -> Document:
    """Read one YAML document; raise PlanError for text that is not one plain mapping of names to values."""
    if len(text) > MAX_CHARACTERS:
        raise PlanError([Problem(path="plan", message=f"{len(text)} characters; a plan has at most {MAX_CHARACTERS}")])
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
    except yaml.reader.ReaderError as error:
        message = f"character #x{error.character:04x} cannot stand in a plan; remove it"
        raise PlanError([Problem(path="plan", message=message, line=text.count("\n", 0, error.position) + 1)])
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        message = f"not YAML: {what}; check indentation, colons and quotes"
        raise PlanError([Problem(path="plan", message=message, line=mark.line + 1 if mark else None)])
    if builder.problems:
        raise PlanError(builder.problems)
    return _storable(Document(builder.result, builder.lines))


def child(path: str, key: str | int) -> str:
    """Return the path of a value inside another."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    key = key or '""'
    return f"{path}.{key}" if path else key


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _storable(document: Document) -> Document:
    try:
        # Infinities are refused field by field, with a better remedy; here only what no column holds.
        check_json(_without_specials(document.data))
    except UnfitValue as error:
        raise PlanError([Problem(path=error.path or "plan", message=error.problem, line=document.line_of(error.path))])
    return document


def _without_specials(data: object) -> object:
    if isinstance(data, dict):
        return {key: _without_specials(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_without_specials(value) for value in data]
    return 0.0 if isinstance(data, float) else data


@dataclass
class _Open:
    """A mapping or sequence being read."""

    path: str
    value: dict[str, object] | list[object]
    key: str | None = None
    """The key whose value comes next; None where a key comes next."""
    is_duplicate: bool = False


@dataclass
class _Builder:
    """Turns events into data, iteratively: depth costs no stack."""

    result: object = None
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _stack: list[_Open] = field(default_factory=list)
    _n_documents: int = 0

    def take(self, event: yaml.Event) -> None:
        """Take the parser's next event; raise PlanError at once for what no plan may hold."""
        self._refuse_wild(event)
        if isinstance(event, yaml.DocumentStartEvent):
            self._n_documents += 1
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open({} if isinstance(event, yaml.MappingStartEvent) else [], event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._stack.pop()
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)

    def _refuse_wild(self, event: yaml.Event) -> None:
        line = _line(event)
        path = self._stack[-1].path or "plan" if self._stack else "plan"
        message = ""
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            message = "anchors and aliases (& and *) are not read in plans; write the value out"
        elif tag := getattr(event, "tag", None):
            message = f"the tag {tag!r} is not read in plans; leave it out"
        elif isinstance(event, yaml.DocumentStartEvent) and self._n_documents:
            message = "a second document begins here; a file holds one plan"
        elif len(self._stack) >= MAX_DEPTH and isinstance(event, yaml.CollectionStartEvent):
            message = f"nested deeper than {MAX_DEPTH} levels; flatten it"
        if message:
            raise PlanError([Problem(path=path, message=message, line=line)])

    def _open(self, value: dict[str, object] | list[object], event: yaml.Event) -> None:
        top = self._stack[-1] if self._stack else None
        if top and isinstance(top.value, dict) and top.key is None:
            message = "a key must be a plain name, not a list or a mapping"
            raise PlanError([Problem(path=top.path or "plan", message=message, line=_line(event))])
        self._stack.append(_Open(self._place(value, event), value))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        top = self._stack[-1] if self._stack else None
        if top and isinstance(top.value, dict) and top.key is None:
            self._key(top, event)
            return
        if not event.implicit[0]:
            self._place(event.value, event)
            return
        try:
            value = plain(event.value)
        except ValueError as error:
            path = self._place(None, event)
            self.problems.append(Problem(path=path or "plan", message=str(error), line=_line(event)))
        else:
            self._place(value, event)

    def _key(self, top: _Open, event: yaml.ScalarEvent) -> None:
        line = _line(event)
        if len(event.value) > MAX_KEY:
            message = f"a key of {len(event.value)} characters; a name has at most {MAX_KEY}"
            raise PlanError([Problem(path=top.path or "plan", message=message, line=line)])
        top.key = event.value
        top.is_duplicate = event.value in top.value
        path = child(top.path, event.value)
        if top.is_duplicate:
            message = f"given twice, first on line {self.lines[path]}; remove one"
            self.problems.append(Problem(path=path, message=message, line=line))
        else:
            self.lines[path] = line

    def _place(self, value: object, event: yaml.Event) -> str:
        """Put a value where it belongs and return its path."""
        if not self._stack:
            self.result = value
            self.lines.setdefault("", _line(event))
            return ""
        top = self._stack[-1]
        if isinstance(top.value, list):
            path = child(top.path, len(top.value))
            top.value.append(value)
            self.lines[path] = _line(event)
            return path
        key, top.key = top.key or "", None
        if not top.is_duplicate:
            top.value[key] = value
        return child(top.path, key)


def plain(text: str) -> object:
    """Return what an unquoted scalar means in YAML 1.2; raise ValueError for an integer beyond 64 bits.

    >>> plain("1e-5"), plain("8"), plain("no"), plain("null")
    (1e-05, 8, 'no', None)
    """
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        if len(text) > MAX_INTEGER_DIGITS:
            raise ValueError(f"an integer of {len(text.lstrip('+-'))} digits; 64 bits is the limit")
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
