"""One trial: how it ended, its curves, configuration, verdicts, attempts, resources, log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from trials import tags
from trials.facts import Ruling, provider
from trials.models import Attempt, Trial
from trials.pages import live, logs, trial_actions, trial_facts, trial_history, trial_params, trial_words, words
from trials.pages.access import readable, trial_of
from trials.pages.frame import Frame, planning_url
from trials.pages.parts import (
    Badge,
    Chip,
    Crumb,
    Live,
    TrialHead,
)
from trials.pages.selection import address


@require_GET
def trial(request: HttpRequest, study_id: int, number: int) -> HttpResponse:
    """Show one trial."""
    access = readable(request, study_id)
    found = trial_of(access.study, number)
    version = f"{access.study.version}-{found.last_step or 0}-{_written(request, found)}"
    if unchanged := live.unchanged(request, version):
        return unchanged
    if _wrote_only(request, version):
        return live.page(request, "trials/log", _log(request, found, _attempts(found)), version=version)
    frame = Frame(request, access)
    context = {**frame.context("trials", Crumb(f"Trial {number}")), **_context(frame, found)}
    if found.has_ended:
        context["live"] = None
    elif context["live"] is not None:
        context["live"] = Live(address(request.path, request.GET), version, live.EVERY_S)
    return live.page(request, "trials/trial", context, version=version, ended=found.has_ended)


def _context(frame: Frame, found: Trial) -> dict[str, Any]:
    attempts = _attempts(found)
    rulings = provider().rulings(found)
    return {
        "trial": _head(frame, found, attempts, rulings),
        "facts": [*trial_facts.facts(frame.study, found), *trial_facts.held_out(found)],
        "metric": frame.study.metric,
        "curves_url": reverse("trials:trial_series", args=[frame.study.pk, found.number]),
        "params": trial_params.places(frame, found),
        "params_note": trial_params.note(frame.study),
        "configuration": yaml.safe_dump(dict(found.params), sort_keys=False, allow_unicode=True),
        "configuration_python": trial_params.as_python(found),
        "tags": tags.of_trials([found.pk]).get(found.pk, []),
        "tag_url": reverse("trials:tag_trial", args=[frame.study.pk, found.number]) if frame.may_edit else "",
        "tags_in_use": tags.in_use(frame.study) if frame.may_edit else [],
        "relatives": _relatives(found),
        "verdicts": trial_history.verdicts(found, attempts, rulings),
        "attempts": [trial_history.attempt_row(attempt) for attempt in attempts],
        "resources": trial_facts.resources(found, attempts),
        "artifacts": trial_facts.artifacts(found),
        "audit_url": _audit_url(found),
        "clone_study_url": planning_url(frame.study) if frame.may_edit and trial_actions.is_over(frame.study) else "",
        **_log(frame.request, found, attempts),
        "traceback": found.traceback,
        "waiting_for": provider().waiting_for(frame.study),
        "note_url": reverse("trials:note_trial", args=[frame.study.pk, found.number]) if frame.may_edit else "",
    }


def _attempts(found: Trial) -> list[Attempt]:
    attempts = list(found.attempts.select_related("worker", "usage", "environment").order_by("number"))
    for attempt in attempts:
        attempt.trial = found
    return attempts


def _head(frame: Frame, found: Trial, attempts: Sequence[Attempt], rulings: Sequence[Ruling]) -> TrialHead:
    spared = any(ruling.is_spared for ruling in rulings)
    return TrialHead(
        number=found.number,
        url=found.get_absolute_url(),
        kind=words.kind_of(found.state, found.ending_motive, spared=spared),
        ending=words.ending_of(found.state, found.ending_code, spared=spared and found.has_ended),
        motive=f"for {found.ending_motive}" if found.ending_motive else "",
        sentence=trial_words.standing(found),
        more=trial_words.befell(found, attempts, rulings),
        note=trial_words.note_words(found),
        badges=[Badge(seal.text, seal.icon, seal.tone, seal.title) for seal in provider().seals(found)],
        actions=trial_actions.actions_of(frame, found),
        **_neighbours(found),
    )


def _relatives(found: Trial) -> list[Chip]:
    """Return the trials of the same configuration: what this one continues, and what continues it."""
    chips = []
    if found.continues is not None:
        chips.append(Chip(f"Continues trial {found.continues.number}", found.continues.get_absolute_url()))
    for later in Trial.objects.filter(continues=found.pk).only("number", "study_id"):
        chips.append(Chip(f"Continued by trial {later.number}", later.get_absolute_url()))
    return chips


def _neighbours(found: Trial) -> dict[str, str]:
    numbers = set(
        Trial.objects.filter(study=found.study_id, number__in=(found.number - 1, found.number + 1)).values_list(
            "number", flat=True
        )
    )

    def url(number: int) -> str:
        return reverse("trials:trial", args=[found.study_id, number]) if number in numbers else ""

    return {"previous_url": url(found.number - 1), "next_url": url(found.number + 1)}


def _audit_url(found: Trial) -> str:
    """Return where the ledger's entries about the trial are listed; empty without a ledger."""
    url = provider().audit_url(found.study)
    return address(url, trial=found.number) if url else ""


def _log(request: HttpRequest, found: Trial, attempts: Sequence[Attempt]) -> dict[str, Any]:
    """Return the end of one attempt's log, the newest one's unless the address names another."""
    if not attempts:
        return {"log": "", "log_attempt": "", "log_chips": []}
    newest = attempts[-1].number
    number = _attempt_shown(request, newest)
    shown = next((one for one in attempts if one.number == number), attempts[-1])
    chips = [
        Chip(
            f"Attempt {one.number}" if one is shown else str(one.number),
            address(request.path, request.GET, attempt=one.number),
            active=one is shown,
        )
        for one in attempts
    ]
    return {
        "log": logs.tail(shown),
        "log_attempt": f"{shown.number} of {newest}",
        "log_chips": chips if len(chips) > 1 else [],
    }


def _written(request: HttpRequest, found: Trial) -> int:
    """Return how much of the log that the page shows has been written: a trial writes between its reports, too."""
    return logs.written(found, _attempt_shown(request, found.n_attempts)) if found.n_attempts else 0


def _wrote_only(request: HttpRequest, version: str) -> bool:
    """Say whether nothing but the log, the last part of a version, has changed since the browser's."""
    asked = request.GET.get("version", "")
    return asked.rpartition("-")[0] == version.rpartition("-")[0]


def _attempt_shown(request: HttpRequest, newest: int) -> int:
    """Return the number of the attempt that the address names, else the newest one's."""
    asked = request.GET.get("attempt", "")
    named = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else 0
    return named if 1 <= named <= newest else newest
