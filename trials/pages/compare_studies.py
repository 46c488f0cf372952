"""Several studies side by side: what each came to, how fast, and in which settings they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from trials.charts import studies as chart
from trials.charts.studies import Course
from trials.facts import provider
from trials.models import Revision, Study
from trials.pages import rollups, words
from trials.pages.frame import state_words, study_kind
from trials.pages.live import json_if_changed
from trials.pages.parts import Crumb, WrongStops
from trials.pages.parts.compare_studies import AxisGroup, BestAfter, ComparedStudy, SettingRow
from trials.pages.plan import flatten
from trials.pages.selection import LETTERS, address

MOST = 8
AFTER = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
# What every plan has of its own and says nothing.
OWN = ("name", "description", "schema")


@require_GET
def compare_studies(request: HttpRequest) -> HttpResponse:
    """Show the studies that `?ids=` names, in that order; 404 if one of them may not be seen."""
    found, left_out = _asked(request)
    courses = chart.courses(found)
    context = {
        "crumbs": [Crumb("Studies", reverse("trials:studies")), Crumb("Compare")],
        "studies": _compared(request, found),
        "groups": _groups(courses),
        "settings": list(_settings(found)),
        "left_out": left_out,
    }
    return render(request, "trials/compare_studies.html", context)


@require_GET
def compare_studies_json(request: HttpRequest) -> HttpResponse:
    """Return the courses of studies of one metric and direction; those of another are left out."""
    found, _ = _asked(request)
    first = found[:1]
    alike = [one for one in found if (one.metric, one.direction) == (first[0].metric, first[0].direction)]
    if not alike:
        raise Http404("Name studies in ?ids=.")
    letters = _letters(request, alike)
    version = "-".join(f"{one.pk}.{one.version}" for one in alike)
    return json_if_changed(
        request, f"{version}-{letters}", lambda: chart.payload(chart.courses(alike), letters, version)
    )


def _asked(request: HttpRequest) -> tuple[list[Study], int]:
    """Return the studies asked for, at most eight, and how many more were asked."""
    texts = [text.strip() for given in request.GET.getlist("ids") for text in given.split(",")]
    ids = list(dict.fromkeys(int(text) for text in texts if text.isdecimal() and len(text) < 19))
    kept = ids[:MOST]
    rows = {row.pk: row for row in Study.objects.visible_to(request.user).select_related("project").filter(pk__in=kept)}
    if len(rows) != len(kept):
        raise Http404("No such study.")
    return [rows[pk] for pk in kept], len(ids) - len(kept)


def _letters(request: HttpRequest, studies: Sequence[Study]) -> str:
    """Return a letter for each study: those that the page gave, else the first ones."""
    given = request.GET.get("letters", "")
    fits = len(given) == len(studies) == len(set(given)) and all(letter in LETTERS for letter in given)
    return given if fits else LETTERS[: len(studies)]


def _compared(request: HttpRequest, studies: Sequence[Study]) -> list[ComparedStudy]:
    groups, arms = rollups.endings(studies), provider().control_arms(studies)
    found = []
    for place, study in enumerate(studies):
        arm = arms.get(study.pk)
        others = [str(other.pk) for other in studies if other.pk != study.pk]
        hours = study.slot_seconds / 3600
        found.append(
            ComparedStudy(
                letter=LETTERS[place],
                name=study.name,
                url=study.get_absolute_url(),
                project=study.project.name,
                kind=study_kind(study),
                state=state_words(study),
                objective=f"{'minimise' if study.minimises else 'maximise'} {study.metric}",
                best=words.number(study.best_value) if study.best_value is not None else "",
                best_number=study.best_number,
                trials=words.whole(study.n_trials - study.n_waiting),
                shares=rollups.shares(groups.get(study.pk, ())),
                saved=rollups.saved_share(study),
                hours=f"{hours:,.2f}" if hours else "not measured",
                wrong=WrongStops(arm.wrong, arm.judged, arm.low, arm.high) if arm is not None and arm.judged else None,
                remove_url=address(reverse("trials:compare_studies"), ids=",".join(others)),
            )
        )
    return found


def _groups(courses: Sequence[Course]) -> list[AxisGroup]:
    """Return the studies that may share an axis: those of one metric and direction."""
    keys = list(dict.fromkeys((one.study.metric, one.study.direction) for one in courses))
    found = []
    for metric, direction in keys:
        members = [
            (LETTERS[place], one)
            for place, one in enumerate(courses)
            if (one.study.metric, one.study.direction) == (metric, direction)
        ]
        ids, letters = ",".join(str(one.study.pk) for _, one in members), "".join(letter for letter, _ in members)
        found.append(
            AxisGroup(
                metric=metric,
                direction="lower is better" if direction == "minimize" else "higher is better",
                letters=[letter for letter, _ in members],
                src=address(reverse("trials:compare_studies_json"), ids=ids, letters=letters),
                rows=list(_after(members)),
            )
        )
    return found


def _after(members: Sequence[tuple[str, Course]]) -> Iterator[BestAfter]:
    """Yield the best values in hand after so many ended trials: the table behind the chart."""
    most = max((course.n_ended for _, course in members), default=0)
    for n in [n for n in AFTER if n < most]:
        yield BestAfter(words.whole(n), [words.number(course.best_after(n)) for _, course in members])
    if most:
        yield BestAfter("all", [words.number(course.study.best_value) for _, course in members])


def _settings(studies: Sequence[Study]) -> Iterator[SettingRow]:
    """Yield the settings in which the newest plans differ."""
    plans: dict[int, dict[str, str]] = {}
    newest = Revision.objects.filter(study__in=studies).order_by("study_id", "number").values_list("study_id", "plan")
    for study_id, plan in newest:
        plans[study_id] = dict(flatten(plan))
    columns = [plans.get(study.pk, {}) for study in studies]
    for name in dict.fromkeys(name for column in columns for name in column):
        values = [column.get(name, words.NOT_TOLD) for column in columns]
        if name not in OWN and len(set(values)) > 1:
            yield SettingRow(name, values)
