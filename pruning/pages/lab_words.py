"""The sentences of the lab: what is settled by the studies that were played, and what is not."""

from __future__ import annotations

from collections.abc import Sequence

from pruning.backtest.roles import OURS, REFERENCE
from pruning.backtest.scores import Estimate, Summary
from pruning.lab.figures import ORACLE, Figures
from pruning.models import Backtest
from pruning.pages.lab_table import is_settled, middle, reach, spelled
from pruning.rules.words import listed
from trials.pages.parts import Paragraph, Run
from trials.pages.words import counted, say, strong

NEAR = 0.03
"""So much more or less compute counts as the same."""
OPEN = 0.5
"""Bounds on how often the best is lost that lie so far apart say nothing."""


def title_of(shown: Backtest) -> str:
    """Return what a backtest is called: its name, or what it plays."""
    if shown.name:
        return shown.name
    names = shown.policy_names
    return (
        names[0] if len(names) == 1 else f"{names[0]} and {counted(len(names) - 1, 'other policy', 'other policies')}"
    )


def of_figures(figures: Figures, summary: Summary, *, against: str) -> list[Paragraph]:
    """Return what the figures say about the policies beside the one they are compared with."""
    others = [name for name in summary.policies if name != against and figures.roles[name].kind != REFERENCE]
    if against not in summary.policies:
        return [say(f"{against} was not played here, so nothing can be compared with it.")]
    if not others:
        return [say(*_alone(summary, against)), *_oracle(summary)]
    nearest = min(others, key=lambda name: _distance(figures, summary, name, against))
    paragraphs = [_nearest(summary, nearest, against), _rest(summary, others, nearest, against), *_oracle(summary)]
    return [paragraph for paragraph in paragraphs if paragraph]


def _distance(figures: Figures, summary: Summary, name: str, against: str) -> tuple[bool, float]:
    """Order by closeness in compute, ours first where the reference is somebody else's."""
    roles = figures.roles
    apart = abs(middle(summary.difference(name, against, "compute")))
    return roles[against].kind != OURS and roles[name].kind != OURS, apart


def _nearest(summary: Summary, name: str, against: str) -> Paragraph:
    apart = middle(summary.difference(name, against, "compute"))
    where = f"At {against}'s compute"
    if abs(apart) > NEAR:
        where = f"With {_points(abs(apart))} {'more' if apart > 0 else 'less'} compute than {against}"
    lost, regret = (summary.difference(name, against, figure) for figure in ("lost", "regret"))
    known = [summary.estimate(one, "lost") for one in (name, against)]
    if not any(one.at_most for one in known):
        return say(strong(f"{where}, neither {name} nor {against} loses the best trial"), " in any replay.")
    if any(one.value is None and one.at_most - one.at_least > OPEN for one in known):
        return say(
            strong(f"{where}, nobody knows how often {name} and {against} lose the best trial"),
            ": too many curves break off, and the control arm is too small to tell what would have become of them. "
            "Play on studies that trained more trials to their end.",
        )
    losses = _pair(summary, name, against, "lost", " of replays instead of ")
    regrets = _pair(summary, name, against, "regret", " against ")
    return say(
        strong(f"{where}, {name} loses the best trial in {losses}"),
        f"{_ruled(lost, summary, points=True)} Its regret is {regrets}",
        _ruled(regret, summary),
    )


def _pair(summary: Summary, name: str, against: str, figure: str, between: str) -> str:
    return between.join(spelled(summary.estimate(one, figure), figure) for one in (name, against))


def _ruled(one: Estimate, summary: Summary, *, points: bool = False) -> str:
    """Say whether a difference is settled, and how large it then is."""
    ends = reach(one)
    if ends is None:
        return ", one order of one study, which settles nothing."
    if _is_nothing(one):
        return ", in every replay alike."
    if not is_settled(one):
        return f", a difference that {_basis(summary)} not settle."
    low, high = sorted(map(abs, ends))
    size = abs(middle(one))
    if points:
        return f", {_points(size)} {'fewer' if ends[1] < 0 else 'more'} ({100 * low:.0f} to {100 * high:.0f})."
    return f", {'lower' if ends[1] < 0 else 'higher'} by {size:.3f} ({low:.3f} to {high:.3f})."


def _rest(summary: Summary, others: Sequence[str], nearest: str, against: str) -> Paragraph:
    """Say which other regrets are settled, from the cheapest policy on."""
    rest = [name for name in others if name != nearest]
    if not rest:
        return ()
    found = {name: summary.difference(name, against, "regret") for name in rest}
    lower = [name for name in rest if is_settled(found[name]) and middle(found[name]) < 0]
    higher = [name for name in rest if is_settled(found[name]) and middle(found[name]) > 0]
    told: list[str | Run] = []
    if lower:
        cheapest = min(lower, key=lambda name: summary.estimate(name, "compute").at_most)
        apart = middle(summary.difference(cheapest, against, "compute"))
        told += [
            f"With {_points(abs(apart))} {'more' if apart > 0 else 'less'} compute than {against}, ",
            f"{cheapest} does better: regret ",
            strong(spelled(summary.estimate(cheapest, "regret"), "regret")),
            _ruled(found[cheapest], summary),
        ]
        also = [name for name in lower if name != cheapest]
        told += [f" So {'does' if len(also) == 1 else 'do'} {listed(also)}."] if also else []
    if higher:
        cheaper = all(middle(summary.difference(name, against, "compute")) < 0 for name in higher)
        told.append(f" Beyond doubt worse{', for less compute' if cheaper else ''}: {listed(higher)}.")
    alike = [name for name in rest if _is_nothing(found[name])]
    if alike:
        told.append(f" The same regret in every replay as {against}: {listed(alike)}.")
    open_ = [name for name in rest if name not in lower and name not in higher and name not in alike]
    if open_:
        told.append(f" Not settled against {against}: the regret of {listed(open_)}.")
    return say(*told)


def _alone(summary: Summary, name: str) -> list[str | Run]:
    compute, lost = (summary.estimate(name, figure) for figure in ("compute", "lost"))
    return [
        strong(f"{name} spends {spelled(compute, 'compute')} of the compute of training everything"),
        f" and loses the best trial in {spelled(lost, 'lost')} of replays. Play another policy to compare it with.",
    ]


def _oracle(summary: Summary) -> list[Paragraph]:
    basis: list[Paragraph] = []
    if ORACLE in summary.policies:
        need = spelled(summary.estimate(ORACLE, "compute"), "compute")
        basis.append(say(f"Who knew the winner beforehand would need {need}."))
    if summary.studies == 1:
        basis.append(
            say(
                "One study: the intervals say how far the order of its trials matters, not what the next study will do."
            )
        )
    return basis


def _basis(summary: Summary) -> str:
    return "the orders of one study do" if summary.studies == 1 else f"{summary.studies} studies do"


def _is_nothing(one: Estimate) -> bool:
    return one.at_least == one.at_most == one.low == one.high == 0


def _points(share: float) -> str:
    n = round(100 * share)
    return counted(n, "point")
