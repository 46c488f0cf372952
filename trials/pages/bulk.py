"""What a person does to many trials at once: a page that says what would happen to how many, then the deed.

What is confirmed is what is done: the form names the trials. The deeds themselves are `trials.many`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from trials import many, tags
from trials.many import TAG
from trials.models import Study, Trial
from trials.pages import words
from trials.pages.access import Access, editable_study
from trials.pages.frame import Frame
from trials.pages.parts import Crumb
from trials.pages.selection import read_numbers
from trials.sanitise import clean_text
from trials.tags import TagRefused

MOST_SHOWN = 60
MOST_NOTE = 2_000


@dataclass(frozen=True)
class Wording:
    """How a page speaks of one deed."""

    verb: str
    past: str
    about: str
    danger: bool = False

    def button(self, n: int) -> str:
        """Return the button's words, with the count."""
        return f"{self.verb} {words.counted(n, 'trial')}"


WORDINGS: Mapping[str, Wording] = {
    "stop": Wording(
        "Stop",
        "stopped",
        "They end as stopped by a person, not by a rule; those that run, at their next report.",
        danger=True,
    ),
    "retry": Wording(
        "Retry",
        "tried again",
        "Each gets a new trial that continues it from its checkpoint, or begins at step 0 where none is kept.",
    ),
    "pin": Wording("Pin", "pinned", "No rule stops a pinned trial."),
    "unpin": Wording("Unpin", "no longer pinned", "Rules may stop them again."),
    TAG: Wording("Tag", "tagged", "Tags are words to find trials by; no rule reads them."),
}


@require_http_methods(["GET", "POST"])
def bulk(request: HttpRequest, study_id: int) -> HttpResponse:
    """Ask what would be done to the selected trials (GET), then do it to those the form names (POST)."""
    study = editable_study(request, study_id)
    name = request.POST.get("action", "") if request.method == "POST" else request.GET.get("action", "")
    if name not in WORDINGS:
        raise Http404
    if request.method == "POST":
        return _do(request, study, name)
    frame = Frame(request, Access(study, may_edit=True))
    chosen = many.numbered(study, frame.selection.numbers)
    fitting, wording = many.fitting(name, chosen), WORDINGS[name]
    context = {
        **frame.context("trials", Crumb("Several trials")),
        "live": None,
        "action": name,
        "title": wording.verb,
        "about": wording.about,
        "danger": wording.danger,
        "button": wording.button(len(fitting)),
        "numbers": ",".join(str(trial.number) for trial in fitting),
        "shown": fitting[:MOST_SHOWN],
        "n_more": max(0, len(fitting) - MOST_SHOWN),
        "passed_over": _passed_over(len(frame.selection), len(chosen), len(fitting)),
        "tags_in_use": tags.in_use(study),
        "next": _back(request, study),
    }
    return render(request, "trials/bulk.html", context)


def _do(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    numbers = read_numbers(request.POST.get("numbers", "").split(","))
    person, note = request.user.get_username(), clean_text(request.POST.get("note", "").strip()[:MOST_NOTE])
    chosen = many.numbered(study, numbers)
    if name == TAG:
        _tag(request, study, chosen, person)
        return redirect(_back(request, study))
    came = many.perform(name, chosen, person=person, note=note, at=timezone.now())
    done, left = len(came.trials), len(came.passed_over)
    said = f"{words.counted(done, 'trial')} {'is' if done == 1 else 'are'} {WORDINGS[name].past}."
    if left:
        said += f" {words.counted(left, 'trial')} did not fit any more and stayed as it was."
    messages.add_message(request, messages.SUCCESS if done else messages.INFO, said)
    return redirect(_back(request, study))


def _tag(request: HttpRequest, study: Study, chosen: Sequence[Trial], person: str) -> None:
    try:
        names = tags.read(request.POST.get("tags", ""))
        if request.POST.get("way") == "remove":
            many.untag(study, names, chosen, at=timezone.now())
        else:
            many.tag(study, names, chosen, person=person, at=timezone.now())
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


def _passed_over(n_selected: int, n_chosen: int, n_fitting: int) -> str:
    if n_selected > many.MOST:
        return f"At most {many.MOST} at once: these are among the first {many.MOST} of {n_selected:,} selected trials."
    left = n_chosen - n_fitting
    if left == 1:
        return "1 selected trial does not fit and stays as it is."
    return f"{left:,} selected trials do not fit and stay as they are." if left else ""


def _back(request: HttpRequest, study: Study) -> str:
    asked = request.POST.get("next", "") or request.GET.get("next", "")
    if asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None):
        return asked
    return reverse("trials:trials_table", args=[study.pk])
