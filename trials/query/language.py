"""The grammar of queries over trials, and the tree a query is read into. Nothing here is ever evaluated.

    state = pruned and reason in (outpaced, unpromising) and lr > 1e-4 or tag = baseline

`not` binds closer than `and`, `and` closer than `or`. A bare number is the trial of that number. A name or a value
that holds spaces or signs stands in double quotes; `"odd name".best` and `"odd name"@16` follow the closing quote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from lark import Lark, Token, Transformer, Tree, UnexpectedCharacters, UnexpectedToken

if TYPE_CHECKING:
    from lark.parsers.lalr_interactive_parser import InteractiveParser

MOST_CHARACTERS = 1_000
MOST_NESTED = 20
MOST_CLAUSES = 40
OPERATORS = ("<", "<=", "=", "!=", ">=", ">", "~", "!~")
"""`~` holds where the text contains the value, whatever the case."""

_END = r"(?![^\s\"<>=!~(),])"
GRAMMAR = rf"""
    start: [either]
    ?either: both (OR both)*
    ?both: one (AND one)*
    ?one: NOT one -> negated
        | LPAR either RPAR
        | clause
    ?clause: name OP value -> compared
        | name IN LPAR value (COMMA value)* RPAR -> one_of
        | name NOT IN LPAR value (COMMA value)* RPAR -> none_of
        | name -> alone
    name: WORD | QUOTED
    value: WORD | QUOTED

    AND.3: /and{_END}/i
    OR.3: /or{_END}/i
    NOT.3: /not{_END}/i
    IN.3: /in{_END}/i
    OP.2: "<=" | ">=" | "!=" | "!~" | "=" | "<" | ">" | "~"
    LPAR: "("
    RPAR: ")"
    COMMA: ","
    QUOTED: /"(?:\\.|[^"\\])*"(?:[.@][\w.-]+)?/
    WORD: /[^\s"<>=!~(),]+/
    %ignore /\s+/
"""
_EXPECTED = {
    "WORD": "a field",
    "OP": "one of < <= = != >= > ~ in",
    "AND": "and",
    "OR": "or",
    "IN": "in",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
}


class QueryError(ValueError):
    """A query that cannot be read: where (`column`, from 0), and what was expected there."""

    def __init__(self, column: int, after: str, expected: str) -> None:
        self.column, self.expected = column, expected
        where = f"At column {column + 1}" + (f", after {after}" if after else "")
        super().__init__(f"{where}: expected {expected}.")


@dataclass(frozen=True)
class Word:
    """A name or a value as it was written: its text without quotes, and where it begins."""

    text: str
    column: int
    quoted: bool = False
    suffix: str = ""
    """What follows a closing quote: `.best`, `@16`."""

    def __str__(self) -> str:
        return self.text + self.suffix


@dataclass(frozen=True)
class Clause:
    """A field compared with a value, or with several of which one has to fit."""

    field: Word
    op: str
    op_column: int
    values: tuple[Word, ...]


@dataclass(frozen=True)
class Alone:
    """A name without a comparison: the number of a trial."""

    word: Word
    end: int


@dataclass(frozen=True)
class Not:
    inner: Node


@dataclass(frozen=True)
class All:
    """What stands between `and`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Some:
    """What stands between `or`."""

    parts: tuple[Node, ...]


Node: TypeAlias = Clause | Alone | Not | All | Some


def read(text: str) -> Node | None:
    """Return the query as a tree; None for an empty text. Raises `QueryError`."""
    if len(text) > MOST_CHARACTERS:
        raise QueryError(MOST_CHARACTERS, "", f"at most {MOST_CHARACTERS} characters")
    tokens = pieces(text)
    _refuse_the_intricate(tokens)
    reading = begun()
    for place, token in enumerate(tokens):
        feed(reading, token, tokens[:place])
    try:
        tree: Tree[Token] = reading.feed_eof(tokens[-1] if tokens else None)  # type: ignore[no-untyped-call]
    except UnexpectedToken:
        raise QueryError(len(text), _after(tokens), expected(reading, tokens)) from None
    found: Node | None = _ToTree().transform(tree)
    return found


def begun() -> InteractiveParser:
    """Return a parser that has read nothing yet."""
    return _parser().parse_interactive("")


def feed(reading: InteractiveParser, token: Token, before: Sequence[Token]) -> None:
    """Give the parser its next token. Raises `QueryError` where it does not fit."""
    try:
        reading.feed_token(token)
    except UnexpectedToken:
        raise QueryError(token.start_pos or 0, _after(before), expected(reading, before)) from None


def pieces(text: str) -> list[Token]:
    """Return the tokens of a text. Raises `QueryError` where there is none."""
    found: list[Token] = []
    try:
        found.extend(_parser().lex(text, dont_ignore=False))
    except UnexpectedCharacters as error:
        place: int = error.pos_in_stream  # type: ignore[assignment]  # Lark declares less than it sets
        before = text[:place].split()
        wanted = "a closing quote" if text[place] == '"' else "a field or a value"
        raise QueryError(place, before[-1] if before else "", wanted) from None
    return found


def expected(reading: InteractiveParser, before: Sequence[Token]) -> str:
    """Say what may stand next."""
    accepted = accepts(reading)
    if wants_value(before):
        return "a value"
    if "OP" in accepted:
        return _EXPECTED["OP"]
    if "WORD" in accepted:
        return _EXPECTED["WORD"]
    names = [_EXPECTED[kind] for kind in ("AND", "OR", "IN", "LPAR", "RPAR", "COMMA") if kind in accepted]
    return f"one of {' '.join(names)}" if len(names) > 1 else "".join(names) or "the end"


def accepts(reading: InteractiveParser) -> set[str]:
    """Return the kinds of token that may stand next."""
    found: set[str] = reading.accepts()  # type: ignore[no-untyped-call]  # Lark's
    return found


def wants_value(before: Sequence[Token]) -> bool:
    """Say whether a value, and not a field, stands after these tokens."""
    if not before:
        return False
    kinds = [token.type for token in before]
    return kinds[-1] in {"OP", "COMMA"} or kinds[-2:] == ["IN", "LPAR"]


def quoted(text: str) -> str:
    """Return a name or a value as a query writes it: in quotes only where it needs them.

    >>> quoted("lr"), quoted("odd name"), quoted("and")
    ('lr', '"odd name"', '"and"')
    """
    bare = text and not any(sign in '"<>=!~(),' or sign.isspace() for sign in text)
    if bare and text.lower() not in {"and", "or", "not", "in", "none"}:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def word_of(token: Token) -> Word:
    """Return what a token of a name or a value says."""
    column = token.start_pos or 0
    if token.type != "QUOTED":
        return Word(str(token), column)
    inner, _, suffix = str(token)[1:].rpartition('"')
    return Word(inner.replace('\\"', '"').replace("\\\\", "\\"), column, quoted=True, suffix=suffix)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="basic", maybe_placeholders=True)


