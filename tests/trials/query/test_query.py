"""The query language: what it finds, what it refuses, and where it says so."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from pruning.models import PruningEvent
from tests.factories import LOOKS, NOW, Played
from trials import tags
from trials.models import Observation, Trial
from trials.query import Catalogue, QueryError, parse, prepared
from trials.query.language import MOST_CLAUSES, quoted, read


def found(catalogue: Catalogue, text: str) -> set[int]:
    condition = parse(text, catalogue, now=NOW)
    return set(prepared(catalogue.study.trials.all()).filter(condition).values_list("number", flat=True))


@pytest.fixture
def where(played: Played) -> Callable[[Callable[[Trial], bool]], set[int]]:
    trials = list(played.study.trials.all())
    return lambda fits: {trial.number for trial in trials if fits(trial)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr > 1", "At column 1: expected a field, one of number, state"),
        ("best", "At column 5, after best: expected one of < <= = != >= > ~ in."),
        ("best 0.5", "At column 6, after best: expected one of < <= = != >= > ~ in."),
        ("best <", "At column 7, after <: expected a value."),
        ("best < low", "At column 8: expected a number."),
        ("best ~ 1", "At column 6, after best: expected one of < <= = != >= > in, because it holds a number."),
        ("state < running", "At column 7, after state: expected one of = != in ~ !~, because it holds a word."),
        ("state in running", "At column 10, after in: expected (."),
        ("state in (running", "At column 18, after running: expected one of ) ,."),
        ("best < 1 best > 2", "At column 10, after 1: expected one of and or."),
        ("best < 1 and", "At column 13, after and: expected a field."),
        ("(best < 1", "At column 10, after 1: expected )."),
        ("best < 1)", "At column 9, after 1: expected the end."),
        ("state not running", "At column 11, after not: expected in."),
        ("pinned = maybe", "At column 10: expected yes or no."),
        ("best < nan", "At column 8: expected a finite number."),
        ("learning_rate < low", "At column 17: expected a number."),
        ("learning_rate < none", "At column 17, after <: expected a value; none goes with = and !=."),
        ("ended > soon", "At column 9: expected a date such as 2026-03-01"),
        ("ended > 2026-02-31", "At column 9: expected a date such as 2026-03-01"),
        ("val_loss@5 < 1", "At column 1: expected a decision point of this study after @: 4, 8."),
        ("train_loss@4 < 1", "At column 1: expected a field"),
        ("train_loss.best < 1", "At column 1: expected a field"),
        ("created = today", "At column 11, after =: expected none; a date is compared with < <= >= >."),
        ("created > -999999w", "At column 11: expected a date such as 2026-03-01"),
        ("(", "At column 2, after (: expected a field."),
        ("best = )", "At column 8, after =: expected a value."),
        ('"unclosed', "At column 1: expected a closing quote."),
        ("12345678901", "At column 1: expected a trial's number."),
        ("x" * 1001, "At column 1001: expected at most 1000 characters."),
        ("(" * 21 + "1" + ")" * 21, "At column 21: expected at most 20 parentheses within each other and not."),
        (" or ".join(["best<1"] * 41), "At column 405: expected at most 40 comparisons."),
    ],
)
def test_a_wrong_query_says_where_and_what_was_expected(catalogue: Catalogue, text: str, message: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text, catalogue, now=NOW)

    assert str(refused.value).startswith(message)


def test_facts_of_a_trial_are_compared(
    catalogue: Catalogue, where: Callable[[Callable[[Trial], bool]], set[int]]
) -> None:
    assert found(catalogue, "") == where(lambda trial: True)
    assert found(catalogue, "3") == {3}
    assert found(catalogue, "state = pruned") == where(lambda trial: trial.state == Trial.State.PRUNED) != set()
    assert found(catalogue, "ending in (outpaced, diverged)") == where(
        lambda trial: trial.ending_code in {"outpaced", "diverged"}
    )
    assert found(catalogue, "ending not in (outpaced, diverged)") == where(
        lambda trial: trial.ending_code not in {"outpaced", "diverged"}
    )
    assert found(catalogue, "motive = risk") == where(lambda trial: trial.ending_motive == "risk") != set()
    assert found(catalogue, "step > 4") == where(lambda trial: trial.last_step is not None and trial.last_step > 4)
    assert found(catalogue, "best < 0.6") == where(
        lambda trial: trial.best_value is not None and trial.best_value < 0.6
    )
    assert found(catalogue, "best = none") == where(lambda trial: trial.best_value is None)
    assert found(catalogue, "pinned = yes") == where(lambda trial: trial.pinned)
    assert found(catalogue, "reason ~ PACED") == where(lambda trial: "paced" in trial.ending_code)


def test_parameters_are_compared_as_what_they_are(
    catalogue: Catalogue, where: Callable[[Callable[[Trial], bool]], set[int]]
) -> None:
    assert found(catalogue, "learning_rate > 1e-4") == where(lambda trial: trial.params["learning_rate"] > 1e-4)
    assert found(catalogue, "optimizer = adamw") == where(lambda trial: trial.params["optimizer"] == "adamw")
    assert found(catalogue, "optimizer != adamw") == where(lambda trial: trial.params["optimizer"] != "adamw")
    assert found(catalogue, "param.batch_size in (8, 32)") == where(lambda trial: trial.params["batch_size"] in {8, 32})
    assert found(catalogue, '"batch_size" = 32') == where(lambda trial: trial.params["batch_size"] == 32)


def test_and_binds_closer_than_or_and_not_closest(
    catalogue: Catalogue, where: Callable[[Callable[[Trial], bool]], set[int]]
) -> None:
    assert found(catalogue, "number = 1 or number < 9 and number > 6") == {1, 7, 8}
    assert found(catalogue, "(number = 1 or number < 9) and number > 6") == {7, 8}
    assert found(catalogue, "not number < 9 and number < 11") == {9, 10}
    assert found(catalogue, "NOT (number < 9 OR number >= 11)") == {9, 10}
    assert found(catalogue, "not learning_rate > 1e-4") == where(lambda t: t.params["learning_rate"] <= 1e-4)


def test_metrics_and_observations_are_compared(catalogue: Catalogue, played: Played) -> None:
    seen = Observation.objects.filter(study=played.study, step=LOOKS[0], value__lt=1.3)

    assert found(catalogue, "val_loss@4 < 1.3") == set(seen.values_list("trial__number", flat=True)) != set()
    assert found(catalogue, "val_loss.best < 0.6") == found(catalogue, "best < 0.6")
    assert (
        found(catalogue, "val_loss.last < 0.6") == found(catalogue, "val_loss < 0.6") == found(catalogue, "last < 0.6")
    )
    for which, read_value in (("first", "first_value"), ("min", "low_value"), ("max", "high_value")):
        rows = [row for trial in played.study.trials.all() for row in trial.summaries.filter(metric="train_loss")]
        middle = sorted(getattr(row, read_value) for row in rows if getattr(row, read_value) is not None)[
            len(rows) // 2
        ]
        expected = {row.trial.number for row in rows if (getattr(row, read_value) or 9e9) < middle}
        assert found(catalogue, f"train_loss.{which} < {middle!r}") == expected


def test_dates_may_be_relative(catalogue: Catalogue, played: Played) -> None:
    everybody = found(catalogue, "")

    assert found(catalogue, "created >= 2026-03-01") == everybody
    assert found(catalogue, "created < 2026-03-01T12:00:00+00:00") == set()
    assert found(catalogue, "created > -1h") == everybody
    assert parse("created > -2h", catalogue, now=NOW) == parse(
        f"created > {(NOW - timedelta(hours=2)).isoformat()}", catalogue, now=NOW
    )


def test_tags_notes_and_workers_are_found(catalogue: Catalogue, played: Played) -> None:
    trials = list(played.study.trials.filter(number__in=(1, 2)))
    tags.add(played.study, ["baseline"], trials=trials, person="robin", at=NOW)
    Trial.objects.filter(pk=trials[0].pk).update(note="Looks <b>odd</b>")

    assert found(catalogue, "tag = baseline") == {1, 2}
    assert found(catalogue, "tag != baseline and number < 4") == {0, 3}
    assert found(catalogue, "tag ~ base") == {1, 2}
    assert found(catalogue, "note ~ odd") == {1}
    assert found(catalogue, "note != none") == {1}
    assert found(catalogue, "worker = tester") == set(
        Trial.objects.filter(attempts__claimed_by="tester").values_list("number", flat=True)
    )


def test_verdicts_are_found_through_whoever_records_them(catalogue: Catalogue, played: Played) -> None:
    events = PruningEvent.objects.of_study(played.study)

    def told(**fields: object) -> set[int | None]:
        return set(events.filter(**fields).values_list("trial_number", flat=True))

    assert found(catalogue, "verdict = stop") == told(verdict="STOP") != set()
    assert found(catalogue, "rule = asha") == told(rule="asha", verdict__in=["STOP", "PROTECT", "WARN"]) != set()
    assert found(catalogue, "halted_by = asha") == told(rule="asha", verdict="STOP") != set()
    assert found(catalogue, "halted_by != none") == told(verdict="STOP")
    assert found(catalogue, "spared = yes") == told(verdict="PROTECT", reason="control")
    assert found(catalogue, "verdict in (stop, protect)") == told(verdict__in=["STOP", "PROTECT"])
    assert found(catalogue, "rule ~ as") == found(catalogue, "rule = asha")


def test_several_words_are_one_look_into_the_database(catalogue: Catalogue) -> None:
    for several in ("verdict in (stop, protect, warn)", "rule ~ a", "verdict != none", "tag in (one, two)"):
        asked = prepared(catalogue.study.trials.all()).filter(parse(several, catalogue, now=NOW))

        assert str(asked.query).count("SELECT") == 2, several
    assert found(catalogue, "control = yes") >= found(catalogue, "spared = yes")
    assert found(catalogue, "spared = no") == found(catalogue, "") - found(catalogue, "spared = yes")


def test_a_query_is_never_evaluated(catalogue: Catalogue, played: Played) -> None:
    assert found(catalogue, '''note = "'; DROP TABLE trial; --"''') == set()
    assert found(catalogue, '"__import__" = 1 or number = 0' if "__import__" in catalogue.plan.space else "0") == {0}
    assert played.study.trials.exists()


@pytest.mark.parametrize("name", ["odd name", "a,b", "and", 'say "hi"', "back\\slash", "<b>x</b>", "ünï 🙂", "x=1"])
def test_an_odd_name_in_quotes_reads_as_it_was(name: str) -> None:
    tree = read(f"{quoted(name)} = 1")

    assert getattr(tree, "field").text == name  # noqa: B009 - the tree is a clause


def test_the_most_intricate_query_that_is_allowed_is_answered(catalogue: Catalogue) -> None:
    text = " or ".join(f"learning_rate>{n + 1}" for n in range(MOST_CLAUSES))

    assert found(catalogue, text) == set()
    assert found(catalogue, "(" * 20 + "number=1" + ")" * 20) == {1}


@pytest.mark.parametrize(
    ("text", "everybody"),
    [
        ("step < 1e300 or step = none", True),
        ("number = 1e300", False),
        ("number = 1.5", False),
        ("number != 1.5", True),
        ("number > -0.5", True),
        ("attempts = 1e19", False),
        ("steps < -1e25", False),
        ("continues = none", True),
        ("created > 0001-01-01", True),
        ("ended < 9999-12-31T23:59 or ended = none", True),
        ('state = ""', False),
        ("pinned in (yes, no)", True),
        ("tag = none", True),
        ("best = none or best != none", True),
    ],
)
def test_numbers_and_dates_beyond_any_column_are_answered(catalogue: Catalogue, text: str, everybody: bool) -> None:
    assert found(catalogue, text) == (found(catalogue, "") if everybody else set())
