"""Tags and filters that draw the small parts of a page; their geometry is in SVG attributes, never in styles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from trials.pages import geometry
from trials.pages.parts import Compared, ParamPlace, ParamRow, RankBar, Share, Spared, Spark, Track, WrongStops
from trials.pages.parts.draft import DraftField, RangePicture

register = template.Library()

THIN_SPACE = "\u202f"

WORDS = {
    "speed": "stopped for speed",
    "risk": "stopped for risk",
    "generalisation": "stopped for generalisation",
    "finished": "finished",
    "control": "spared, control arm",
    "running": "running",
    "paused": "paused",
    "waiting": "waiting",
    "failed": "failed",
    "stopped": "stopped by a person or a budget",
    "resume": "resumed",
    "keep": "kept",
    "warn": "warned",
    "abstain": "no verdict",
}
"""What each glyph says to a reader who cannot see it."""

ICONS = frozenset({"chain", "replay", "search", "check", "arrow", "down"})


@register.filter
def grouped(count: int | str) -> str:
    """Write a count with its thousands apart; what is already words ("10,000+") stays."""
    return f"{count:,}" if isinstance(count, int) else count


@register.filter
def glyph_words(kind: str) -> str:
    """Say what a glyph means."""
    return WORDS.get(kind, kind)


@register.simple_tag
def glyph(kind: str, label: str | None = None, size: str = "") -> SafeString:
    """Draw an ending or a verb of the ledger; an empty label marks it as decoration beside its own word."""
    kind = kind if kind in WORDS else "abstain"
    words = WORDS[kind] if label is None else label
    large = " glyph-large" if size == "large" else ""
    if not words:
        return format_html(
            '<svg class="glyph glyph-{}{}" aria-hidden="true"><use href="#g-{}"/></svg>', kind, large, kind
        )
    return format_html(
        '<svg class="glyph glyph-{}{}" role="img"><title>{}</title><use href="#g-{}"/></svg>', kind, large, words, kind
    )


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon beside its word."""
    name = name if name in ICONS else "arrow"
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.inclusion_tag("components/shares.html")
def shares(items: Sequence[Share], counts: bool = True) -> dict[str, Any]:
    """Draw trials by ending as one stacked bar, with their counts below."""
    return {"segments": geometry.segments(items), "shares": [item for item in items if item.count], "counts": counts}


@register.inclusion_tag("components/meter.html")
def meter(share: float, kind: str = "", label: str = "") -> dict[str, Any]:
    """Draw a share of a whole as a thin bar."""
    return {"width": geometry.clamp(share), "kind": kind, "label": label, "share": share}


@register.inclusion_tag("components/interval.html")
def interval(wrong: WrongStops) -> dict[str, Any]:
    """Draw a proportion with its 95 % interval."""
    low, high = geometry.clamp(wrong.low), geometry.clamp(wrong.high)
    estimate = geometry.clamp(wrong.wrong / wrong.of) if wrong.of else 0.0
    return {"low": low, "width": round(high - low, 3), "estimate": estimate, "wrong": wrong}


@register.inclusion_tag("components/spark.html")
def spark(value: Spark, width: int = 140, height: int = 30) -> dict[str, Any]:
    """Draw a line without axes."""
    shape = geometry.spark_shape(value, width=width, height=height)
    end = shape.end or (0.0, 0.0)
    return {
        "shape": shape,
        # One path instead of a hundred squares: a list of studies has thousands.
        "cloud": "".join(f"M{x} {y}h1.4v1.4h-1.4z" for x, y in shape.cloud),
        "spark": value,
        "width": width,
        "height": height,
        "mark": {"x": end[0] - 4, "y": end[1] - 4},
    }


@register.inclusion_tag("components/place.html")
def place(where: float, width: int = 62) -> dict[str, Any]:
    """Draw where a value stands in its range."""
    return {"x": round(1 + geometry.clamp(where) * (width - 2) / 100, 1), "width": width}


@register.inclusion_tag("components/place_among.html")
def place_among(param: ParamPlace, kind: str) -> dict[str, Any]:
    """Draw a value in its range, the other trials as ticks, the best one as a ring."""
    return {
        "others": [geometry.clamp(other) for other in param.others],
        "best": None if param.best is None else geometry.clamp(param.best),
        "place": None if param.place is None else geometry.clamp(param.place),
        # An open hexagon would read as the ring of the best trial.
        "kind": "finished" if kind in {"control", "waiting"} else kind,
    }


