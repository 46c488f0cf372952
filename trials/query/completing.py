"""What may stand at a place in a query: fields, comparisons, values, `and` and `or`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lark import Token

from trials.query.fields import Catalogue, Field, Kind
from trials.query.language import QueryError, accepts, begun, feed, pieces, quoted, wants_value, word_of

MOST = 12


@dataclass(frozen=True)
class Offer:
    """One thing that may stand there: what is shown, what it is, and what takes the place of what was typed."""

    label: str
    about: str
    insert: str


@dataclass(frozen=True)
class Completion:
    """What may replace the text from `start` to `end`, and what is waited for there."""

    start: int
    end: int
    waiting: str
    offers: Sequence[Offer] = ()


def complete(text: str, place: int, catalogue: Catalogue) -> Completion:
    """Return what may stand at a place of the text; nothing where what stands before it cannot be read."""
    place = max(0, min(place, len(text)))
    before, typed = _parted(text, place)
    start = place - len(typed)
    try:
        tokens = pieces(before)
        reading = begun()
        for at, token in enumerate(tokens):
            feed(reading, token, tokens[:at])
    except QueryError as error:
        return Completion(start, place, str(error))
    accepted = accepts(reading)
    if wants_value(tokens):
        field = _field_before(tokens, catalogue)
        return Completion(start, place, "a value", _fitting(_values(field), typed)[:MOST])
    if "OP" in accepted:
        field = _field_before(tokens, catalogue)
        return Completion(start, place, "a comparison", _fitting(_comparisons(field), typed)[:MOST])
    if "WORD" in accepted:
        return Completion(start, place, "a field", _fitting(_fields(catalogue), typed)[:MOST])
    words = {"AND": "and", "OR": "or", "IN": "in", "RPAR": ")", "COMMA": ",", "LPAR": "("}
    offers = [Offer(word, "", word) for kind, word in words.items() if kind in accepted]
    return Completion(start, place, "and, or", _fitting(iter(offers), typed))


def _parted(text: str, place: int) -> tuple[str, str]:
    """Return the text before the piece that is being typed, and that piece up to the place."""
    start, inside = place, text[:place].count('"') % 2 == 1
    while start > 0 and (text[start - 1] != '"' if inside else not _parts(text[start - 1])):
        start -= 1
    start -= 1 if inside else 0
    return text[:start], text[start:place]


def _parts(sign: str) -> bool:
    return sign.isspace() or sign in '(),"<>=!~'


def _field_before(tokens: Sequence[Token], catalogue: Catalogue) -> Field | None:
    """Return the field whose value or comparison comes next."""
    for place in range(len(tokens) - 1, -1, -1):
        token = tokens[place]
        if token.type in {"WORD", "QUOTED"} and not wants_value(tokens[:place]):
            return catalogue.find(word_of(token))
    return None


def _fields(catalogue: Catalogue) -> Iterator[Offer]:
    for field in [*catalogue.params(), *catalogue.metrics(), *(f for n, f in catalogue.own.items() if n == f.name)]:
        about = f"{field.about}, {field.kind}" if field.group in {"trial", "verdict"} else field.about
        yield Offer(field.name, about, _written(field))
    yield Offer("not", "the contrary of what follows", "not")


def _written(field: Field) -> str:
    """Return a field as a query writes it: an odd name in quotes, what belongs to it behind them."""
    for sign in ("@", "."):
        name, found, rest = field.name.rpartition(sign)
        if found and field.group == "metric":
            inner = quoted(name)
            return f"{inner}{sign}{rest}"
    return quoted(field.name)


def _comparisons(field: Field | None) -> Iterator[Offer]:
    words = {"in": "one of several", "~": "contains", "!~": "does not contain", "!=": "is not", "=": "is"}
    kind = field.kind if field is not None else Kind.NUMBER
    for op in kind.operators:
        yield Offer(op, words.get(op, ""), f"{op} (" if op == "in" else op)
    if kind is Kind.WORD:
        yield Offer("not in", "none of several", "not in (")


def _values(field: Field | None) -> Iterator[Offer]:
    if field is None:
        return
    if field.kind is Kind.FLAG:
        yield from (Offer(word, "", word) for word in ("yes", "no"))
        return
    if field.kind is Kind.DATE:
        for word, about in (("-1h", "an hour ago"), ("-1d", "a day ago"), ("-7d", "a week ago")):
            yield Offer(word, about, word)
        yield from (Offer(word, "since midnight", word) for word in ("today", "yesterday"))
        return
    for choice in field.choices():
        yield Offer(choice, "", quoted(choice))


def _fitting(offers: Iterator[Offer], typed: str) -> list[Offer]:
    """Return the offers that the typed text begins, then those that hold it."""
    wanted, every = typed.strip('"').lower(), list(offers)
    begins = [offer for offer in every if offer.label.lower().startswith(wanted)]
    holds = [offer for offer in every if wanted in offer.label.lower() and offer not in begins]
    return begins + holds
