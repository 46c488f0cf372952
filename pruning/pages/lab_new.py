"""The form in which a person says what is to be played on what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from pruning.backtest import NAMED
from pruning.lab import asking, sessions, sources
from pruning.models import Backtest
from pruning.pages.lab_parts import FolderChoice, Option, PolicyChoice, StudyChoice
from pruning.presets import DEFAULT
from trials.models import Project, Study
from trials.pages.parts import Crumb
from trials.pages.words import counted, whole

MOST_LISTED = 50
MOST_VERSIONS = 20
CHOSEN = ("default", "payoff", "safe", "asha", "hyperband", "median", "full")
HELP: Mapping[str, str] = {
    "default": "calibrated halving, at a risk of 20 %",
    "payoff": "calibrated halving without a dial: most winners per compute",
    "safe": "calibrated halving, at a risk of 5 %",
    "balanced": "the same as default",
    "fast": "asynchronous halving, half goes on",
    "off": "stops only what diverges",
    "asha": "asynchronous halving as others run it, a third goes on",
    "hyperband": "as others run it, η 3",
    "median": "Optuna's rule: below the median of the finished",
    "full": "trains everything: the reference",
}


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Show the form; a form that is sent starts a backtest, or comes back with what is wrong."""
    if not Project.objects.editable_by(request.user).exists():
        raise PermissionDenied("You may not start anything in any project; ask for the role of an editor.")
    if request.method == "GET":
        return render(request, "pruning/backtest_new.html", _context(request, _first(request), ()))
    try:
        asked = asking.read(wish_of(request.POST), request.user)
    except asking.Refused as error:
        problems = [str(problem) for problem in error.problems]
        return render(request, "pruning/backtest_new.html", _context(request, request.POST, problems), status=422)
    return redirect(sessions.start(asked, user=request.user))


def wish_of(form: QueryDict) -> dict[str, object]:
    """Return what a form asks for, as the API would say it."""
    folders: dict[str, list[str]] = {}
    for pair in form.getlist("curves"):
        name, _, family = pair.partition("/")
        folders.setdefault(name, []).append(family)
    policies: list[object] = list(form.getlist("policy"))
    policies += [{"version": _int(key)} for key in form.getlist("version")]
    policies += [_at_risk(text) for text in form.get("risks", "").replace("%", "").split(",") if text.strip()]
    if form.get("pasted", "").strip():
        policies.append({"name": form.get("pasted_name", "").strip() or "pasted", "policy": form["pasted"]})
    return {
        "project": form.get("project", ""),
        "name": form.get("name", ""),
        "studies": [_int(key) for key in form.getlist("study")],
        "curves": folders,
        "policies": policies,
        "against": form.get("against", "").strip(),
        "orders": _int(form.get("orders", "")),
        "workers": _int(form.get("workers", "")),
    }


def _at_risk(text: str) -> object:
    """Return the default with its dial at so many percent; what is no number is refused where all policies are."""
    try:
        percent = float(text)
    except ValueError:
        return f"risk {text.strip()}"
    strategy = {"rule": "calibrated_halving", "risk": percent / 100, "action": "pause"}
    return {"name": f"risk {percent:g} %", "policy": {"preset": DEFAULT, "strategy": strategy}}


def _int(text: str) -> object:
    """Return the number that a field holds, or its text, for the reader to refuse."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else text


def _first(request: HttpRequest) -> QueryDict:
    """Return the form as it begins: the usual policies, the study one came from, or what another backtest played."""
    form = QueryDict(mutable=True)
    form.update({"orders": str(asking.ORDERS), "workers": str(asking.WORKERS)})
    form.setlist("policy", list(CHOSEN))
    form.setlist("study", [key for key in request.GET.getlist("study") if isinstance(_int(key), int)])
    before = request.GET.get("from", "")
    known = Backtest.objects.visible_to(request.user)
    source = known.filter(pk=int(before)).first() if before.isdecimal() and len(before) < 10 else None
    if source is not None:
        form.setlist("study", [str(key) for key in source.studies.values_list("pk", flat=True)])
        form.setlist("curves", [f"{name}/{family}" for name, families in source.folders.items() for family in families])
        form.setlist("policy", [one["name"] for one in source.policies if one["mapping"] is None])
        form["project"] = source.project.slug
        form["orders"], form["workers"] = str(source.orders), str(source.workers)
    return form


def _context(request: HttpRequest, form: QueryDict, problems: object) -> dict[str, Any]:
    projects = list(Project.objects.editable_by(request.user).order_by("slug").distinct())
    studies, n_studies = _studies(request, form)
    wanted = form.get("project") or (studies[0].project if studies and studies[0].chosen else "")
    return {
        "crumbs": [Crumb("Lab", reverse("pruning:lab")), Crumb("New replay")],
        "problems": problems,
        "projects": [Option(one.slug, one.name, one.slug == wanted) for one in projects],
        "studies": studies,
        "more_studies": whole(n_studies - len(studies)) if n_studies > len(studies) else "",
        "folders": _folders(form),
        "policies": [PolicyChoice(name, name, HELP.get(name, ""), name in form.getlist("policy")) for name in NAMED],
        "versions": _versions(request, form),
        "form": form,
        "most_orders": asking.MOST_ORDERS,
        "most_workers": asking.MOST_WORKERS,
    }


def _studies(request: HttpRequest, form: QueryDict) -> tuple[list[StudyChoice], int]:
    """Return the chosen and the newest finished studies, and how many there are."""
    chosen = {key for text in form.getlist("study") if isinstance(key := _int(text), int)}
    found = sources.finished_for(request.user).select_related("project")
    listed: dict[int, Study] = {study.pk: study for study in found.filter(pk__in=list(chosen)[:MOST_LISTED])}
    listed |= {study.pk: study for study in found[:MOST_LISTED]}
    return [_study(study, study.pk in chosen) for study in listed.values()], found.count()


def _study(study: Study, chosen: bool) -> StudyChoice:
    trials = f"{counted(study.n_trials, 'trial')}, {whole(study.n_complete)} trained to the end"
    problem = "" if study.n_complete else "no complete curve: nobody knows how a trial ends"
    return StudyChoice(study.pk, study.name, study.project.slug, trials, chosen, problem)


def _folders(form: QueryDict) -> list[FolderChoice]:
    chosen = form.getlist("curves")
    return [
        FolderChoice(
            one.name,
            [
                Option(f"{one.name}/{family}", f"{family} {n}", f"{one.name}/{family}" in chosen)
                for family, n in sorted(one.families.items())
            ],
            one.problem,
        )
        for one in sources.registered()
    ]


def _versions(request: HttpRequest, form: QueryDict) -> list[PolicyChoice]:
    """Return the chosen and the newest stored policies."""
    chosen = form.getlist("version")
    newest = sorted(sources.versions_for(request.user), key=lambda one: (str(one.pk) not in chosen, -one.pk))
    return [
        PolicyChoice(str(one.pk), sources.version_name(one), one.fingerprint[:12], str(one.pk) in chosen)
        for one in newest[:MOST_VERSIONS]
    ]
