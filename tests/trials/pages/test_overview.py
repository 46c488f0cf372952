"""One study at a glance."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from pruning import judging
from tests import factories
from tests.factories import NOW, Played
from tests.trials.charts.unpacking import curves_of
from trials import series
from trials.facts import ControlArm, Cut, PooledArm, Ruling
from trials.models import Attempt, Evaluation, Job, Project, Study, Trial
from trials.pages import live, narrative
from trials.pages.overview import next_words, no_evidence
from trials.pages.parts import Paragraph
from trials.pages.rollups import Group


def text(paragraph: Paragraph) -> str:
    return "".join(run.text for run in paragraph)


def test_the_narrative_counts_what_the_database_holds(editor: Client, played: Played) -> None:
    study = played.study
    said = [text(paragraph) for paragraph in editor.get(study.get_absolute_url()).context["narrative"]]

    stopped = study.trials.exclude(ending_motive="").count()
    speed = study.trials.filter(ending_motive="speed").count()
    best, default = study.trials.get(number=study.best_number or 0), study.trials.get(number=0)
    assert said[0] == (
        f"12 of 30 configurations have been tried. The best, trial {best.number}, "
        f"reached val_loss {best.value:.4f} at step {best.best_step}; the defaults reached {default.value:.4f}."
    )
    assert said[1].startswith(f"{stopped} were stopped early: {speed} for speed, {stopped - speed} for risk.")
    assert said[2].startswith("Was that right? ")
    assert said[3] == "1 failed by an error."


def test_reasons_and_budgets_add_up(editor: Client, played: Played) -> None:
    context = editor.get(played.study.get_absolute_url()).context

    reasons = {reason.code: reason.count for reason in context["reasons"]}
    assert reasons == {
        "outpaced": played.study.trials.filter(ending_code="outpaced").count(),
        "diverged": 1,
    }
    assert context["reasons"][0].share == 1.0
    assert context["reasons"][0].help == "ranked below its rung's quota"
    assert context["budgets"][0].value == f"{played.study.steps_trained:,}"
    assert context["done"] == "12"


def test_a_running_trial_says_what_comes_next(editor: Client, played: Played) -> None:
    row = editor.get(played.study.get_absolute_url()).context["running"][0]

    assert (row.number, row.step, row.horizon) == (played.running.trial.number, "6", "16")
    assert row.next.startswith("Next look at step 8; the cut there was ")
    assert " of " in row.rank


RULING = Ruling(sequence=3, number=1, step=4, action="PROTECT", reason="control", sentence="Spared at step 4.")


@pytest.mark.parametrize(
    ("step", "extra", "said"),
    [
        (2, {}, "Next look at step 4; no cut there yet"),
        (4, {}, "Next look at step 8; the cut there was 0.6931"),
        (8, {}, "Past the last look, trains to the end"),
        (5, {"spared": True, "ruling": RULING}, "Spared at step 4, trains to the end"),
        (2, {"pinned": True}, "Pinned; next look at step 4"),
        (2, {"halting": "stopped_by_user"}, "Asked to stop; ends at its next report"),
        (2, {"looks": ()}, "No looks in this policy, trains to the end"),
    ],
)
def test_what_comes_next(step: int, extra: dict[str, object], said: str) -> None:
    given: dict[str, object] = {"looks": (4, 8), "ruling": None, "spared": False, **extra}
    looks, ruling = given.pop("looks"), given.pop("ruling")

    assert next_words(looks, step, {8: Cut(8, 0.6931, 9)}, ruling, **given) == said  # type: ignore[arg-type]


ARM = ControlArm(met=15, judged=15, wrong=0, low=0.0, high=0.218, beat_high=0.218)
POOLED = PooledArm(studies=4, wrong=3, judged=41, mean=0.09, low=0.021, high=0.204)


@pytest.mark.parametrize(
    ("arm", "pooled", "said"),
    [
        (ControlArm(), None, "Was that right? No evidence yet: no control trial met a cut."),
        (
            ControlArm(met=1, unknown=1),
            None,
            (
                "Was that right? 1 trial of the control arm would have been stopped and was trained on all the same. "
                "None can be judged yet, so nothing can be said."
            ),
        ),
        (
            ARM,
            None,
            (
                "Was that right? 15 trials of the control arm would have been stopped and were trained on all the "
                "same. None ended among the best 5, so at most 22 % of the stops were wrong (95 % interval)."
            ),
        ),
        (
            replace(ARM, met=10, judged=7, wrong=2, low=0.0366, high=0.7096, unknown=1, paused=2),
            POOLED,
            (
                "Was that right? 10 trials of the control arm would have been stopped and were trained on all the "
                "same; one has no known end and 2 may yet go on. 2 of 7 ended among the best 5, so between 3 % and "
                "71 % of the stops were wrong (95 % interval). Over 4 studies of this project 3 of 41 were wrong; "
                "studies like these average between 2 % and 21 %."
            ),
        ),
    ],
)
def test_no_claim_about_wrong_stops_stands_without_its_interval(
    arm: ControlArm, pooled: PooledArm | None, said: str
) -> None:
    assert text(narrative.was_that_right(arm, pooled)) == said.replace(" %", "\u202f%")


def test_the_upper_limit_on_lost_winners_is_said_with_the_gain_of_those_that_beat_the_best() -> None:
    none = narrative.control_notes(ARM, 87)
    one = narrative.control_notes(replace(ARM, beat=1, gain=0.0125, beat_high=0.32, unknown=2), 87)

    assert none == ["None beat the best of the others; of 87 stopped trials at most 19 would have."]
    assert one == [
        "2 with no known end; the interval holds either way.",
        "One beat the best of the others, by up to 0.0125; of 87 stopped trials at most 28 would have.",
    ]


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        (None, "No evidence yet: no control trial met a cut."),
        (ControlArm(met=3, unknown=3), "Unknown yet: none of 3 spared trials can be judged."),
        (ARM, ""),
    ],
)
def test_what_is_not_known_is_said_to_be_so(arm: ControlArm | None, said: str) -> None:
    assert no_evidence(arm) == said


def test_a_study_without_trials_says_what_it_waits_for(editor: Client, project: Project) -> None:
    study = factories.a_study(project)

    response = editor.get(study.get_absolute_url())

    assert [text(paragraph) for paragraph in response.context["narrative"]] == [
        "None of the 30 planned trials has started."
    ]
    assert response.context["waiting_for"] == "The first look is at step 4, once 4 trials have reached it. None has."
    assert "No evidence yet: no control trial met a cut." in response.content.decode()


@pytest.mark.parametrize(
    ("state", "state_words", "said"),
    [
        (
            "WAITING",
            "Preparing",
            "Its data and base are prepared once, as soon as a worker is there; then trials start.",
        ),
        ("RUNNING", "Preparing", "Preparing what all trials share: training the base model, 40\u202f% done."),
        ("DONE", "Waiting for a worker", "None of the 30 planned trials has started."),
    ],
)
def test_a_study_says_how_far_its_preparation_has_come(
    editor: Client, project: Project, state: str, state_words: str, said: str
) -> None:
    study = factories.a_study(project)
    Job.objects.create(
        kind="prepare",
        study=study,
        state=state,
        message="training the base model",
        done=600,
        total=1500,
        created_at=NOW,
    )

    context = editor.get(study.get_absolute_url()).context

    assert text(context["narrative"][0]) == said
    assert context["head"].state == state_words


def test_the_held_out_split_is_told_once_it_was_looked_at(editor: Client, played: Played) -> None:
    study = played.study
    for number, role, value in ((study.best_number or 0, "best", 27.2), (0, "default", 30.5)):
        Evaluation.objects.create(
            study=study,
            trial=study.trials.get(number=number),
            role=role,
            metrics={"test_loss": 3.3, "test_perplexity": value},
            created_at=NOW,
        )

    said = text(editor.get(study.get_absolute_url()).context["narrative"][1])
    facts = editor.get(f"{study.get_absolute_url()}trials/0/").context["facts"]

    assert said == (
        "On the held-out test split, which tuning never saw, the best reached test perplexity 27.2000, "
        "the defaults 30.5000."
    )
    assert (facts[-1].label, facts[-1].value) == ("Test perplexity", "30.5000")


def test_the_chart_holds_the_numbers_of_the_database(editor: Client, played: Played) -> None:
    found = json.loads(editor.get(reverse("trials:curves_json", args=[played.study.pk])).content)

    drawn = curves_of(found)
    for trial in played.study.trials.exclude(last_step=None):
        steps, values = series.read(trial, "val_loss")
        assert np.array_equal(drawn[trial.number][0], steps.astype("f4"))
        assert np.array_equal(drawn[trial.number][1], values.astype("f4"), equal_nan=True)
    ends = {end["trial"]: end for end in found["ends"]}
    for trial in played.study.trials.exclude(last_step=None):
        assert ends[trial.number]["sentence"] == trial.ending_sentence
    assert ends[played.diverged.number]["value"] is None
    assert found["best"] == played.study.best_number
    assert found["looks"] == [4, 8]
    assert [cut["step"] for cut in found["cuts"]] == [4, 8]


def test_too_many_curves_are_thinned_and_counted(played: Played) -> None:
    from trials.charts.curves import study_curves

    curves = study_curves(played.study, most=3)

    drawn = [number for group in curves.groups.values() for number in group.trials]
    assert len(drawn) == 3
    assert played.study.best_number in drawn
    assert curves.left_out == 12 - 3


def test_the_best_so_far_never_gets_worse(editor: Client, played: Played) -> None:
    found = json.loads(editor.get(reverse("trials:best_json", args=[played.study.pk])).content)

    values = [mark["y"] for mark in found["marks"]]
    assert values == sorted(values, reverse=True)
    assert found["marks"][-1]["trial"] == played.study.best_number
    assert values[-1] == played.study.best_value


def test_queries_do_not_grow_with_the_number_of_trials(editor: Client, played: Played) -> None:
    def counts() -> dict[str, int]:
        found = {}
        for name in ("overview", "trials_table", "curves_json", "best_json"):
            judging.forget()
            live.forget()
            with CaptureQueriesContext(connection) as queries:
                editor.get(reverse(f"trials:{name}", args=[played.study.pk]))
            found[name] = len(queries)
        return found

    counts()  # what a process remembers of a study it reads once
    before = counts()
    for place in range(3):
        factories.train(factories.an_attempt(played.study), 0.5 + place / 10)

    assert counts() == before
    assert before["overview"] <= 34
    assert before["trials_table"] <= 26
    assert before["curves_json"] <= 13


def test_the_time_left_is_said_with_what_it_rests_on(editor: Client, played: Played) -> None:
    def said() -> str:
        budgets = editor.get(played.study.get_absolute_url()).context["budgets"]
        return str(next(budget.help for budget in budgets if budget.label == "Slot hours"))

    Study.objects.filter(pk=played.study.pk).update(slot_seconds=0.0)
    Attempt.objects.filter(pk=played.running.pk).update(started_at=timezone.now() - timedelta(minutes=115))
    # 11 ended and one half done took 115 minutes; 19 and a half are to come.
    assert said().startswith("About 2 h 58 min left on 1 slot, done near ") or "3 h" in said()
    assert said().endswith(": 19 trials left at 10 min each, the mean of 11 ended.")

    Study.objects.filter(pk=played.study.pk).update(n_running=0)
    assert said() == "19 trials left; how long they take depends on when a slot is free."
    Study.objects.filter(pk=played.study.pk).update(n_complete=1, n_pruned=1, n_failed=0, n_running=1)
    assert said() == "An estimate of the time left needs three ended trials; 2 so far."
    Study.objects.filter(pk=played.study.pk).update(ending_code="stopped_by_user")
    assert said() == ""


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ([], ""),
        ([Group("COMPLETE", "finished", "", 4), Group("PRUNED", "outpaced", "speed", 2)], ""),
        ([Group("FAILED", "out_of_memory", "", 2)], "2 failed by memory running out."),
        (
            [
                Group("FAILED", "error", "", 1),
                Group("FAILED", "worker_lost", "", 2),
                Group("PAUSED", "outpaced", "speed", 1),
            ],
            "3 failed: 1 by an error, 2 by losing their worker; 1 is paused and may yet go on.",
        ),
        (
            [Group("PRUNED", "stopped_by_user", "", 1), Group("PRUNED", "study_closed", "", 3)],
            "1 was stopped by a person; 3 ended with the study.",
        ),
    ],
)
def test_what_became_of_the_others_is_said_too(groups: list[Group], said: str) -> None:
    assert text(narrative.others(groups)) == said


def test_what_stopping_saved_is_told_at_the_studys_own_pace(editor: Client, played: Played) -> None:
    Study.objects.filter(pk=played.study.pk).update(steps_trained=100, slot_seconds=1000.0, steps_saved=60)

    said = text(editor.get(played.study.get_absolute_url()).context["narrative"][1])

    assert said.endswith("of the planned steps untrained, about 10 min of a slot at this study’s pace.")


def test_a_study_of_another_direction_reads_the_same(editor: Client, project: Project) -> None:
    from trials.plan import Objective

    study = factories.a_study(project, objectives=(Objective(metric="val_loss", direction="maximize"),))
    for floor in (0.3, 0.6):
        factories.train(factories.an_attempt(study), floor)
    study.refresh_from_db()

    facts = editor.get(study.get_absolute_url()).context["head"].facts

    assert (facts[0].label, facts[0].value) == ("Maximise", "val_loss")
    best = Trial.objects.filter(study=study, state="COMPLETE").order_by("-value").first()
    assert best is not None
    assert Study.objects.get(pk=study.pk).best_number == best.number


@pytest.mark.parametrize(
    ("running", "waiting", "said"),
    [
        (0, 0, "No study is running."),
        (0, 1, "One study waits for a worker."),
        (0, 3, "3 studies wait for a worker."),
        (1, 0, "One study is running on 2 slots."),
        (2, 1, "2 studies are running on 2 slots. One waits for a worker."),
    ],
)
def test_the_list_of_studies_begins_with_what_runs(running: int, waiting: int, said: str) -> None:
    assert narrative.opening(running, waiting, 2) == said
