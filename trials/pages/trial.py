"""One trial: how it ended, its curves, configuration, verdicts, attempts, resources, log."""

from __future__ import annotations

import pprint
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from trials import tags
from trials.charts.trial import attempt_kind, verb
from trials.facts import Ruling, provider
from trials.models import Attempt, Study, Trial
from trials.pages import live, logs, ranges, trial_actions, trial_words, words
from trials.pages.access import readable, trial_of
from trials.pages.frame import Frame, clone_url, moment
from trials.pages.narrative import measure
from trials.pages.parts import (
    AttemptRow,
    Badge,
    Chip,
    Crumb,
    Fact,
    Live,
    ParamPlace,
    RankBar,
    TrialHead,
    VerdictRow,
)
from trials.pages.selection import address
from trials.space import Categorical

# Ticks of other trials on a range; more would be a bar.
MOST_TICKS = 120


@require_GET
def trial(request: HttpRequest, study_id: int, number: int) -> HttpResponse:
    """Show one trial."""
    access = readable(request, study_id)
    found = trial_of(access.study, number)
    version = f"{access.study.version}-{found.last_step or 0}"
    if unchanged := live.unchanged(request, version):
        return unchanged
    frame = Frame(request, access)
    context = {**frame.context("trials", Crumb(f"Trial {number}")), **_context(frame, found)}
    if found.has_ended:
        context["live"] = None
    elif context["live"] is not None:
        context["live"] = Live(address(request.path, request.GET), version, live.EVERY_S)
    return live.page(request, "trials/trial", context, version=version, ended=found.has_ended)


def _context(frame: Frame, found: Trial) -> dict[str, Any]:
    attempts = list(found.attempts.select_related("worker", "usage", "environment").order_by("number"))
    for attempt in attempts:
        attempt.trial = found
    rulings = provider().rulings(found)
    return {
        "trial": _head(frame, found, attempts, rulings),
        "facts": [*_facts(frame.study, found), *_held_out(found)],
        "metric": frame.study.metric,
        "curves_url": reverse("trials:trial_series", args=[frame.study.pk, found.number]),
        "params": _places(frame, found),
        "params_note": _params_note(frame.study),
        "configuration": yaml.safe_dump(dict(found.params), sort_keys=False, allow_unicode=True),
        "configuration_python": _as_python(found),
        "tags": tags.of_trials([found.pk]).get(found.pk, []),
        "tag_url": reverse("trials:tag_trial", args=[frame.study.pk, found.number]) if frame.may_edit else "",
        "tags_in_use": tags.in_use(frame.study) if frame.may_edit else [],
        "relatives": _relatives(found),
        "verdicts": _verdicts(found, attempts, rulings),
        "attempts": [_attempt(attempt) for attempt in attempts],
        "resources": _resources(found, attempts),
        "artifacts": _artifacts(found),
        "audit_url": _audit_url(found),
        "clone_study_url": clone_url(frame.study) if frame.may_edit and trial_actions.is_over(frame.study) else "",
        **_log(frame.request, found, attempts),
        "traceback": found.traceback,
        "waiting_for": provider().waiting_for(frame.study),
        "note_url": reverse("trials:note_trial", args=[frame.study.pk, found.number]) if frame.may_edit else "",
    }


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


def _as_python(found: Trial) -> str:
    """Return the configuration as a dictionary that a program can be given."""
    return f"params = {pprint.pformat(dict(found.params), sort_dicts=False, width=100)}\n"


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


def _facts(study: Study, found: Trial) -> list[Fact]:
    best = found.best_value if found.value is None else found.value
    return [
        Fact(
            f"Best {study.metric}",
            words.number(best),
            help=f"at step {found.best_step:,}" if found.best_step is not None else "",
        ),
        _place(study, best),
        Fact("Last", words.number(found.last), help=_off_best(found)),
        Fact(
            study.step_unit.capitalize(),
            words.whole(found.last_step or 0),
            f"of {study.horizon:,}",
            _trained_twice(found),
        ),
        Fact("On a slot", words.duration(_slot_seconds(found)), help=_from_start_to_end(found)),
    ]


