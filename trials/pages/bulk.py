"""What a person does to many trials at once: a page that says what would happen to how many, then the deed.

What is confirmed is what is done: the form names the trials. Each intervention is one call and one entry of the
record, as a single one is; a trial that ended meanwhile is passed over and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from trials import continuing, endings, tags
from trials.models import Study, Trial
from trials.pages import words
from trials.pages.access import Access, editable_study
from trials.pages.frame import Frame
from trials.pages.parts import Crumb
from trials.pages.selection import read_numbers
from trials.sanitise import clean_text
from trials.studies import CannotContinue
from trials.tags import TagRefused

MOST = 500
MOST_SHOWN = 60
MOST_NOTE = 2_000


@dataclass(frozen=True)
class Deed:
    """One thing to do: its words, which trials it fits, and the call that does it to one of them."""

    verb: str
    past: str
    about: str
    fits: Callable[[Trial], bool]
    do: Callable[[Trial, str, str], bool]
    danger: bool = False

    def button(self, n: int) -> str:
        """Return the button's words, with the count."""
        return f"{self.verb} {words.counted(n, 'trial')}"


def _stop(trial: Trial, person: str, note: str) -> bool:
    return endings.stop_by_person(trial, person=person, note=note, at=timezone.now())


def _pin(trial: Trial, person: str, note: str) -> bool:
    return endings.pin(trial, pinned=True, person=person, note=note, at=timezone.now())


def _unpin(trial: Trial, person: str, note: str) -> bool:
    return endings.pin(trial, pinned=False, person=person, note=note, at=timezone.now())


def _retry(trial: Trial, person: str, note: str) -> bool:
    try:
        continuing.continue_trial(trial, person=person, note=note, at=timezone.now())
    except CannotContinue:
        return False
    return True


def _may_be_stopped(trial: Trial) -> bool:
    return not trial.has_ended and not trial.halt_code


def _may_be_retried(trial: Trial) -> bool:
    return trial.has_ended and trial.state != Trial.State.COMPLETE and not hasattr(trial, "is_continued")


DEEDS: Mapping[str, Deed] = {
    "stop": Deed(
        "Stop",
        "stopped",
        "They end as stopped by a person, not by a rule; those that run, at their next report.",
        _may_be_stopped,
        _stop,
        danger=True,
    ),
    "retry": Deed(
        "Retry",
        "tried again",
        "Each gets a new trial that continues it from its checkpoint, or begins at step 0 where none is kept.",
        _may_be_retried,
        _retry,
    ),
    "pin": Deed(
        "Pin", "pinned", "No rule stops a pinned trial.", lambda one: not one.has_ended and not one.pinned, _pin
    ),
    "unpin": Deed(
        "Unpin", "no longer pinned", "Rules may stop them again.", lambda one: not one.has_ended and one.pinned, _unpin
    ),
}
TAG = "tag"


@require_http_methods(["GET", "POST"])
def bulk(request: HttpRequest, study_id: int) -> HttpResponse:
    """Ask what would be done to the selected trials (GET), then do it to those the form names (POST)."""
    study = editable_study(request, study_id)
    name = request.POST.get("action", "") if request.method == "POST" else request.GET.get("action", "")
    if name not in DEEDS and name != TAG:
        raise Http404
    if request.method == "POST":
        return _do(request, study, name)
    frame = Frame(request, Access(study, may_edit=True))
    chosen = _trials(study, frame.selection.numbers)
    deed = DEEDS.get(name)
    fitting = [trial for trial in chosen if deed is None or deed.fits(trial)][:MOST]
    context = {
        **frame.context("trials", Crumb("Several trials")),
        "live": None,
        "action": name,
        "title": deed.verb if deed else "Tag",
        "about": deed.about if deed else "Tags are words to find trials by; no rule reads them.",
        "danger": bool(deed and deed.danger),
        "button": deed.button(len(fitting)) if deed else f"Tag {words.counted(len(fitting), 'trial')}",
        "numbers": ",".join(str(trial.number) for trial in fitting),
        "shown": fitting[:MOST_SHOWN],
        "n_more": max(0, len(fitting) - MOST_SHOWN),
        "passed_over": _passed_over(len(frame.selection), len(chosen), len(fitting)),
        "tags_in_use": tags.in_use(study),
        "next": _back(request, study),
    }
    return render(request, "trials/bulk.html", context)


def _do(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    numbers = read_numbers(request.POST.get("numbers", "").split(","))[:MOST]
    person, note = request.user.get_username(), clean_text(request.POST.get("note", "").strip()[:MOST_NOTE])
    chosen = _trials(study, numbers)
    if name == TAG:
        _tag(request, study, chosen, person)
        return redirect(_back(request, study))
    deed = DEEDS[name]
    done = sum(deed.do(trial, person, note) for trial in chosen)
    said = f"{words.counted(done, 'trial')} {'is' if done == 1 else 'are'} {deed.past}."
    if done < len(chosen):
        said += f" {words.counted(len(chosen) - done, 'trial')} did not fit any more and stayed as it was."
    messages.add_message(request, messages.SUCCESS if done else messages.INFO, said)
    return redirect(_back(request, study))


def _tag(request: HttpRequest, study: Study, chosen: Sequence[Trial], person: str) -> None:
    try:
        names = tags.read(request.POST.get("tags", ""))
        if request.POST.get("way") == "remove":
            tags.remove(study, names, trials=chosen, at=timezone.now())
        elif names:
            tags.add(study, names, trials=chosen, person=person, at=timezone.now())
    except TagRefused as refused:
        messages.error(request, str(refused))
        return
    if not names:
        messages.info(request, "No tag was named; nothing was changed.")
        return
    way = "no longer carries" if request.POST.get("way") == "remove" else "carries"
    plural = way.replace("carries", "carry")
    messages.success(
        request, f"{words.counted(len(chosen), 'trial')} {way if len(chosen) == 1 else plural} {', '.join(names)}."
    )


def _trials(study: Study, numbers: Sequence[int]) -> list[Trial]:
    """Return the study's trials of these numbers in order; those that another continues are marked."""
    found = list(study.trials.filter(number__in=numbers[:MOST]).select_related("study").order_by("number"))
    continued = set(study.trials.filter(continues__in=found).values_list("continues", flat=True))
    for trial in found:
        if trial.pk in continued:
            trial.is_continued = True  # type: ignore[attr-defined]  # read by `_may_be_retried`
    return found


def _passed_over(n_selected: int, n_chosen: int, n_fitting: int) -> str:
    if n_selected > MOST:
        return f"At most {MOST} at once: these are among the first {MOST} of {n_selected:,} selected trials."
    left = n_chosen - n_fitting
    if left == 1:
        return "1 selected trial does not fit and stays as it is."
    return f"{left:,} selected trials do not fit and stay as they are." if left else ""


def _back(request: HttpRequest, study: Study) -> str:
    asked = request.POST.get("next", "") or request.GET.get("next", "")
    if asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None):
        return asked
    return reverse("trials:trials_table", args=[study.pk])
