"""A study as one HTML file that needs nothing else: to be kept, sent, or printed."""

from __future__ import annotations

from typing import Any

import yaml
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from pruning.halting import halting_of
from pruning.pages import checks, halted, halted_charts, halted_notes, right
from trials import explaining
from trials.charts import best, still
from trials.charts import curves as curves_chart
from trials.facts import provider
from trials.models import Study
from trials.pages import importance_found, narrative, overview, words
from trials.pages.parts import Fact
from trials.pages.selection import address

MOST_CURVES = 400
STYLES = ("tokens", "base", "cards", "glyph", "meter", "table", "verdict", "badge", "importance", "report")


def html_of(study: Study) -> str:
    """Return the report: narrative, curves, what was halted, what mattered, whether stops were right, the plan."""
    return render_to_string("pruning/study_report.html", _context(study))


def name_of(study: Study) -> str:
    """Return a file's name that every system takes."""
    return f"study-{study.pk}-report.html"


def _context(study: Study) -> dict[str, Any]:
    revision = study.newest_revision()
    plan = revision.parsed()
    found = halting_of(study, plan.space)
    drawn = curves_chart.study_curves(study, most=MOST_CURVES)
    winner = study.trials.filter(number=study.best_number).first() if study.best_number is not None else None
    return {
        "study": study,
        "base": f"{settings.SITE_ADDRESS.rstrip('/')}/",
        "styles": _styles(),
        "made_at": timezone.now(),
        "facts": _facts(study),
        "narrative": narrative.of_study(overview.told_of(study, plan)),
        "hypotheses": [plan.hypothesis] if plan.hypothesis else [],
        "curves": still.curves(drawn, horizon=study.horizon, looks=revision.looks, best=study.best_number),
        "left_out": drawn.left_out,
        "best": still.best_so_far(best.best_so_far(study)),
        "parameters": [_bars(one) for one in halted_charts.payload(study, plan.space, found.outcomes)["parameters"]],  # type: ignore[attr-defined]  # a list of mappings
        "halted": halted.narrative_of(plan.space, found.outcomes),
        "notes": halted_notes.notes_of(study, plan.space, found),
        "tested": halted_notes.tested(found),
        "reasons": halted.reasons_of(study, found),
        "rules": halted.rules_of(study, found),
        "survivors": halted.survivors_of(found),
        "unit": study.step_unit,
        "metric": study.metric,
        **_importance(study),
        "right": right.of(study),
        "chain": checks.chain_words(study),
        "winner": winner,
        "configuration": yaml.safe_dump(dict(winner.params), sort_keys=False, allow_unicode=True) if winner else "",
        "plan": yaml.safe_dump(dict(revision.plan), sort_keys=False, allow_unicode=True, default_flow_style=None),
        "revision": revision,
    }


def _facts(study: Study) -> list[Fact]:
    policy = provider().policy(study)
    started = study.started_at or study.created_at
    took = words.duration(words.span(started, study.ended_at, timezone.now()).total_seconds())
    return [
        Fact("Project", study.project.name),
        Fact("Minimise" if study.minimises else "Maximise", study.metric),
        Fact("Policy", f"{policy.name} {policy.version}".strip() if policy else words.NOT_TOLD),
        Fact("Started", f"{started:%d %b %Y %H:%M} UTC", f"took {took}" if study.ended_at else f"running {took}"),
        Fact("Slot time", words.duration(study.slot_seconds)),
    ]


def _importance(study: Study) -> dict[str, Any]:
    """Return what is said of the newest importance that was computed: it takes a minute, so never here."""
    page = reverse("trials:importance", args=[study.pk])
    done = explaining.known(study).done
    if done is None or done.result is None:
        return {"importance": None, "importance_page": page}
    said = importance_found.said_of(study, done.result, to=lambda **asked: address(page, None, **asked))
    return {"importance": {**said, "computed_at": done.ended_at or done.created_at}, "importance_page": page}


def _bars(one: dict[str, Any]) -> dict[str, Any]:
    """Return a histogram as bars: shares of its tallest bin, what went on upwards and what was stopped downwards."""
    finished = [sum(column) for column in zip(*one["counts"][:2], strict=True)]
    stopped = [sum(column) for column in zip(*one["counts"][2:], strict=True)]
    tallest = max([1, *finished, *stopped])
    wide = 200 / max(len(finished), 1)
    bars = [
        {
            "x": round(place * wide, 1),
            "width": round(wide * 0.86, 1),
            "up": round(40 * up / tallest, 1),
            "top": round(44 - 40 * up / tallest, 1),
            "down": round(40 * down / tallest, 1),
            "words": f"{one['name']} {label}: {up:,} finished, {down:,} stopped",
        }
        for place, (up, down, label) in enumerate(zip(finished, stopped, one["bins"], strict=True))
    ]
    first, last = one["bins"][0], one["bins"][-1]
    low, high = (first.split(" to ")[0], last.split(" to ")[-1]) if one["ticks"] else (first, last)
    return {"name": one["name"], "p": one["p"], "bars": bars, "low": low, "high": high}


def _styles() -> SafeString:
    """Return our own stylesheets in one text. It goes into a <style>, which nothing of a user's does."""
    texts = []
    for name in STYLES:
        path = finders.find(f"css/{name}.css")
        assert isinstance(path, str), name  # noqa: S101 - a file of ours
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - the finder gives text
            texts.append(file.read())
    return mark_safe("\n".join(texts).replace("</", "<\\/"))  # noqa: S308 - files of this repository
