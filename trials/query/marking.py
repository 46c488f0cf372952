"""What each piece of a query is, so that a page can set fields, values and signs apart; and where it went wrong."""

from __future__ import annotations

from typing import NamedTuple

from lark import Token

from trials.query.fields import Catalogue
from trials.query.language import QueryError, pieces, wants_value, word_of
from trials.query.values import maybe_number

WRONG = "wrong"


class Mark(NamedTuple):
    """A piece of the text from `start` to `end`: field, name (of no field yet), word, number, sign, or wrong."""

    start: int
    end: int
    kind: str


def marks(text: str, catalogue: Catalogue, error: QueryError | None = None) -> list[Mark]:
    """Return the pieces in order, as far as the text can be read; with an error, also the place it speaks of."""
    try:
        tokens = pieces(text)
    except QueryError as unread:
        tokens = pieces(text[: unread.column])
    found = [
        Mark(token.start_pos or 0, token.end_pos or 0, _kind(token, tokens[:place], catalogue))
        for place, token in enumerate(tokens)
    ]
    return found if error is None else _with_the_wrong(found, error.column, len(text))


def _kind(token: Token, before: list[Token], catalogue: Catalogue) -> str:
    if token.type not in {"WORD", "QUOTED"}:
        return "sign"
    word = word_of(token)
    if not word.quoted and maybe_number(word) is not None:
        return "number"
    if wants_value(before):
        return "word"
    return "field" if catalogue.find(word) is not None else "name"


def _with_the_wrong(found: list[Mark], column: int, end: int) -> list[Mark]:
    """Return the marks with that of the piece at a column, or of the place behind the text, as wrong."""
    at = next((mark for mark in found if mark.start <= column < mark.end), None)
    if at is None:
        return [*(mark for mark in found if mark.end <= column), Mark(column, max(end, column + 1), WRONG)]
    return [mark._replace(kind=WRONG) if mark is at else mark for mark in found]
