"""The comparison as tables of Markdown and as plain data."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.comparing.autopsy import Autopsy
from benchmarks.comparing.contestants import AS_SHIPPED, CONTESTANTS, OURS, REFERENCE, THEIRS
from benchmarks.comparing.verdicts import DialReading, Loss, Match, ratio
from pruning.backtest import Scores
from pruning.backtest.cells import FIGURES
from pruning.backtest.scores import Estimate, Summary


def everyone(total: Summary, seen: Summary, distances: Sequence[tuple[str, float]], cpu: dict[str, float]) -> list[str]:
    """Return everyone's figures, each group from the cheapest on."""
    times = dict(distances)
    lines = [
        "| | Compute [95 %] | Regret [95 %] | Best lost [95 %] | > 0.05 | Best seen | Oracle's | CPU s an order |",
        "| - | - | - | - | -: | -: | -: | -: |",
    ]
    for group in (OURS, AS_SHIPPED, THEIRS, REFERENCE):
        members = [name for name in total.policies if CONTESTANTS[name].group == group]
        if members:
            lines.append(f"| *{group}* | | | | | | | |")
        for name in sorted(members, key=lambda name: total.estimate(name, "compute").at_most):
            compute, regret, lost, material = (total.estimate(name, figure) for figure in FIGURES)
            lines.append(
                f"| {name} | {_percent(compute, 1)} | {_plain(regret)} | {_percent(lost, 0)} "
                f"| {100 * material.at_most:.0f} % | {seen.estimate(name, 'regret').at_most:.4f} "
                f"| {f'{times[name]:.1f} ×' if name in times else '1'} | {cpu[name]:.2f} |"
            )
    return lines


def beside(found: Sequence[Match], total: Summary, seen: Summary | None = None) -> list[str]:
    """Return ours beside every peer. seen: also say what comes out if stopped trials count as in hand."""
    lines = [
        "| Peer | Its compute | Ours there | Compute | Regret | Ratio of regrets | Aimed at | Best lost |"
        + (" Ratio, best seen |" if seen else ""),
        "| - | -: | - | - | - | - | -: | - |" + (" - |" if seen else ""),
    ]
    for one in found:
        aimed = f"{one.target:.1f}{' at + 3 points' if one.allowance else ''}"
        mark = "**" if one.is_settled else ""
        lines.append(
            f"| {one.peer} | {100 * total.estimate(one.peer, 'compute').at_most:.1f} % "
            f"| {one.ours}{'' if one.is_below else ' (none is as cheap)'} | {_points(one.compute, 1)} "
            f"| {mark}{_signed(one.regret)}{mark} | {_ratio(one.ratio)} | {aimed}: {_yes(one.is_reached)} "
            f"| {_points(one.lost, 0)} |" + (f" {_seen_ratio(one, seen)} |" if seen else "")
        )
    return lines


def by_family(scores: Scores, found: Sequence[Match]) -> list[str]:
    """Return the differences in regret and compute, family by family."""
    families = scores.families
    lines = [f"| Peer | Ours | {' | '.join(families)} |", f"| - | - | {' | '.join('-' for _ in families)} |"]
    for one in found:
        cells = []
        for family in families:
            summary = scores.family(family)
            regret, compute = (summary.difference(one.ours, one.peer, name) for name in ("regret", "compute"))
            cells.append(f"{regret.at_most:+.3f} at {100 * compute.at_most:+.0f} points")
        lines.append(f"| {one.peer} | {one.ours} | {' | '.join(cells)} |")
    return lines


def dials(found: Sequence[DialReading]) -> list[str]:
    """Return what the dial promised and kept."""
    families = [family for family, _ in found[0].families] if found else []
    lines = [
        f"| Dial | Best lost [95 %] | Honest | Brier (of the base rate) | {' | '.join(families)} |",
        f"| - | - | - | - | {' | '.join('-:' for _ in families)} |",
    ]
    for one in found:
        by_family = " | ".join(f"{100 * lost:.0f} %" for _, lost in one.families)
        score = f"{one.brier.score:.3f} ({one.brier.reference:.3f})" if one.brier else ""
        head = f"| {100 * one.dial:.0f} % | {_percent(one.lost, 0)} | {_yes(one.is_honest)} | {score} |"
        lines.append(f"{head} {by_family} |")
    return lines


def lost_tasks(found: Sequence[tuple[Loss, Autopsy]]) -> list[str]:
    """Return where we lose, to whom, by how much and why."""
    lines = [
        "| Task | Peer | Ours | Regret | Best lost | Compute | The winner under ours |",
        "| - | - | - | - | - | - | - |",
    ]
    for loss, why in found:
        lines.append(
            f"| {loss.task} | {loss.peer} | {loss.ours} | {_signed(loss.regret)} | {_points(loss.lost, 0)} "
            f"| {100 * loss.compute.at_most:+.0f} points | {why.sentence} |"
        )
    return lines


def plain_estimate(one: Estimate) -> dict[str, float | None]:
    """Return an estimate for JSON."""
    return {"mean": one.mean, "low": one.low, "high": one.high}


def plain_summary(total: Summary) -> dict[str, object]:
    """Return everyone's figures for JSON."""
    return {
        name: {"group": CONTESTANTS[name].group}
        | {figure: plain_estimate(total.estimate(name, figure)) for figure in FIGURES}
        for name in total.policies
    }


def plain_match(one: Match) -> dict[str, object]:
    """Return ours beside a peer for JSON."""
    return {
        "peer": one.peer,
        "ours": one.ours,
        "is_below": one.is_below,
        "allowance": one.allowance,
        "aimed_at": one.target,
        "is_reached": one.is_reached,
        "is_settled": one.is_settled,
        "ratio": plain_estimate(one.ratio),
        "compute": plain_estimate(one.compute),
        "regret": plain_estimate(one.regret),
        "lost": plain_estimate(one.lost),
    }


def _seen_ratio(one: Match, seen: Summary) -> str:
    return _ratio(ratio(seen, one.ours, one.peer, "regret"))


def _yes(held: bool) -> str:
    return "yes" if held else "no"


def _percent(one: Estimate, digits: int) -> str:
    return f"{100 * one.at_most:.{digits}f} %{_range(one, 100, digits)}"


def _plain(one: Estimate) -> str:
    return f"{one.at_most:.4f}{_range(one, 1, 4)}"


def _ratio(one: Estimate) -> str:
    return f"{one.at_most:.2f}{_range(one, 1, 2)}"


def _points(one: Estimate, digits: int) -> str:
    return f"{100 * one.at_most:+.{digits}f}{_range(one, 100, digits, '+')} points"


def _signed(one: Estimate) -> str:
    return f"{one.at_most:+.4f}{_range(one, 1, 4, '+')}"


def _range(one: Estimate, times: float, digits: int, sign: str = "") -> str:
    if one.low is None or one.high is None:
        return ""
    return f" [{times * one.low:{sign}.{digits}f}, {times * one.high:{sign}.{digits}f}]"