def _held_out(found: Trial) -> list[Fact]:
    """Return what the test split says of this trial, if it was evaluated."""
    for evaluation in found.evaluations.order_by("id"):
        name = measure(evaluation.metrics)
        if name:
            return [
                Fact(
                    words.code_words(name).capitalize(),
                    words.number(evaluation.metrics[name]),
                    help="held out, looked at once",
                )
            ]
    return []


def _place(study: Study, best: float | None) -> Fact:
    """Return the trial's place by best value among all that were told one."""
    if best is None:
        return Fact("Place", words.NOT_TOLD, help="no finite value yet")
    told = Trial.objects.filter(study=study, best_value__isnull=False)
    better = Q(best_value__lt=best) if study.minimises else Q(best_value__gt=best)
    return Fact("Place", trial_words.place_words(told.filter(better).count() + 1, told.count()), help="by best value")


def _off_best(found: Trial) -> str:
    if found.last is None or found.best_value is None or found.last == found.best_value:
        return "its best" if found.last is not None and found.last == found.best_value else ""
    return f"{words.difference(found.last - found.best_value)} from its best"


def _trained_twice(found: Trial) -> str:
    again = found.steps_trained - (found.last_step or 0)
    return f"{again:,} of them trained twice" if found.has_ended and again > 0 else ""


def _slot_seconds(found: Trial) -> float:
    now = timezone.now()
    running = found.attempts.filter(ended_at__isnull=True).values_list("started_at", flat=True).first()
    return found.slot_seconds + (0.0 if running is None else (now - running).total_seconds())


def _from_start_to_end(found: Trial) -> str:
    if found.started_at is None or found.ended_at is None:
        return ""
    took = words.span(found.started_at, found.ended_at, found.ended_at).total_seconds()
    return f"{words.duration(took)} from start to end"


def _places(frame: Frame, found: Trial) -> list[ParamPlace]:
    """Return each parameter in its range, the other trials as ticks, the best one as a ring."""
    study = frame.study
    others = list(
        Trial.objects.filter(study=study).exclude(pk=found.pk).order_by("-number").values_list("params", flat=True)[
            :MOST_TICKS
        ]
    )  # fmt: skip
    best: Mapping[str, object] = {}
    if study.best_number is not None and study.best_number != found.number:
        best = (
            Trial.objects.filter(study=study, number=study.best_number).values_list("params", flat=True).first() or {}
        )
    shown = [_place_of(frame, name, found.params, others, best) for name in frame.plan.space.names]
    unknown = [ParamPlace(name, str(value)) for name, value in found.params.items() if name not in frame.plan.space]
    return [*(place for place in shown if place is not None), *unknown]


def _place_of(
    frame: Frame,
    name: str,
    params: Mapping[str, object],
    others: Sequence[Mapping[str, object]],
    best: Mapping[str, object],
) -> ParamPlace | None:
    if name not in params:
        return None
    space = frame.plan.space
    parameter = space[name]
    low, high = ranges.bounds(parameter)
    # A tick says how values are spread; choices without an order have no spread.
    ticks = [] if isinstance(parameter, Categorical) else [ranges.place(parameter, one.get(name)) for one in others]
    return ParamPlace(
        name=name,
        text=ranges.text(space, name, params[name]),
        low=low,
        high=high,
        place=ranges.place(parameter, params[name]),
        others=[tick for tick in ticks if tick is not None],
        best=ranges.place(parameter, best[name]) if name in best else None,
    )


def _params_note(study: Study) -> str:
    if study.best_number is None:
        return "Each value in its range; ticks are other trials."
    return f"Each value in its range; ticks are other trials, the ring is the best, trial {study.best_number}."


