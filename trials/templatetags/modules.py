"""The JavaScript modules of a page: which one draws which kind of chart, and what a browser may fetch at once."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

CHARTS = {
    "all-curves": "all-curves",
    "best": "best-so-far",
    "cells": "halted",
    "compare": "compare-curves",
    "curves": "curves",
    "far": "halted",
    "front": "front",
    "frontier": "frontier",
    "halted": "halted",
    "hours": "resources",
    "lab-trial": "lab-trial",
    "moment": "audit-moment",
    "pair": "pair",
    "parallel": "parallel",
    "passing": "halted",
    "slices": "slices",
    "spread": "studies-compare",
    "states": "resources",
    "studies": "studies-compare",
    "timeline": "resources",
    "trial": "trial-curves",
    "values": "values",
}
"""The module of each kind of chart: it exports `draw`, or `draws` by kind."""

_IMPORTED = re.compile(r"""^(?:import|\})[^"'()]*["']\./([\w-]+)\.js["'];""", re.MULTILINE)


@register.simple_tag
def chart_module(kind: str) -> str:
    """Return the address of the module that draws a kind of chart."""
    return static(f"js/{CHARTS[kind]}.js")


@register.simple_tag
def preloads(*names: str) -> SafeString:
    """Link to modules and to all that they import, so that a browser need not read one to learn of the next."""
    found = dict.fromkeys(each for name in names for each in with_imports(name))
    return format_html_join("", '<link rel="modulepreload" href="{}">', ((static(f"js/{name}.js"),) for name in found))


@register.simple_tag
def chart_preloads(kinds: str) -> SafeString:
    """Link to the modules of a page with these kinds of charts, separated by spaces."""
    return preloads("charts", *(CHARTS[kind] for kind in kinds.split()))


@register.simple_tag
def fetch_early(address: str) -> SafeString:
    """Have the browser ask for a chart's data while it still reads what draws it; as `fetch` asks, so that it is used.

    After what the page's text waits for: hence the low priority.
    """
    return format_html('<link rel="preload" as="fetch" href="{}" crossorigin fetchpriority="low">', address)


@lru_cache
def with_imports(name: str) -> tuple[str, ...]:
    """Return a module of `static/js` and those that it imports, directly or not, each once and itself first."""
    path = finders.find(f"js/{name}.js")
    if not isinstance(path, str):
        message = f"there is no module static/js/{name}.js"
        raise ValueError(message)
    imported = _IMPORTED.findall(Path(path).read_text())
    return tuple(dict.fromkeys([name, *(each for other in imported for each in with_imports(other))]))
