"""What a person may do to a trial: stop, pin, let go on, go on with it once it has ended, clone, compare."""

from __future__ import annotations

from django.urls import reverse

from trials import continuing
from trials.models import Study, Trial
from trials.pages.frame import Frame
from trials.pages.parts import Action
from trials.pages.selection import address


def actions_of(frame: Frame, trial: Trial) -> list[Action]:
    """Return the buttons of a trial's page; a viewer may only add it to a comparison."""
    study, selection = frame.study, frame.selection
    compared = selection if trial.number in selection else selection.with_also(trial.number)
    actions: list[Action] = []
    if frame.may_edit and not trial.has_ended and not trial.halt_code:
        pin_label = "Unpin" if trial.pinned else "Pin"
        actions = [
            Action(
                "Stop trial",
                reverse("trials:stop_trial", args=[study.pk, trial.number]),
                post=True,
                danger=True,
                confirm="Stop this trial? It ends as stopped by a person, not by a rule.",
            ),
            Action(pin_label, reverse("trials:pin_trial", args=[study.pk, trial.number]), post=True),
        ]
        if trial.state == Trial.State.PAUSED and not study.ending_code:
            url = reverse("trials:resume_trial", args=[study.pk, trial.number])
            actions.insert(0, Action("Let it go on", url, post=True, confirm="Let it go on, whatever its rank?"))
    compare_url = address(reverse("trials:trials_table", args=[study.pk]), sel=str(compared))
    if frame.may_edit and not is_over(study):
        actions += _again(trial)
    return [*actions, Action("Add to compare", compare_url)]


def is_over(study: Study) -> bool:
    """Say whether the study has ended or is ending: then none of its configurations is tried again in it."""
    return study.state == Study.State.ENDED or bool(study.ending_code)


def _again(trial: Trial) -> list[Action]:
    """Return how an ended trial may be gone on with, and how its configuration is tried once more."""
    study_id, number = trial.study_id, trial.number
    url = reverse("trials:continue_trial", args=[study_id, number])
    actions = []
    if trial.has_ended and not continuing.obstacle(trial):
        step = continuing.step_to_continue_from(trial)
        if step:
            about = f"A new trial goes on from this one's checkpoint at step {step:,}."
            actions.append(Action(f"Continue from step {step:,}", url, post=True, confirm=about))
        about = "A new trial tries this configuration again from step 0" + ("." if step else ": no checkpoint is kept.")
        actions.append(Action("Retry from step 0", url, post=True, confirm=about, fields=[("from_start", "yes")]))
    about = "A new trial tries the same configuration, as one of its own?"
    clone_url = reverse("trials:clone_trial", args=[study_id, number])
    return [*actions, Action("Clone as a new trial", clone_url, post=True, confirm=about)]
