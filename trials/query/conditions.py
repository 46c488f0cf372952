"""A query's tree as a condition of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from trials.query import values
from trials.query.fields import Catalogue, Field, Kind
from trials.query.language import All, Alone, Clause, Node, Not, QueryError, Some, Word, read

LOOKUPS: Mapping[str, str] = {"=": "exact", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "~": "icontains"}
MOST_NAMES = 12
EMPTY = ("ending", "motive", "note")
"""Facts whose columns are empty where nothing was told."""


def parse(text: str, catalogue: Catalogue, *, now: datetime) -> Q:
    """Return the condition that a query asks for; an empty text asks for everything. Raises `QueryError`.

    The trials it filters are `places.prepared`. now: what relative dates count from.
    """
    tree = read(text)
    return Q() if tree is None else _Reading(catalogue, now).condition(tree)


class _Reading:
    def __init__(self, catalogue: Catalogue, now: datetime) -> None:
        self.catalogue, self.now = catalogue, now

    def condition(self, node: Node) -> Q:
        match node:
            case All(parts):
                return Q.create([self.condition(part) for part in parts])
            case Some(parts):
                return Q.create([self.condition(part) for part in parts], connector=Q.OR)
            case Not(inner):
                return ~self.condition(inner)
            case Alone(word, end):
                return _number_of(word, end)
            case Clause():
                return self.clause(node)

    def clause(self, clause: Clause) -> Q:
        found = self.field(clause.field)
        negative, op = clause.op in {"!=", "!~"}, {"!=": "=", "!~": "~"}.get(clause.op, clause.op)
        if op not in found.kind.operators and op != "=":
            raise QueryError(clause.op_column, str(clause.field), _comparisons(found))
        condition = self.any_of(found, op, clause.values)
        return ~condition if negative else condition

    def any_of(self, field: Field, op: str, several: Sequence[Word]) -> Q:
        """Return the condition that the field compares so with any of the values: words are looked up together."""
        if field.kind is Kind.WORD and len(several) > 1 and not any(map(values.is_none, several)):
            return field.place.holds("in", [_written(field, value) for value in several])
        return Q.create([self.compared(field, op, value) for value in several], connector=Q.OR)

    def field(self, name: Word) -> Field:
        found = self.catalogue.find(name)
        if found is None:
            raise QueryError(name.column, "", self._known(name))
        return found

    def compared(self, field: Field, op: str, value: Word) -> Q:
        if values.is_none(value) and field.kind is not Kind.FLAG:
            if op != "=":
                raise QueryError(value.column, op, "a value; none goes with = and !=")
            return field.place.holds("exact", "") if field.name in EMPTY else ~field.place.told()
        lookup = LOOKUPS[op]
        match field.kind:
            case Kind.NUMBER:
                return _number(field, lookup, value)
            case Kind.DATE:
                if op == "=":
                    raise QueryError(value.column, op, "none; a date is compared with < <= >= >")
                return field.place.holds(lookup, values.moment(value, self.now))
            case Kind.FLAG:
                return _flag(field, values.yes(value))
            case Kind.TEXT:
                return field.place.holds("icontains" if op == "~" else "iexact", value.text)
            case Kind.WORD:
                return _word(field, lookup, value)

    def _known(self, name: Word) -> str:
        if name.text.startswith(self.catalogue.study.metric + "@"):
            looks = ", ".join(str(look) for look in self.catalogue.looks) or "none"
            return f"a decision point of this study after @: {looks}"
        known = [field.name for field in self.catalogue.every()]
        more = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
        first = ["number", "state", "ending", "step", "best", "last", "tag", *(one for one in known if "." in one)]
        shown = dict.fromkeys([*first, *(field.name for field in self.catalogue.params()), *known])
        return f"a field, one of {', '.join(list(shown)[:MOST_NAMES])}{more}"


def _number(field: Field, lookup: str, value: Word) -> Q:
    found = values.maybe_number(value)
    if found is None and field.text is not None and lookup == "exact":
        return field.text.holds(lookup, value.text)
    return field.place.holds(lookup, values.number(value))


def _word(field: Field, lookup: str, value: Word) -> Q:
    return field.place.holds(lookup, _written(field, value))


def _written(field: Field, value: Word) -> str:
    """Return a word as its column writes it."""
    return value.text.upper() if field.name == "state" else value.text


def _flag(field: Field, yes: bool) -> Q:
    if field.group != "verdict":
        return field.place.holds("exact", yes)
    holds = field.place.holds("exact", "yes")
    return holds if yes else ~holds


def _number_of(word: Word, end: int) -> Q:
    if not word.text.isdecimal() or word.quoted:
        raise QueryError(end, word.text, "one of < <= = != >= > ~ in")
    if len(word.text) > 9:
        raise QueryError(word.column, "", "a trial's number")
    return Q(number=int(word.text))


def _comparisons(field: Field) -> str:
    return f"one of {' '.join(field.kind.operators)}, because it holds a {field.kind}"
