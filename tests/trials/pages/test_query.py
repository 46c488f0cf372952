"""The small query language."""

import pytest

from tests.factories import Played
from trials.models import Trial
from trials.pages.query import QueryError, parse, prepared

PARAMETERS = ("learning_rate", "batch_size", "dropout", "optimizer")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr > 1", "At column 1: expected a field, one of number, state"),
        ("best", "At column 5, after best: expected one of < <= = != >= > in."),
        ("best 0.5", "At column 6, after best: expected one of < <= = != >= > in."),
        ("best <", "At column 7, after <: expected a value."),
        ("best < low", "At column 8: expected a number."),
        ("state < running", "At column 7, after state: expected = or !=, because it has no order."),
        ("state in running", "At column 10, after in: expected (."),
        ("state in (running", "At column 18, after running: expected ) or ,."),
        ("best < 1 or best > 2", "At column 10, after 1: expected and."),
        ("pinned = maybe", "At column 10, after pinned: expected yes or no."),
        ("best < nan", "At column 8: expected a finite number."),
        ("learning_rate < low", "At column 17, after learning_rate: expected a number."),
        ("(", "At column 1: expected a field."),
        ("best = )", "At column 8, after =: expected a value."),
        ('"unclosed', "At column 1: expected a field or a value."),
        ("12345678901", "At column 1: expected a trial's number."),
        ("x" * 1001, "At column 1001: expected at most 1000 characters."),
    ],
)
def test_a_wrong_query_says_where_and_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text, PARAMETERS)

    assert str(refused.value).startswith(message)


def test_queries_find_what_they_ask_for(played: Played) -> None:
    trials = list(prepared(played.study.trials.all()))

    def found(text: str) -> set[int]:
        rows = prepared(played.study.trials.all()).filter(parse(text, PARAMETERS))
        return set(rows.values_list("number", flat=True))

    def where(condition: object) -> set[int]:
        return {trial.number for trial in trials if condition(trial)}  # type: ignore[operator]  # a plain function

    assert found("") == where(lambda trial: True)
    assert found("3") == {3}
    assert found("state = pruned") == where(lambda trial: trial.state == Trial.State.PRUNED)
    assert found("ending in (outpaced, diverged)") == where(lambda t: t.ending_code in {"outpaced", "diverged"})
    assert found("ending = outpaced and step > 4") == where(lambda t: t.ending_code == "outpaced" and t.last_step > 4)
    assert found("learning_rate > 1e-4") == where(lambda trial: trial.params["learning_rate"] > 1e-4)
    assert found("optimizer = adamw") == where(lambda trial: trial.params["optimizer"] == "adamw")
    assert found("optimizer != adamw") == where(lambda trial: trial.params["optimizer"] != "adamw")
    assert found("best < 0.6") == where(lambda trial: trial.best_value is not None and trial.best_value < 0.6)
    assert found("pinned = yes") == where(lambda trial: trial.pinned)
    assert found('note = "nothing"') == set()
    assert found("ending = outpaced") != set()


def test_a_query_is_never_evaluated(played: Played) -> None:
    text = '''note = "'; DROP TABLE trial; --"'''

    assert not prepared(played.study.trials.all()).filter(parse(text, PARAMETERS)).exists()
    assert played.study.trials.exists()
