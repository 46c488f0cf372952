"""What each piece of a query is, for the colours of its field."""

import pytest

from tests.factories import NOW
from trials.query import Catalogue, QueryError, marks, parse


def marked(catalogue: Catalogue, text: str, error: QueryError | None = None) -> list[tuple[str, str]]:
    return [(text[start:end], kind) for start, end, kind in marks(text, catalogue, error)]


def refused(catalogue: Catalogue, text: str) -> QueryError:
    with pytest.raises(QueryError) as found:
        parse(text, catalogue, now=NOW)
    return found.value


def test_fields_words_numbers_and_signs_are_told_apart(catalogue: Catalogue) -> None:
    assert marked(catalogue, 'state in (pruned) and learning_rate > 1e-4 or tag = "a b" or 24') == [
        ("state", "field"), ("in", "sign"), ("(", "sign"), ("pruned", "word"), (")", "sign"), ("and", "sign"),
        ("learning_rate", "field"), (">", "sign"), ("1e-4", "number"), ("or", "sign"),
        ("tag", "field"), ("=", "sign"), ('"a b"', "word"), ("or", "sign"), ("24", "number"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("best 0.5", "0.5"),
        ("lr > 1 and best < 2", "lr"),
        ("best < low or step > 3", "low"),
        ("best < 1 and", ""),
        ('step > 1 and "unclosed', '"unclosed'),
    ],
)
def test_the_piece_that_an_error_speaks_of_is_marked(catalogue: Catalogue, text: str, wrong: str) -> None:
    found = marked(catalogue, text, refused(catalogue, text))

    assert [piece for piece, kind in found if kind == "wrong"] == [wrong]


def test_what_is_typed_so_far_is_marked_up_to_where_it_cannot_be_read(catalogue: Catalogue) -> None:
    assert marked(catalogue, 'best < 2 and "half') == [
        ("best", "field"), ("<", "sign"), ("2", "number"), ("and", "sign"),
    ]  # fmt: skip
    assert marked(catalogue, "") == []
