"""The frontier as a picture: compute on a log scale, regret on a square-root scale, intervals as crosses. Plain SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.comparing.contestants import CONTESTANTS, OURS, REFERENCE, THEIRS
from pruning.backtest.scores import Summary

WIDTH, HEIGHT = 900, 640
LEFT, RIGHT, TOP, BOTTOM = 62, 28, 84, 54
COMPUTES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
REGRETS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
INK, MUTED, FAINT, GRID, PAPER = "#1a1a18", "#5f5f5a", "#bdbdb6", "#ecece7", "#fcfcfa"
FONT = "Inter, 'Helvetica Neue', Arial, sans-serif"
LINE, CHARACTER = 15, 6.3
"""Height of a line of text and mean width of a character, in pixels."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One contestant on the plane, in shares."""

    name: str
    group: str
    compute: tuple[float, float, float]
    """Lower end, mean, upper end."""
    regret: tuple[float, float, float]


@dataclass(frozen=True)
class Scale:
    """Where shares come to lie, in pixels."""

    least: float
    most: float
    worst: float

    def x(self, compute: float) -> float:
        """Return the column: logarithmic."""
        share = math.log(max(compute, self.least) / self.least) / math.log(self.most / self.least)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, regret: float) -> float:
        """Return the row: square root, so that small differences near 0 show."""
        share = math.sqrt(max(regret, 0.0) / self.worst)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def points(total: Summary) -> list[Point]:
    """Return every contestant of the picture."""
    found = []
    for name in total.policies:
        group = CONTESTANTS[name].group
        if group in {OURS, THEIRS, REFERENCE}:
            compute, regret = total.estimate(name, "compute"), total.estimate(name, "regret")
            found.append(
                Point(
                    name=name,
                    group=group,
                    compute=(_or(compute.low, compute.at_least), compute.at_least, _or(compute.high, compute.at_most)),
                    regret=(_or(regret.low, regret.at_least), regret.at_least, _or(regret.high, regret.at_most)),
                )
            )
    return found


def picture(found: Sequence[Point], *, title: str, subtitle: str) -> str:
    """Return the SVG."""
    tops = [regret for point in found for regret in point.regret]
    worst = next((tick for tick in REGRETS if tick >= max(tops)), max(tops))
    scale = Scale(min(0.04, *(point.compute[0] for point in found)), 1.05, max(worst, 0.01))
    body = [*_axes(scale), *_dominated(found, scale), *(line for point in found for line in _cross(point, scale))]
    body += [line for place in _labels(found, scale) for line in place]
    size = f'width="{WIDTH}" height="{HEIGHT}" font-family="{FONT}" font-size="12"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {size} role="img">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="desc">{escape(_said(found))}</desc>',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
            _text(LEFT, 24, title, size=16, weight=600),
            _text(LEFT, 44, subtitle, colour=MUTED),
            *body,
            "</svg>",
            "",
        ]
    )


def _axes(scale: Scale) -> list[str]:
    lines = []
    for regret in REGRETS:
        if regret <= scale.worst:
            y = scale.y(regret)
            lines.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')
            lines.append(_text(LEFT - 10, y + 4, f"{regret:g}", colour=MUTED, anchor="end"))
    for compute in COMPUTES:
        if scale.least <= compute <= scale.most:
            x, y = scale.x(compute), HEIGHT - BOTTOM
            lines.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 5}" stroke="{FAINT}"/>')
            lines.append(_text(x, y + 19, f"{100 * compute:.0f} %", colour=MUTED, anchor="middle"))
    below = HEIGHT - BOTTOM + 39
    lines.append(_text(WIDTH - RIGHT, below, "share of the compute of training everything", colour=MUTED, anchor="end"))
    lines.append(_text(LEFT - 10, TOP - 14, "regret", colour=MUTED, anchor="end"))
    lines.append(_text(LEFT, below, "cheaper to the left, better downwards", colour=MUTED))
    return lines


