"""The figures of a backtest as rows: means with intervals, paired differences, and whether dials keep their promise."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from pruning.backtest.cells import FIGURES
from pruning.backtest.roles import OURS, PEER, REFERENCE, Role
from pruning.backtest.scores import Estimate, Summary
from pruning.lab.figures import Figures
from pruning.pages.lab_parts import Against, DialRow, Figure, PolicyRow
from trials.pages.words import NARROW_SPACE, signed

Number = Callable[[float], str]
HEADS: Mapping[str, str] = {
    "compute": "Compute",
    "regret": "Regret",
    "lost": "Best lost",
    "material": "Material loss",
}
UNKNOWN = "not known"


def rows(figures: Figures, summary: Summary, *, against: str, of: str) -> list[PolicyRow]:
    """Return a row per policy, ours first and the references last; of: the figure whose differences are drawn."""
    names = sorted(summary.policies, key=lambda name: _order(figures.roles[name], summary, name))
    differences = {
        name: summary.difference(name, against, of)
        for name in names
        if name != against and against in summary.policies and figures.roles[name].kind != REFERENCE
    }
    extent = max((abs(end) for one in differences.values() for end in _ends(one)), default=0.0) or 1.0
    return [
        PolicyRow(
            name=name,
            kind=figures.roles[name].kind,
            figures=[_figure(summary.estimate(name, figure), figure) for figure in FIGURES],
            against=_against(differences[name], of, extent) if name in differences else None,
            is_reference=name == against,
        )
        for name in names
    ]


def dial_rows(figures: Figures, summary: Summary) -> list[DialRow]:
    """Return what the policies with a dial promised and what came of it."""
    found = [(name, risk, summary.estimate(name, "lost")) for name, risk in figures.dial(summary)]
    most = max([*(risk for _, risk, _ in found), *(end for _, _, one in found for end in _ends(one))], default=0.0)
    scale = 100 / (1.15 * most or 1.0)
    return [_dial_row(name, risk, one, scale) for name, risk, one in found]


def spelled(one: Estimate, figure: str, *, difference: bool = False) -> str:
    """Return a mean in words, its estimate where recordings leave it open, or its bounds where there is none."""
    number = _number(figure, difference)
    if one.value is not None:
        return _with_unit(number(one.value), figure, difference)
    low, high = number(one.at_least), number(one.at_most)
    return _with_unit(low if low == high else f"{low} to {high}", figure, difference)


def interval(one: Estimate, figure: str, *, difference: bool = False) -> str:
    """Return a 95 % interval in words; empty where there is none, or bounds alone are known."""
    if one.ends is None:
        return ""
    return _span(one.ends, figure, difference)


def bounds(one: Estimate, figure: str) -> str:
    """Return the bounds of a figure that is estimated; empty where it is known, or the bounds stand for it."""
    if not one.is_open or one.value is None:
        return ""
    return f"bounds {_span((one.at_least, one.at_most), figure, False)}"


def middle(one: Estimate) -> float:
    """Return the point at which a figure is drawn: its value, else halfway between its bounds."""
    return (one.at_least + one.at_most) / 2 if one.value is None else one.value


def reach(one: Estimate) -> tuple[float, float] | None:
    """Return how far a figure may lie off: its interval, else that of its bounds; None where there is none."""
    if one.ends is not None:
        return one.ends
    return None if one.low is None or one.high is None else (one.low, one.high)


def is_settled(one: Estimate) -> bool:
    """Say whether an interval of a difference stays clear of nothing."""
    ends = reach(one)
    return ends is not None and (ends[0] > 0 or ends[1] < 0)


def _order(role: Role, summary: Summary, name: str) -> tuple[int, float, float]:
    """Return ours from the most careful on, then peers from the one that spends most, then references."""
    kinds = (OURS, PEER, REFERENCE)
    dial = role.risk if role.risk is not None else math.inf
    return kinds.index(role.kind), dial, -summary.estimate(name, "compute").at_most


def _figure(one: Estimate, figure: str) -> Figure:
    return Figure(spelled(one, figure), interval(one, figure), bounds(one, figure))


def _against(one: Estimate, figure: str, extent: float) -> Against:
    low, high = (50 + 48 * end / extent for end in _ends(one))
    mid = 50 + 48 * middle(one) / extent
    told = interval(one, figure, difference=True) or UNKNOWN
    text = spelled(one, figure, difference=True)
    return Against(
        text=text,
        low=round(low, 2),
        width=round(high - low, 2),
        mid=round(mid, 2),
        settled=is_settled(one),
        label=f"{text}, 95 % interval {told}{'' if is_settled(one) else ': reaches zero'}",
    )


def _dial_row(name: str, risk: float, one: Estimate, scale: float) -> DialRow:
    low, high = (max(0.0, end) for end in _ends(one))
    ends = reach(one)
    if ends is None:
        verdict = "not known"
    elif not ends[1]:
        verdict = "none lost: play more"  # an interval of nothing but zeros proves nothing
    elif ends[0] > risk:
        verdict = "promises too much"
    else:
        verdict = "kept" if ends[1] <= risk else "not settled"
    return DialRow(
        name=name,
        promised=round(risk * scale, 2),
        promised_text=_with_unit(_whole(risk), "lost", False),
        low=round(low * scale, 2),
        width=round((high - low) * scale, 2),
        mid=round(middle(one) * scale, 2),
        text=spelled(one, "lost"),
        interval=interval(one, "lost"),
        verdict=verdict,
    )


def _ends(one: Estimate) -> tuple[float, float]:
    """Return the interval, or the bounds where there is none."""
    return reach(one) or (one.at_least, one.at_most)


def _span(ends: tuple[float, float], figure: str, difference: bool) -> str:
    number, dash = _number(figure, difference), " to " if difference else "–"
    return _with_unit(f"{number(ends[0])}{dash}{number(ends[1])}", figure, difference)


def _number(figure: str, difference: bool) -> Number:
    if figure == "regret":
        return _signed_fine if difference else _fine
    return _signed_whole if difference else _whole


def _with_unit(text: str, figure: str, difference: bool) -> str:
    if figure == "regret":
        return text
    return f"{text} points" if difference else f"{text}{NARROW_SPACE}%"


def _whole(share: float) -> str:
    return f"{100 * share:.0f}"


def _fine(regret: float) -> str:
    return f"{regret:.3f}"


def _signed_whole(share: float) -> str:
    return _with_sign(_whole(share))


def _signed_fine(regret: float) -> str:
    return _with_sign(_fine(regret))


def _with_sign(text: str) -> str:
    """Return a number with its sign; what rounds to nothing has none."""
    if not float(text):
        return text.removeprefix("-")
    return signed(text) if text.startswith("-") else f"+{text}"
