"""Going on with an ended trial."""

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.trials.builders import NOW, STOP_AT_4, ScriptedReviewer, a_study, an_attempt, tell
from trials import closing, continuing, endings, recounting, series, studies
from trials.models import Artifact, Attempt, Observation, Study, Trial, Worker
from trials.plan import Budget
from trials.running import checkpoints
from trials.running.claims import claim
from trials.search.history import past_trials
from trials.studies import CannotContinue

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(settings: Settings, tmp_path: Path) -> Worker:
    """A worker of this host, whose data directory is empty."""
    settings.DATA_DIR = tmp_path
    return Worker.objects.create(name="w", host=checkpoints.host(), pid=1, started_at=NOW)


def save(attempt: Attempt, step: int) -> Path:
    """Leave a checkpoint, as a child does."""
    path = checkpoints.folder(attempt.trial) / f"last-{step}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(step))
    checkpoints.record(attempt, kind=Artifact.Kind.LAST, step=step, path=path, size=1, at=NOW)
    return path


def stopped(study: Study, *, checkpoint: int | None = None) -> Trial:
    """Train a trial to step 4, where a rule stops it."""
    attempt = an_attempt(study)
    ScriptedReviewer.script[attempt.trial.number, 4] = STOP_AT_4
    for batch, (step, loss) in enumerate(((1, 0.9), (3, 0.7)), start=1):
        tell(attempt, batch, step, loss)
    if checkpoint is not None:
        save(attempt, checkpoint)
    tell(attempt, 3, 4, 0.6)
    return Trial.objects.select_related("study").get(pk=attempt.trial_id)


def test_a_continuation_begins_at_the_checkpoint_with_the_points_up_to_it(
    reviewer: type[ScriptedReviewer], worker: Worker
) -> None:
    study = a_study()
    first = stopped(study, checkpoint=3)

    made = continuing.continue_trial(first, person="robin", note="it was early", at=NOW)
    attempt = claim(worker, at=NOW, study=study)

    assert (made.number, made.state, made.origin, made.params) == (1, "WAITING", "continued", first.params)
    assert (made.continues_id, made.inherited_step, made.last_step, made.best_value) == (first.pk, 3, 3, 0.7)
    assert attempt is not None
    assert (attempt.trial_id, attempt.resumed_from) == (made.pk, 3)
    assert series.read(made, "loss")[0].tolist() == [1, 3]
    assert made.summaries.get(metric="loss").low_value == 0.7
    assert "continue by robin" in [said for said, _ in reviewer.heard]
    first.refresh_from_db()
    assert first.ending_code == "outpaced"


def test_what_it_tells_follows_what_it_inherited(reviewer: type[ScriptedReviewer], worker: Worker) -> None:
    study = a_study()
    first = stopped(study, checkpoint=3)
    made = continuing.continue_trial(first, person="robin", at=NOW)
    attempt = claim(worker, at=NOW, study=study)
    assert attempt is not None

    tell(attempt, 1, 4, 0.5)
    tell(attempt, 2, 8, 0.4)

    steps, values = series.read(made, "loss")
    assert (steps.tolist(), values.tolist()) == ([1, 3, 4, 8], [0.9, 0.7, 0.5, 0.4])
    live = series.of_attempt(attempt, batch=2)["loss", "{}"]
    assert live[0].tolist() == [1, 3, 4, 8]


def test_a_decision_point_passed_is_not_entered_again(reviewer: type[ScriptedReviewer], worker: Worker) -> None:
    study = a_study()
    first = stopped(study, checkpoint=3)
    made = continuing.continue_trial(first, person="robin", at=NOW)
    attempt = claim(worker, at=NOW, study=study)
    assert attempt is not None

    tell(attempt, 1, 4, 0.5)
    tell(attempt, 2, 8, 0.4)

    seen = Observation.objects.filter(study=study).order_by("sequence").values_list("trial__number", "step")
    assert list(seen) == [(0, 4), (made.number, 8)]


def test_its_attempt_resumes_from_the_checkpoint_of_the_trial_it_continues(
    reviewer: type[ScriptedReviewer], worker: Worker
) -> None:
    study = a_study()
    first = stopped(study, checkpoint=3)
    made = continuing.continue_trial(first, person="robin", at=NOW)

    found = checkpoints.to_resume(made)

    assert found is not None
    assert found.trial_id == first.pk
    assert checkpoints.path_of(found).read_text() == "3"


