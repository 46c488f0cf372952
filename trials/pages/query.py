"""A small query language over trials: `ending in (outpaced, diverged) and learning_rate > 1e-4`.

    query  = clause { "and" clause }
    clause = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
           | field "in" "(" value { "," value } ")"
           | number                                  the trial with this number

Fields are `number`, `state`, `ending`, `motive`, `origin`, `step`, `best`, `last`, `pinned`, `note`, and the study's
parameters. The text is parsed into a filter and never evaluated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from trials.models import TrialParam
from trials.models.trial import TrialQuerySet

MOST_CHARACTERS = 1_000
_TOKEN = re.compile(r"""\s*(?:(?P<quoted>"[^"]*")|(?P<op><=|>=|!=|=|<|>)|(?P<mark>[(),])|(?P<word>[^\s"<>=!(),]+))""")
_LOOKUPS: Mapping[str, str] = {"=": "exact", "!=": "exact", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_NUMERIC = {"number": "number", "trial": "number", "step": "last_step", "best": "best_or_value", "last": "last_value"}
_WORDS = {
    "state": "state",
    "ending": "ending_code",
    "reason": "ending_code",
    "motive": "ending_motive",
    "origin": "origin",
}
_SPECIAL = ("pinned", "note")


class QueryError(ValueError):
    """A query that cannot be read: where, and what was expected."""

    def __init__(self, column: int, after: str, expected: str) -> None:
        where = f"At column {column + 1}" + (f", after {after}" if after else "")
        super().__init__(f"{where}: expected {expected}.")


@dataclass(frozen=True)
class Token:
    """One piece of the text and where it begins."""

    kind: str
    text: str
    column: int


def parse(text: str, parameters: Collection[str]) -> Q:
    """Return the filter that a query asks for; an empty text asks for everything. Raises QueryError."""
    return _Parser(text, parameters).query()


def prepared(trials: TrialQuerySet) -> TrialQuerySet:
    """Return the trials with what filters and sorting read beside their columns."""
    return trials.annotate(best_or_value=Coalesce("value", "best_value"))


class _Parser:
    def __init__(self, text: str, parameters: Collection[str]) -> None:
        if len(text) > MOST_CHARACTERS:
            raise QueryError(MOST_CHARACTERS, "", f"at most {MOST_CHARACTERS} characters")
        self.tokens = list(_tokens(text))
        self.place = 0
        self.parameters = parameters
        self.end = len(text)

    def query(self) -> Q:
        found = Q()
        while self.place < len(self.tokens):
            found &= self.clause()
            if self.place < len(self.tokens):
                self.take("and", lambda token: token.text.lower() == "and")
        return found

    def clause(self) -> Q:
        field = self.take("a field", lambda token: token.kind in {"word", "quoted"})
        if field.kind == "word" and field.text.isdecimal() and self.peek() in {"and", ""}:
            return Q(number=_whole(field))
        self.check_field(field)
        if self.peek() == "in":
            self.place += 1
            return self.one_of(field)
        op = self.take("one of < <= = != >= > in", lambda token: token.kind == "op")
        return self.compared(field, op, self.value())

    def one_of(self, field: Token) -> Q:
        self.take("(", lambda token: token.text == "(")
        found = self.compared(field, _EQUAL, self.value())
        while self.peek() == ",":
            self.place += 1
            found |= self.compared(field, _EQUAL, self.value())
        self.take(") or ,", lambda token: token.text == ")")
        return found

    def value(self) -> Token:
        return self.take("a value", lambda token: token.kind in {"word", "quoted"})

    def compared(self, field: Token, op: Token, value: Token) -> Q:
        condition = self.condition(field.text, op, value)
        return ~condition if op.text == "!=" else condition

    def condition(self, name: str, op: Token, value: Token) -> Q:
        lookup = _LOOKUPS[op.text]
        if name in self.parameters:
            return Q(Exists(_param_rows(name, lookup, value)))
        if name in _NUMERIC:
            return Q(**{f"{_NUMERIC[name]}__{lookup}": _number(value)})
        if lookup != "exact":
            raise QueryError(op.column, name, "= or !=, because it has no order")
        if name == "note":
            return Q(note__icontains=value.text)
        if name == "pinned":
            return Q(pinned=_yes(value))
        text = value.text.upper() if name == "state" else value.text
        return Q(**{_WORDS[name]: text})

    def check_field(self, field: Token) -> None:
        known = {*_NUMERIC, *_WORDS, *_SPECIAL, *self.parameters}
        if field.text not in known:
            names = ", ".join(["number", "state", "ending", "motive", "step", "best", "last", *self.parameters])
            raise QueryError(field.column, "", f"a field, one of {names}")

    def peek(self) -> str:
        return self.tokens[self.place].text.lower() if self.place < len(self.tokens) else ""

    def take(self, expected: str, fits: Callable[[Token], bool]) -> Token:
        before = self.tokens[self.place - 1].text if self.place else ""
        if self.place >= len(self.tokens):
            raise QueryError(self.end, before, expected)
        token = self.tokens[self.place]
        if not fits(token):
            raise QueryError(token.column, before, expected)
        self.place += 1
        return token


_EQUAL = Token("op", "=", 0)


def _tokens(text: str) -> Iterator[Token]:
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            column = place + len(text[place:]) - len(text[place:].lstrip())
            raise QueryError(column, text[:place].split()[-1] if text[:place].split() else "", "a field or a value")
        kind = found.lastgroup
        yield Token(kind, found[kind].strip('"') if kind == "quoted" else found[kind], found.start(kind))
        place = found.end()


def _param_rows(name: str, lookup: str, value: Token) -> TrialQuerySet:
    rows = TrialParam.objects.filter(trial=OuterRef("pk"), name=name)
    try:
        number = float(value.text)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        by_number = Q(**{f"number__{lookup}": number})
        return rows.filter(by_number | Q(text=value.text) if lookup == "exact" else by_number)  # type: ignore[return-value]
    if lookup != "exact":
        raise QueryError(value.column, name, "a number")
    return rows.filter(text=value.text)  # type: ignore[return-value]


def _number(value: Token) -> float:
    try:
        number = float(value.text)
    except ValueError:
        raise QueryError(value.column, "", "a number") from None
    if not math.isfinite(number):
        raise QueryError(value.column, "", "a finite number")
    return number


def _whole(value: Token) -> int:
    if len(value.text) > 9:
        raise QueryError(value.column, "", "a trial's number")
    return int(value.text)


def _yes(value: Token) -> bool:
    if value.text.lower() not in {"yes", "no"}:
        raise QueryError(value.column, "pinned", "yes or no")
    return value.text.lower() == "yes"