def _dominated(found: Sequence[Point], scale: Scale) -> list[str]:
    """Return the line through our settings, from the cheapest on."""
    ours = sorted((point for point in found if point.group == OURS), key=lambda point: point.compute[1])
    path = " ".join(f"{scale.x(point.compute[1]):.1f},{scale.y(point.regret[1]):.1f}" for point in ours)
    return [f'<polyline points="{path}" fill="none" stroke="{INK}" stroke-width="1" stroke-dasharray="2 4"/>']


def _cross(point: Point, scale: Scale) -> list[str]:
    x, y = scale.x(point.compute[1]), scale.y(point.regret[1])
    colour = INK if point.group == OURS else FAINT
    lines = [
        _segment(scale.x(point.compute[0]), y, scale.x(point.compute[2]), y, colour),
        _segment(x, scale.y(point.regret[0]), x, scale.y(point.regret[2]), colour),
    ]
    if point.group == OURS:
        lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{INK}"/>')
    elif point.group == THEIRS:
        lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{PAPER}" stroke="{MUTED}" stroke-width="1.5"/>')
    else:
        lines += [_segment(x - 6, y, x + 6, y, INK), _segment(x, y - 6, x, y + 6, INK)]
    return lines


def _labels(found: Sequence[Point], scale: Scale) -> list[list[str]]:
    """Return every name beside its point, where it covers as little as possible."""
    taken = [(scale.x(point.compute[1]) - 7, scale.y(point.regret[1]) - 7, 14.0, 14.0) for point in found]
    lines = []
    for point in sorted(found, key=lambda point: (point.group != OURS, point.compute[1])):
        x, y, width = scale.x(point.compute[1]), scale.y(point.regret[1]), CHARACTER * len(point.name)
        spots = [
            (x + dx + (-width if left else 0.0), y + dy)
            for reach in (9, 16, 26, 40)
            for dx, dy, left in (
                (reach, -reach / 2 - 3, False),
                (reach, reach / 2 + 10, False),
                (-reach, -reach / 2 - 3, True),
                (-reach, reach / 2 + 10, True),
            )
        ]
        left, base = min(spots, key=lambda spot: _covered((spot[0], spot[1] - LINE + 3, width, LINE), taken))
        taken.append((left, base - LINE + 3, width, LINE))
        bold = point.group == OURS
        label = _text(left, base, point.name, colour=INK if bold else MUTED, weight=600 if bold else 400)
        lines.append([*_leader(x, y, left, base - 4, width), label])
    return lines


def _leader(x: float, y: float, left: float, middle: float, width: float) -> list[str]:
    """Return a thin line from a point to its name, where the name could not stand close by."""
    near = left - 3 if left > x else left + width + 3
    if abs(near - x) + abs(middle - y) < 30:
        return []
    return [_segment(x, y, near, middle, FAINT)]


def _covered(box: tuple[float, float, float, float], taken: Sequence[tuple[float, float, float, float]]) -> float:
    """Return how much of others, or of what lies outside the picture, a box covers."""
    x, y, width, height = box
    outside = max(0.0, x + width - (WIDTH - 6)) + max(0.0, LEFT - x) + max(0.0, y + height - (HEIGHT - BOTTOM))
    overlaps = (
        max(0.0, min(x + width, a + w) - max(x, a)) * max(0.0, min(y + height, b + h) - max(y, b))
        for a, b, w, h in taken
    )
    return 50 * outside + sum(overlaps)


def _said(found: Sequence[Point]) -> str:
    """Return the picture in words."""
    return "; ".join(
        f"{point.name}: {100 * point.compute[1]:.0f} % of the compute, regret {point.regret[1]:.3f}" for point in found
    )


def _segment(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="1.2"/>'


def _text(
    x: float, y: float, text: str, *, colour: str = INK, size: int = 12, weight: int = 400, anchor: str = "start"
) -> str:
    style: Mapping[str, object] = {"fill": colour, "font-size": size, "font-weight": weight, "text-anchor": anchor}
    style = {**style, "paint-order": "stroke", "stroke": PAPER, "stroke-width": 3}
    told = " ".join(f'{name}="{value}"' for name, value in style.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" {told}>{escape(text)}</text>'


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