def test_its_own_checkpoint_leaves_the_inherited_one_where_it_is(
    reviewer: type[ScriptedReviewer], worker: Worker
) -> None:
    study = a_study()
    first = stopped(study, checkpoint=3)
    made = continuing.continue_trial(first, person="robin", at=NOW)
    attempt = claim(worker, at=NOW, study=study)
    assert attempt is not None

    own = save(attempt, 6)

    found = checkpoints.to_resume(made)
    assert found is not None
    assert checkpoints.path_of(found) == own
    assert checkpoints.path_of(Artifact.objects.get(trial=first)).exists()


@pytest.mark.parametrize("from_start", [False, True])
def test_without_a_checkpoint_or_when_asked_it_begins_at_step_0(
    reviewer: type[ScriptedReviewer], worker: Worker, from_start: bool
) -> None:
    study = a_study()
    first = stopped(study, checkpoint=3 if from_start else None)

    made = continuing.continue_trial(first, from_start=from_start, person="robin", at=NOW)
    attempt = claim(worker, at=NOW, study=study)

    assert attempt is not None
    assert (made.inherited_step, made.last_step, attempt.resumed_from) == (0, None, 0)
    assert len(series.read(made, "loss")[0]) == 0
    assert "retry by robin" in [said for said, _ in reviewer.heard]


def test_where_the_checkpoint_cannot_be_opened_what_was_inherited_is_superseded(
    reviewer: type[ScriptedReviewer], worker: Worker
) -> None:
    study = a_study()
    first = stopped(study, checkpoint=3)
    made = continuing.continue_trial(first, person="robin", at=NOW)
    Artifact.objects.update(host="elsewhere")
    attempt = claim(worker, at=NOW, study=study)
    assert attempt is not None

    tell(attempt, 1, 2, 0.8)

    assert attempt.resumed_from == 0
    assert series.read(made, "loss")[0].tolist() == [2]


def test_a_chain_of_continuations_is_one_configuration(reviewer: type[ScriptedReviewer], worker: Worker) -> None:
    study = a_study(budget=Budget(trials=2))
    first = stopped(study, checkpoint=3)
    second = continuing.continue_trial(first, person="robin", at=NOW)
    attempt = claim(worker, at=NOW, study=study)
    assert attempt is not None
    endings.fail(attempt, code="error", sentence="It raised.", at=NOW)

    third = continuing.continue_trial(second, person="robin", at=NOW)

    assert third.inherited_step == 3
    assert continuing.configuration_of(third) == [third.pk, second.pk, first.pk]
    study.refresh_from_db()
    assert studies.room(study, study.plan()) == 1
    assert [trial.state.name for trial in past_trials(study, study.plan())] == ["RUNNING"]


def test_what_its_stop_had_saved_is_not_saved_any_more(reviewer: type[ScriptedReviewer]) -> None:
    study = a_study()
    first = stopped(study)
    study.refresh_from_db()
    before = study.steps_saved

    continuing.continue_trial(first, person="robin", at=NOW)

    study.refresh_from_db()
    assert (before, study.steps_saved) == (6, 0)
    assert recounting.differences(study.pk) == []


def test_a_study_does_not_end_while_a_continued_trial_leaves_room_for_another(
    reviewer: type[ScriptedReviewer],
) -> None:
    study = a_study(budget=Budget(trials=2))
    first = stopped(study)
    made = continuing.continue_trial(first, person="robin", at=NOW)
    endings.stop_by_person(made, person="robin", note="", at=NOW)

    assert closing.settle(study, at=NOW) is False


def test_what_has_not_ended_is_complete_or_was_continued_is_refused(reviewer: type[ScriptedReviewer]) -> None:
    study = a_study(budget=Budget(trials=5))
    running = an_attempt(study)
    with pytest.raises(CannotContinue, match="trial 0: it has not ended yet"):
        continuing.continue_trial(running.trial, person="robin", at=NOW)

    tell(running, 1, 10, 0.5)
    endings.complete(running, at=NOW)
    with pytest.raises(CannotContinue, match="trial 0: it is complete; clone its configuration"):
        continuing.continue_trial(running.trial, person="robin", at=NOW)

    first = stopped(study)
    continuing.continue_trial(first, person="robin", at=NOW)
    with pytest.raises(CannotContinue, match="trial 1: trial 2 continues it already"):
        continuing.continue_trial(first, person="robin", at=NOW)

    assert study.trials.count() == 3


def test_nothing_is_continued_in_a_study_that_has_ended(reviewer: type[ScriptedReviewer]) -> None:
    study = a_study()
    first = stopped(study)
    closing.stop_study(study, person="robin", note="", at=NOW)

    with pytest.raises(CannotContinue, match="its study has ended; launch another one"):
        continuing.continue_trial(first, person="robin", at=NOW)
