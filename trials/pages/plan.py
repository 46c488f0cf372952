"""The plan of a study as registered, and what amendments changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from trials import studies
from trials.facts import provider
from trials.models import Project, Revision, Study
from trials.pages import ranges, words
from trials.pages.access import editable_study, readable
from trials.pages.frame import SAMPLERS, Frame, planning_url
from trials.pages.parts import Amendment, Change, Fact, RevisionRow, SpaceRow
from trials.pages.selection import address
from trials.plan import Plan, PlanError
from trials.plan.revising import revised, text_of
from trials.sanitise import clean_text
from trials.space import Parameter

MOST_CHARACTERS = 200


@require_GET
def plan(request: HttpRequest, study_id: int) -> HttpResponse:
    """Show a revision of the study's plan; the newest one unless the address names another."""
    return _page(Frame(request, readable(request, study_id)))


@require_POST
def amend_plan(request: HttpRequest, study_id: int) -> HttpResponse:
    """Register the next revision with another policy or budget; show what is wrong with it, the text kept."""
    study = editable_study(request, study_id)
    text, reason = request.POST.get("text", ""), clean_text(request.POST.get("reason", "").strip())
    try:
        changed = revised(study.plan(), text)
        revision = studies.amend(study, changed, reason=reason, user=request.user, at=timezone.now())
    except (PlanError, studies.StudyRefused) as error:
        problems = [str(problem) for problem in error.problems] if isinstance(error, PlanError) else [str(error)]
        form = Amendment(reverse("trials:amend_plan", args=[study.pk]), text, reason, problems)
        return _page(Frame(request, readable(request, study_id)), form)
    messages.success(request, f"Revision {revision.number} holds from now on; what was decided before stands.")
    return redirect("trials:plan", study_id=study.pk)


def _page(frame: Frame, form: Amendment | None = None) -> HttpResponse:
    request = frame.request
    revisions = list(frame.study.revisions.order_by("number"))
    asked = request.GET.get("revision", "")
    shown = next((one for one in revisions if str(one.number) == asked), revisions[-1])
    context = {**frame.context("plan"), "live": None, **_context(frame, revisions, shown)}
    context["amendment"] = form or _amendment(frame)
    return render(request, "trials/plan.html", context, status=422 if form else 200)


def _amendment(frame: Frame) -> Amendment | None:
    """Return the form with the policy and the budget in force; None to whom, or when, it would be refused."""
    study = frame.study
    if not frame.may_edit or study.state == Study.State.ENDED or study.ending_code:
        return None
    return Amendment(reverse("trials:amend_plan", args=[study.pk]), text_of(frame.plan))


def _context(frame: Frame, revisions: list[Revision], shown: Revision) -> dict[str, Any]:
    parsed = shown.parsed()
    before = next((one for one in reversed(revisions) if one.number < shown.number), None)
    return {
        "facts": _facts(parsed, shown),
        "space": [_space_row(parameter) for parameter in parsed.space],
        "hypotheses": [parsed.hypothesis] if parsed.hypothesis else [],
        "policy": _policy(frame, shown),
        "revisions": [_row(frame, revision, shown) for revision in reversed(revisions)],
        "changes": list(_changes(before.plan, shown.plan)) if before is not None else [],
        "next_url": planning_url(frame.study, follows=True),
        "may_launch": Project.objects.editable_by(frame.request.user).exists(),
        "follows": frame.follows,
        "followers": _followers(frame),
        "plan": shown.source or yaml.safe_dump(shown.plan, sort_keys=False, allow_unicode=True),
    }


def _followers(frame: Frame) -> list[Study]:
    """Return the studies that follow this one, as far as the person may see them."""
    visible = Study.objects.visible_to(frame.request.user)
    return list(visible.filter(follows=frame.study).only("name").order_by("pk"))


def _facts(parsed: Plan, shown: Revision) -> list[Fact]:
    budget = parsed.budget
    limits = [
        words.counted(budget.trials, "trial"),
        *([f"{budget.slot_hours:g} slot {_hours(budget.slot_hours)}"] if budget.slot_hours else []),
        *([f"{budget.wall_hours:g} {_hours(budget.wall_hours)} of wall-clock"] if budget.wall_hours else []),
    ]
    objective = parsed.objective
    return [
        Fact("Objective", objective.metric, f"to {objective.direction}"),
        Fact("Budget", limits[0], ", ".join(limits[1:])),
        Fact("Planned length", words.whole(parsed.horizon), parsed.step_unit),
        Fact("Sampler", SAMPLERS.get(parsed.sampler.name, parsed.sampler.name), f"seed {parsed.seed}"),
        Fact("Trainable", parsed.trainable.name if parsed.trainable else "reported over HTTP"),
        Fact("Fingerprint", shown.fingerprint[:12], help="SHA-256 of the plan, shortened"),
    ]


def _policy(frame: Frame, shown: Revision) -> list[Fact]:
    """Return what may stop a trial: the policy, its looks, and its description."""
    policy = provider().policy(frame.study)
    looks = ", ".join(words.whole(look) for look in shown.looks)
    facts = [Fact("Looks", looks or "none", frame.study.step_unit if looks else "")]
    if policy is None:
        return [Fact("Policy", "none", help="Every trial runs to its end."), *facts]
    first = Fact("Policy", f"{policy.name} {policy.version}".strip(), help=policy.description)
    last = [Fact("Policy's fingerprint", policy.fingerprint[:12])] if policy.fingerprint else []
    return [first, *facts, *last]


def _space_row(parameter: Parameter) -> SpaceRow:
    low, high = ranges.bounds(parameter)
    condition = " and ".join(f"{name} is {' or '.join(map(str, values))}" for name, values in parameter.when.items())
    return SpaceRow(parameter.name, low, high, ranges.prior(parameter), f"only when {condition}" if condition else "")


def _row(frame: Frame, revision: Revision, shown: Revision) -> RevisionRow:
    return RevisionRow(
        number=revision.number,
        fingerprint=revision.fingerprint[:12],
        at=revision.created_at,
        by=revision.author,
        reason=revision.reason or "registered at launch",
        url=address(frame.request.path, frame.request.GET, revision=revision.number),
        shown=revision.number == shown.number,
    )


def _changes(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Change]:
    """Yield the fields in which two plans differ, by dotted path."""
    old, new = dict(flatten(before)), dict(flatten(after))
    for field in [*old, *(name for name in new if name not in old)]:
        if old.get(field) != new.get(field):
            yield Change(field, old.get(field, words.NOT_TOLD), new.get(field, words.NOT_TOLD))


def flatten(value: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (dotted path, text) of every leaf; items of a list go by their name, where they have one."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from flatten(inner, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            yield from flatten(item, f"{prefix}.{item.get('name', index)}")
    else:
        yield prefix, str(value)[:MOST_CHARACTERS]


def _hours(n: float) -> str:
    return "hour" if n == 1 else "hours"
