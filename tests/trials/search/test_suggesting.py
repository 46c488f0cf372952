"""Suggestions are reproducible, stay in the space and never exceed the budget."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from tests.trials.builders import NOW, a_study
from trials.models import Study, Trial
from trials.plan import Budget, Enqueued, Objective, SamplerSpec
from trials.search import suggest, top_up
from trials.search.history import past_trials
from trials.space import Categorical, Float, Int, Space

SPACE = Space(
    (
        Float(name="lr", low=1e-5, high=1e-1, log=True),
        Float(name="momentum", low=0.1, high=0.9, step=0.2, when={"optimizer": ("sgd",)}),
        Categorical(name="optimizer", choices=("sgd", "adamw")),
        Int(name="layers", low=1, high=8),
    )
)
TPE = SamplerSpec(name="tpe", settings={"n_startup_trials": 3})


def end(trial: Trial, value: float | None = None, *, state: str = "COMPLETE", motive: str = "") -> None:
    Trial.objects.filter(pk=trial.pk).update(
        state=state,
        value=value,
        last_value=value,
        last_value_state="" if value is not None else "nan",
        last_step=4,
        ending_code="finished",
        ending_motive=motive,
        ended_at=NOW,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("sampler", [SamplerSpec(), TPE], ids=["random", "tpe"])
def test_suggestions_lie_in_the_space_with_their_conditions(sampler: SamplerSpec) -> None:
    study = a_study(space=SPACE, budget=Budget(trials=100), sampler=sampler)

    for number in range(12):
        assert top_up(study, free_slots=1, at=NOW) == 1
        end(study.trials.get(number=number), number / 10)
        Study.objects.filter(pk=study.pk).update(n_waiting=0)

    configurations = [trial.params for trial in study.trials.order_by("number")]
    assert [SPACE.problems(params) for params in configurations] == [[]] * 12
    assert {len(params) for params in configurations} == {3, 4}


@pytest.mark.django_db
def test_random_suggestions_depend_on_seed_and_number_alone() -> None:
    early = a_study(name="early", space=SPACE, seed=3, budget=Budget(trials=9))
    late = a_study(name="late", space=SPACE, seed=3, budget=Budget(trials=9))
    first = [suggest(early, number=number) for number in range(6)]

    top_up(late, free_slots=4, at=NOW)
    end(late.trials.get(number=2), 0.1)
    end(late.trials.get(number=0), float("1e9"))

    assert [suggest(late, number=number) for number in reversed(range(6))] == first[::-1]
    assert suggest(a_study(name="other", space=SPACE, seed=4), number=0) != first[0]


@pytest.mark.django_db
def test_tpe_suggests_the_same_from_the_same_history() -> None:
    suggestions = []
    for name in ("one", "two"):
        study = a_study(name=name, space=SPACE, budget=Budget(trials=50), sampler=TPE)
        top_up(study, free_slots=8, at=NOW)
        for trial in study.trials.order_by("number"):
            end(trial, trial.params["lr"])
        suggestions.append([suggest(study, number=number) for number in (8, 9)])

    assert suggestions[0] == suggestions[1]


@pytest.mark.django_db
def test_tpe_goes_where_trials_were_good() -> None:
    study = a_study(space=Space((Float(name="x", low=0.0, high=1.0),)), budget=Budget(trials=99), sampler=TPE, seed=5)
    top_up(study, free_slots=40, at=NOW)
    for trial in study.trials.all():
        end(trial, abs(trial.params["x"] - 0.8))

    found = [float(str(suggest(study, number=number)["x"])) for number in range(40, 60)]

    assert sum(0.6 < x <= 1.0 for x in found) >= 15


@pytest.mark.django_db
def test_the_sampler_is_told_what_became_of_every_trial() -> None:
    study = a_study(space=SPACE, budget=Budget(trials=9), sampler=TPE)
    top_up(study, free_slots=7, at=NOW)
    trials = list(study.trials.order_by("number"))
    end(trials[0], 0.5)
    end(trials[1], 0.7, state="PRUNED", motive="speed")
    end(trials[2], None, state="PRUNED", motive="risk")
    end(trials[3], 0.9, state="PRUNED")
    end(trials[4], None, state="FAILED")
    Trial.objects.filter(pk=trials[5].pk).update(state="PAUSED")

    past = past_trials(study, study.plan())

    assert [trial.state.name for trial in past] == [
        "COMPLETE",
        "PRUNED",
        "PRUNED",
        "FAIL",
        "FAIL",
        "RUNNING",
        "RUNNING",
    ]
    assert past[0].value == 0.5
    assert past[1].intermediate_values == {4: 0.7}
    assert str(past[2].intermediate_values[4]) == "nan"
    assert past[0].params == trials[0].params


@pytest.mark.django_db
def test_a_suggestion_asks_the_database_as_often_after_many_trials_as_after_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    study = a_study(space=SPACE, budget=Budget(trials=30), sampler=TPE)
    top_up(study, free_slots=20, at=NOW)
    for trial in study.trials.all():
        end(trial, trial.params["lr"])

    with django_assert_num_queries(2):  # the plan, the trials
        suggest(study)


@pytest.mark.django_db
def test_values_that_an_amended_space_no_longer_holds_are_left_out() -> None:
    study = a_study(space=SPACE, budget=Budget(trials=9), sampler=TPE)
    top_up(study, free_slots=1, at=NOW)
    Trial.objects.update(params={"lr": 1e-3, "optimizer": "lion", "gone": 3, "layers": 2})

    (past,) = past_trials(study, study.plan())

    assert past.params == {"lr": 1e-3, "layers": 2}


@pytest.mark.django_db
def test_several_objectives_are_searched_together() -> None:
    objectives = (Objective(metric="loss", direction="minimize"), Objective(metric="size", direction="minimize"))
    study = a_study(space=SPACE, budget=Budget(trials=9), sampler=TPE, objectives=objectives)
    top_up(study, free_slots=4, at=NOW)
    first, second = study.trials.order_by("number")[:2]
    end(first, 0.5)
    end(second, 0.6)
    first.summaries.create(study=study, metric="size", first_step=1, last_step=4, last_value=7.0, last_value_state="")

    past = past_trials(study, study.plan())

    assert past[0].values == [0.5, 7.0]
    assert past[1].state.name == "FAIL"
    assert SPACE.contains(suggest(study))


@pytest.mark.django_db
def test_one_suggestion_waits_for_every_free_slot() -> None:
    study = a_study(space=SPACE, budget=Budget(trials=9))

    assert [top_up(study, free_slots=slots, at=NOW) for slots in (2, 2, 3, 0)] == [2, 0, 1, 0]
    assert study.trials.count() == 3


@pytest.mark.django_db
def test_the_budget_counts_what_the_plan_itself_asks_for() -> None:
    params = {"lr": 1e-3, "optimizer": "adamw", "layers": 2}
    study = a_study(space=SPACE, budget=Budget(trials=4), defaults=params, enqueue=(Enqueued(params=params),))

    assert top_up(study, free_slots=50, at=NOW) == 2

    rows = study.trials.order_by("number").values_list("origin", "suggestion")
    assert list(rows) == [("defaults", None), ("enqueued", None), ("sampler", 0), ("sampler", 1)]


@pytest.mark.django_db
def test_an_ended_study_gets_no_suggestions() -> None:
    study = a_study(space=SPACE)
    Study.objects.filter(pk=study.pk).update(state="ENDED", ended_at=NOW, ending_code="finished")

    assert top_up(study, free_slots=2, at=NOW) == 0


@pytest.mark.django_db(transaction=True)
def test_four_processes_that_top_up_at_once_stay_within_the_budget() -> None:
    study = a_study(space=SPACE, budget=Budget(trials=10))
    start = threading.Barrier(4)

    def fill(_: int) -> int:
        try:
            start.wait(timeout=10)
            return top_up(Study.objects.get(pk=study.pk), free_slots=100, at=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(fill, range(4)))

    numbers = list(study.trials.order_by("number").values_list("number", "suggestion"))
    assert sum(added) == 10
    assert numbers == [(number, number) for number in range(10)]