def _verdicts(found: Trial, attempts: Sequence[Attempt], rulings: Sequence[Ruling]) -> list[VerdictRow]:
    """Return every verdict in order, with what people asked for and the attempts that broke between them."""
    rows = [_verdict(found, ruling) for ruling in rulings]
    asked = [
        VerdictRow(
            sequence=one.sequence,
            url=one.url,
            at=one.at,
            step="",
            kind="keep" if one.action != "stop" else "stopped",
            verdict=one.action,
            sentence=one.sentence,
            plain=True,
        )
        for one in provider().interventions(found)
    ]
    if asked:
        rows = sorted([*rows, *asked], key=lambda row: row.sequence)
    broken = [
        VerdictRow(
            sequence=0,
            url="",
            at=attempt.ended_at,
            step=words.whole(attempt.last_step or 0),
            kind="failed",
            verdict="attempt ended",
            sentence=attempt.outcome_sentence,
            plain=True,
        )
        for attempt in attempts
        if attempt.outcome in {"worker_lost", "crashed"}
    ]
    if not broken:
        return rows
    return sorted([*rows, *broken], key=lambda row: (row.at is None, row.at, row.sequence))


def _verdict(found: Trial, ruling: Ruling) -> VerdictRow:
    rank = None
    if ruling.rank is not None and ruling.of is not None:
        rank = RankBar(ruling.rank, ruling.of, ruling.quota)
    ended = ruling.action in {"STOP", "FINISH"} and found.has_ended and ruling.step == found.ending_step
    return VerdictRow(
        sequence=ruling.sequence,
        url=ruling.url,
        at=ruling.at,
        step=words.whole(ruling.step),
        kind=verb(ruling),
        verdict="spared" if ruling.is_spared else ruling.action.lower(),
        sentence=words.brief(ruling.sentence),
        rank=rank,
        ended=ended,
    )


def _attempt(attempt: Attempt) -> AttemptRow:
    end = f"–{moment(attempt.ended_at)}" if attempt.ended_at else ", running"
    return AttemptRow(
        number=attempt.number,
        where=f"slot {attempt.slot} ({attempt.device})" if attempt.worker is not None else "over HTTP",
        host=attempt.worker.host if attempt.worker is not None else attempt.claimed_by,
        when=f"{moment(attempt.started_at)}{end}",
        origin=trial_words.origin_of(attempt),
        steps=trial_words.steps_of(attempt),
        kind=attempt_kind(attempt),
        ending=trial_words.outcome(attempt),
        why=attempt.outcome_sentence,
    )


def _resources(found: Trial, attempts: Sequence[Attempt]) -> list[Fact]:
    usage = [attempt.usage for attempt in attempts if hasattr(attempt, "usage")]
    cpu = [one.cpu_seconds for one in usage if one.cpu_seconds is not None]
    memory = [one.peak_memory_bytes for one in usage if one.peak_memory_bytes is not None]
    device = [one.device_seconds for one in usage if one.device_seconds is not None]
    device_memory = [one.device_peak_memory_bytes for one in usage if one.device_peak_memory_bytes is not None]
    energy = [one.energy_joules for one in usage if one.energy_joules is not None]
    facts = [
        Fact("Slot time", words.duration(_slot_seconds(found))),
        Fact("CPU time", words.duration(sum(cpu)) if cpu else "not measured"),
        Fact("Peak memory", words.size(max(memory, default=None))),
        Fact("Energy", f"{sum(energy) / 3.6e6:.3f} kWh" if energy else "not measured"),
    ]
    if device:
        facts.append(Fact("Device time", words.duration(sum(device))))
    if device_memory:
        facts.append(Fact("Peak device memory", words.size(max(device_memory))))
    return facts


def _artifacts(found: Trial) -> list[Fact]:
    return [
        Fact(
            f"{artifact.get_kind_display().capitalize()}, step {artifact.step:,}",
            words.size(artifact.size),
            artifact.host,
        )
        for artifact in found.artifacts.order_by("kind")
    ]


def _log(request: HttpRequest, found: Trial, attempts: Sequence[Attempt]) -> dict[str, Any]:
    """Return the end of one attempt's log, the newest one's unless the address names another."""
    if not attempts:
        return {"log": "", "log_chips": []}
    asked = request.GET.get("attempt", "")
    shown = next((one for one in attempts if str(one.number) == asked), attempts[-1])
    chips = [
        Chip(
            f"Attempt {one.number}" if one is shown else str(one.number),
            address(request.path, request.GET, attempt=one.number),
            active=one is shown,
        )
        for one in attempts
    ]
    return {"log": logs.tail(shown), "log_chips": chips if len(chips) > 1 else []}
