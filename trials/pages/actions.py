"""What a person may do to a study or a trial: one POST each, one call, then back to the page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from trials import closing, continuing, endings, studies, tags
from trials.models import Study
from trials.pages.access import editable_study, trial_of
from trials.sanitise import clean_text
from trials.studies import StudyRefused

MOST_NOTE = 2_000


@require_POST
def stop_study(request: HttpRequest, study_id: int) -> HttpResponse:
    """End a study."""
    study = editable_study(request, study_id)
    if study.state == Study.State.ENDED or study.ending_code:
        messages.info(request, "The study has already been asked to end.")
        return redirect(study)
    closing.stop_study(study, person=_person(request), note=_note(request), at=timezone.now())
    messages.success(request, "The study ends: what waits is closed, what runs ends at its next report.")
    return redirect(study)


@require_POST
def archive_study(request: HttpRequest, study_id: int) -> HttpResponse:
    """Put a study out of the way, or back; it goes on as it did."""
    study = editable_study(request, study_id)
    archived = request.POST.get("archived", request.GET.get("archived", "1")) == "1"
    studies.archive(study, archived=archived, at=timezone.now())
    place = "archived: the filter “Archived” lists it" if archived else "back in the list of studies"
    messages.success(request, f"{study.name} is {place}.")
    return _back(request, study)


@require_POST
def tag_study(request: HttpRequest, study_id: int) -> HttpResponse:
    """Let a study carry exactly the tags that were typed."""
    study = editable_study(request, study_id)
    try:
        names = tags.read(request.POST.get("tags", ""))
        tags.replace(study, names, trial=None, person=_person(request), at=timezone.now())
    except tags.TagRefused as error:
        messages.error(request, str(error))
    return redirect(study)


@require_POST
def stop_trial(request: HttpRequest, study_id: int, number: int) -> HttpResponse:
    """Stop one trial."""
    trial = trial_of(editable_study(request, study_id), number)
    if endings.stop_by_person(trial, person=_person(request), note=_note(request), at=timezone.now()):
        messages.success(request, f"Trial {number} stops; if it runs, at its next report.")
    else:
        messages.info(request, f"Trial {number} has already ended or was asked to.")
    return redirect(trial)


@require_POST
def resume_trial(request: HttpRequest, study_id: int, number: int) -> HttpResponse:
    """Let a paused trial go on, whatever its rank."""
    trial = trial_of(editable_study(request, study_id), number)
    if endings.resume_by_person(trial, person=_person(request), note=_note(request), at=timezone.now()):
        messages.success(request, f"Trial {number} goes on as soon as a slot is free, before new trials.")
    else:
        messages.info(request, f"Trial {number} is not paused, or its study is ending.")
    return redirect(trial)


@require_POST
def pin_trial(request: HttpRequest, study_id: int, number: int) -> HttpResponse:
    """Protect a trial from every rule, or lift that."""
    trial = trial_of(editable_study(request, study_id), number)
    pinned = not trial.pinned
    if endings.pin(trial, pinned=pinned, person=_person(request), note=_note(request), at=timezone.now()):
        messages.success(request, f"Trial {number} is {'pinned: no rule stops it' if pinned else 'no longer pinned'}.")
    else:
        messages.info(request, f"Trial {number} has ended; pinning would change nothing.")
    return redirect(trial)


@require_POST
def note_trial(request: HttpRequest, study_id: int, number: int) -> HttpResponse:
    """Write a person's note on a trial; an empty one takes it away."""
    trial = trial_of(editable_study(request, study_id), number)
    endings.write_note(trial, note=_note(request), person=_person(request), at=timezone.now())
    return redirect(trial)


@require_POST
def continue_trial(request: HttpRequest, study_id: int, number: int) -> HttpResponse:
    """Go on with an ended trial as a new one: from its last checkpoint, or with `from_start` from step 0."""
    trial = trial_of(editable_study(request, study_id), number)
    from_start = request.POST.get("from_start") == "yes"
    try:
        made = continuing.continue_trial(
            trial, from_start=from_start, person=_person(request), note=_note(request), at=timezone.now()
        )
    except StudyRefused as refused:
        messages.error(request, f"Not continued: {refused}.")
        return redirect(trial)
    if made.inherited_step:
        said = f"Trial {made.number} goes on from trial {number}'s checkpoint at step {made.inherited_step:,}."
    else:
        why = "as asked" if from_start else f"for no checkpoint of trial {number} is kept"
        said = f"Trial {made.number} tries this configuration again from step 0, {why}."
    messages.success(request, said)
    return redirect(made)


@require_POST
def clone_trial(request: HttpRequest, study_id: int, number: int) -> HttpResponse:
    """Try a trial's configuration once more, as a trial of its own."""
    trial = trial_of(editable_study(request, study_id), number)
    note = _note(request) or f"A clone of trial {number}."
    try:
        made = studies.enqueue(trial.study, trial.params, note=note, at=timezone.now())
    except StudyRefused as refused:
        messages.error(request, f"Not cloned: {refused}.")
        return redirect(trial)
    messages.success(request, f"Trial {made.number} waits with the configuration of trial {number}.")
    return redirect(made)


@require_POST
def tag_trial(request: HttpRequest, study_id: int, number: int) -> HttpResponse:
    """Let a trial carry the tags named, in place of those it has."""
    trial = trial_of(editable_study(request, study_id), number)
    try:
        names = tags.read(request.POST.get("tags", ""))
        tags.replace(trial.study, names, trial=trial, person=_person(request), at=timezone.now())
    except tags.TagRefused as refused:
        messages.error(request, str(refused))
    return redirect(trial)


def _back(request: HttpRequest, study: Study) -> HttpResponse:
    """Return to the list if the button stood there, else to the study."""
    return redirect("trials:studies") if request.POST.get("back") == "list" else redirect(study)


def _person(request: HttpRequest) -> str:
    return request.user.get_username()


def _note(request: HttpRequest) -> str:
    return clean_text(request.POST.get("note", "").strip()[:MOST_NOTE])