@register.inclusion_tag("components/places.html")
def places(row: ParamRow, columns: Sequence[Compared]) -> dict[str, Any]:
    """Draw one parameter of all compared trials on its range."""
    dots = [
        (geometry.clamp(cell.place), column.letter)
        for cell, column in zip(row.cells, columns, strict=False)
        if cell.place is not None
    ]
    return {"dots": dots, "name": row.name}


@register.inclusion_tag("components/track.html")
def track(value: Track) -> dict[str, Any]:
    """Draw progress along the steps with the looks as strokes."""
    horizon = value.horizon or 1
    return {
        "done": geometry.clamp(value.step / horizon),
        "looks": [geometry.clamp(look / horizon) for look in value.looks],
        "tone": value.letter or value.kind,
        "track": value,
    }


@register.inclusion_tag("components/rank.html")
def rank(bar: RankBar, letter: str = "") -> dict[str, Any]:
    """Draw a rank against its quota."""
    return {
        "letter": letter or bar.letter,
        "place": geometry.rank_place(bar.rank, bar.of),
        "quota": geometry.quota_place(bar),
        "bar": bar,
    }


@register.inclusion_tag("components/strip.html")
def strip(spared: Sequence[Spared], best: float | None, width: int = 384) -> dict[str, Any]:
    """Draw the spared trials on a number line against the best value in hand."""
    values = [trial.value for trial in spared] + ([] if best is None else [best])
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    margin = 0.06 * (high - low) or 0.5
    low, high = low - margin, high + margin
    inner = width - 20
    marks, tallest = geometry.strip_marks(spared, low=low, high=high, width=inner)
    ticks = [(round(10 + inner * (at - low) / (high - low), 1), text) for at, text in geometry.round_ticks(low, high)]
    base = max(34, tallest * 9 + 12)
    return {
        "marks": [(round(10 + mark.x, 1), base - mark.y, mark.number) for mark in marks],
        "best": None if best is None else round(10 + inner * (best - low) / (high - low), 1),
        "best_text": "" if best is None else f"{best:.4g}",
        "best_at_right": best is not None and best - low > 0.6 * (high - low),
        "ticks": ticks,
        "base": base,
        "label_y": base + 16,
        "height": base + 22,
        "width": width,
    }


@register.inclusion_tag("components/range_picture.html")
def range_picture(picture: RangePicture) -> dict[str, Any]:
    """Draw a range within what may be searched."""
    return {"picture": picture, "width": round(max(picture.high - picture.low, 0.8), 2)}


@register.filter
def draft_risk(fields: Mapping[str, DraftField], name: str) -> DraftField:
    """Return the field of a policy's dial."""
    return fields[f"risk-{name}"]


@register.filter
def percent(share: float | None) -> str:
    """Write a share as a percentage with a thin space; tiny ones as "< 1 %"."""
    if share is None or math.isnan(share):
        return "–"
    if 0 < share < 0.01:
        return f"<{THIN_SPACE}1{THIN_SPACE}%"
    return f"{100 * share:.0f}{THIN_SPACE}%"


@register.filter
def at_most(share: float) -> str:
    """Write an upper limit, rounded up so that the claim holds."""
    return f"{math.ceil(100 * share - 1e-9)}{THIN_SPACE}%"


@register.filter
def interval_range(wrong: WrongStops) -> str:
    """Write an interval in percent, its upper end rounded up."""
    return f"{math.floor(100 * wrong.low + 1e-9)}–{at_most(wrong.high)}"


@register.filter
def initials(name: str) -> str:
    """Return up to two letters that stand for a person."""
    parts = [part for part in name.replace(".", " ").replace("_", " ").replace("-", " ").split() if part]
    return "".join(part[0] for part in parts[:2]).upper() or "?"


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Say how long ago something was; the script keeps it fresh."""
    if moment is None:
        return ""
    return format_html('<time datetime="{}" data-ago>{}</time>', moment.isoformat(), since(moment, timezone.now()))


@register.filter
def clock(moment: datetime | None) -> SafeString | str:
    """Write the time of day, with the full moment in the element."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), f"{local:%H:%M}")


def since(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was in the fewest words."""
    seconds = max((now - moment).total_seconds(), 0)
    if seconds < 60:
        return f"{seconds:.0f} s ago"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    local, today = timezone.localtime(moment), timezone.localtime(now).date()
    if local.date() == today:
        return f"{seconds // 3600:.0f} h ago"
    if local.date() == today - timedelta(days=1):
        return f"yesterday {local:%H:%M}"
    return date_format(local, "j M" if local.year == today.year else "j M Y")
