"""Tables of a backtest as Markdown: all families together, differences, every family, every study."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pruning.backtest.scores import Estimate, Scores, Summary

Number = Callable[[float], str]


def tables(scores: Scores, *, against: Sequence[str] = ()) -> str:
    """Return all tables; against: policies to which differences are shown."""
    total = scores.total()
    if total is None:
        return "\n".join(["No study fits every policy, so there is no total.", "", *_studies(scores)])
    differences = [line for name in against for line in (*_differences(total, name), "")]
    return "\n".join([*_total(scores, total), "", *differences, *_families(scores), "", *_studies(scores)])


def _total(scores: Scores, total: Summary) -> list[str]:
    played = f"{total.studies} tasks, {len(scores.families)} families, {scores.orders} orders."
    lines = [
        f"{played} Intervals: 95 %, bootstrap over {total.over}.",
        "",
        "| Policy | Compute | Regret [95 %] | Best lost [95 %] | Regret > 0.05 |",
        "| - | -: | - | - | -: |",
    ]
    for policy in total.policies:
        compute, regret, lost, material = (
            total.estimate(policy, name) for name in ("compute", "regret", "lost", "material")
        )
        lines.append(
            f"| {policy} | {_value(compute, _tenth)} % | {_value(regret, _fine)} {_range(regret, _fine)} "
            f"| {_value(lost, _whole)} % {_range(lost, _whole)} | {_value(material, _whole)} % |"
        )
    return lines


def _differences(total: Summary, reference: str) -> list[str]:
    """Return every policy's difference to one of them, paired by task and order."""
    lines = [
        f"Differences to {reference} [95 %]:",
        "",
        "| Policy | Compute | Regret | Best lost |",
        "| - | - | - | - |",
    ]
    for policy in total.policies:
        compute, regret, lost = (total.difference(policy, reference, name) for name in ("compute", "regret", "lost"))
        if policy != reference:
            lines.append(
                f"| {policy} | {_value(compute, _signed_tenth)} {_range(compute, _signed_tenth)} points "
                f"| {_value(regret, _signed_fine)} {_range(regret, _signed_fine)} "
                f"| {_value(lost, _signed_whole)} {_range(lost, _signed_whole)} points |"
            )
    return lines


def _families(scores: Scores) -> list[str]:
    families = {family: scores.family(family) for family in scores.families}
    lines = [
        "Compute / regret / best lost by family:",
        "",
        f"| Policy | {' | '.join(families)} |",
        f"| - | {' | '.join('-' for _ in families)} |",
    ]
    for policy in scores.policies:
        lines.append(f"| {policy} | {' | '.join(_triple(found, policy) for found in families.values())} |")
    return lines


def _studies(scores: Scores) -> list[str]:
    lines = [
        "Compute / regret / best lost by task:",
        "",
        f"| Task | {' | '.join(scores.policies)} |",
        f"| - | {' | '.join('-' for _ in scores.policies)} |",
    ]
    for _, study in scores.studies:
        found = scores.study(study)
        lines.append(f"| {study} | {' | '.join(_triple(found, policy) for policy in scores.policies)} |")
    return lines


def _triple(found: Summary, policy: str) -> str:
    if policy not in found.policies:
        return "not played"
    compute, regret, lost = (found.estimate(policy, name) for name in ("compute", "regret", "lost"))
    return f"{_value(compute, _whole)} % / {_value(regret, _short)} / {_value(lost, _whole)} %"


def _value(one: Estimate, number: Number) -> str:
    """Return the mean; where recordings leave it open its estimate (≈), or the bounds where there is none."""
    low, high = number(one.at_least), number(one.at_most)
    if low == high:
        return low
    return f"{low} to {high}" if one.value is None else f"≈{number(one.value)}"


def _range(one: Estimate, number: Number) -> str:
    low, high = one.ends or (one.low, one.high)
    return "[not known]" if low is None or high is None else f"[{number(low)}, {number(high)}]"


def _whole(share: float) -> str:
    return f"{100 * share:.0f}"


def _tenth(share: float) -> str:
    return f"{100 * share:.1f}"


def _signed_whole(share: float) -> str:
    return f"{100 * share:+.0f}"


def _signed_tenth(share: float) -> str:
    return f"{100 * share:+.1f}"


def _short(regret: float) -> str:
    return f"{regret:.3f}"


def _fine(regret: float) -> str:
    return f"{regret:.4f}"


def _signed_fine(regret: float) -> str:
    return f"{regret:+.4f}"