def _after(before: Sequence[Token]) -> str:
    return str(before[-1]) if before else ""


def _refuse_the_intricate(tokens: Sequence[Token]) -> None:
    """Refuse what would cost the database more than a page may take."""
    depth = nots = clauses = 0
    for token in tokens:
        depth += {"LPAR": 1, "RPAR": -1}.get(token.type, 0)
        nots += token.type == "NOT"
        clauses += token.type in {"OP", "IN"}
        if max(depth, nots) > MOST_NESTED:
            raise QueryError(token.start_pos or 0, "", f"at most {MOST_NESTED} parentheses within each other and not")
        if clauses > MOST_CLAUSES:
            raise QueryError(token.start_pos or 0, "", f"at most {MOST_CLAUSES} comparisons")


class _ToTree(Transformer[Token, Any]):
    """Lark's tree as ours; the keywords and signs fall away."""

    def start(self, children: list[Any]) -> Node | None:
        found: Node | None = children[0]
        return found

    def name(self, children: list[Token]) -> Word:
        return word_of(children[0])

    value = name

    def either(self, children: list[Any]) -> Some:
        return Some(tuple(_nodes(children)))

    def both(self, children: list[Any]) -> All:
        return All(tuple(_nodes(children)))

    def one(self, children: list[Any]) -> Any:
        return _nodes(children)[0]

    def negated(self, children: list[Any]) -> Node:
        inner = _nodes(children)[0]
        return inner.inner if isinstance(inner, Not) else Not(inner)

    def compared(self, children: list[Any]) -> Clause:
        field, op, value = children
        return Clause(field, str(op), op.start_pos or 0, (value,))

    def one_of(self, children: list[Any]) -> Clause:
        field, *rest = children
        return Clause(field, "=", rest[0].start_pos or 0, tuple(one for one in rest if isinstance(one, Word)))

    def none_of(self, children: list[Any]) -> Node:
        return Not(self.one_of(children))

    def alone(self, children: list[Any]) -> Alone:
        word = children[0]
        return Alone(word, word.column + len(word.text))


def _nodes(children: list[Any]) -> list[Node]:
    return [child for child in children if not isinstance(child, Token)]
