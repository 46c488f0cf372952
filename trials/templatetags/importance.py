"""Tags that draw shares of importance: bars with intervals, and pairs by area."""

from __future__ import annotations

import math
from typing import Any

from django import template

from trials.pages import geometry
from trials.pages.parts import Estimate, ImportanceRow

register = template.Library()


@register.inclusion_tag("components/importance_bar.html")
def importance_bar(row: ImportanceRow, shows_finished: bool) -> dict[str, Any]:
    """Draw a parameter's share as a bar with its interval, the one over finished trials as a ring below."""
    return {"all": _placed(row.all), "finished": _placed(row.finished), "shows_finished": shows_finished}


@register.inclusion_tag("components/importance_dot.html")
def importance_dot(share: Estimate, largest: float, size: int = 36) -> dict[str, Any]:
    """Draw a pair's share as the area of a disc, grey where its interval reaches 1 %."""
    radius = (size / 2 - 2) * math.sqrt(max(0.0, share.middle) / largest) if largest > 0 else 0.0
    return {
        "radius": round(max(radius, 0.8), 1),
        "size": size,
        "half": size / 2,
        "is_clear": share.low > 0.01,
        "text": f"{100 * share.middle:.0f}" if radius > 9 else "",
    }


@register.filter
def span(share: Estimate | None) -> str:
    """Write an interval in whole percent."""
    return "" if share is None else f"{100 * share.low:.0f}–{100 * share.high:.0f}"


def _placed(share: Estimate | None) -> dict[str, float] | None:
    """Return where a share and its interval stand, in percent of the width."""
    if share is None:
        return None
    low, high = geometry.clamp(share.low), geometry.clamp(share.high)
    return {"middle": geometry.clamp(share.middle), "low": low, "high": high, "width": round(high - low, 3)}
