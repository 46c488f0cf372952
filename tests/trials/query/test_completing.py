"""What is offered at the cursor of a query."""

import pytest

from tests.factories import NOW, Played
from trials import tags
from trials.query import Catalogue, complete, parse


def offered(catalogue: Catalogue, text: str) -> list[str]:
    return [offer.label for offer in complete(text, len(text), catalogue).offers]


def test_an_empty_query_waits_for_a_field_and_offers_parameters_first(catalogue: Catalogue) -> None:
    completion = complete("", 0, catalogue)

    assert completion.waiting == "a field"
    assert [offer.label for offer in completion.offers][:4] == ["learning_rate", "batch_size", "dropout", "optimizer"]
    assert completion.offers[0].about == "parameter, log, 1e-05 to 0.1"


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("lea", ["learning_rate"]),
        ("state", ["state"]),
        ("val_loss@", ["val_loss@4", "val_loss@8"]),
        ("state ", ["=", "!=", "in", "~", "!~", "not in"]),
        ("best ", ["<", "<=", "=", "!=", ">=", ">", "in"]),
        ("best <", []),
        ("state = pru", ["pruned"]),
        ("state in (running, comp", ["complete"]),
        ("optimizer = ", ["adamw", "adafactor"]),
        ("pinned = ", ["yes", "no"]),
        ("best < 1 ", ["and", "or"]),
        ("(best < 1 ", ["and", "or", ")"]),
        ("state in (running ", [")", ","]),
        ("best < 1 and not pin", ["pinned"]),
    ],
)
def test_what_may_stand_there_is_offered(catalogue: Catalogue, text: str, labels: list[str]) -> None:
    assert offered(catalogue, text) == labels


def test_reasons_and_tags_in_use_are_offered(catalogue: Catalogue, played: Played) -> None:
    tags.add(played.study, ["base line"], trials=[played.failed], person="robin", at=NOW)

    assert "outpaced" in offered(catalogue, "reason = ")
    assert [(one.label, one.insert) for one in complete("tag = ", 6, catalogue).offers] == [
        ("base line", '"base line"')
    ]


def test_only_the_piece_at_the_cursor_is_replaced(catalogue: Catalogue) -> None:
    text = "sta = pruned"

    completion = complete(text, 3, catalogue)

    assert (completion.start, completion.end) == (0, 3)
    assert next(offer.insert for offer in completion.offers) == "state"


def test_what_cannot_be_read_offers_nothing_and_says_why(catalogue: Catalogue) -> None:
    completion = complete("best best ", 10, catalogue)

    assert completion.offers == ()
    assert completion.waiting.startswith("At column 6, after best: expected one of")


def test_every_field_offered_is_understood(catalogue: Catalogue) -> None:
    for field in catalogue.every():
        assert catalogue.find(field.name) is not None, field.name
        comparison = {"number": "> 1", "date": "> -1d", "yes or no": "= yes"}.get(field.kind, "= x")
        assert parse(f"{field.name} {comparison}", catalogue, now=NOW) is not None
