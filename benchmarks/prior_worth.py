"""What past studies are worth to a new one: calibrated halving with several priors for its links, and with none.

    nice -n 19 python benchmarks/prior_worth.py --curves DIR --work prior-work --orders 10 --trials 20 40 100
    nice -n 19 python benchmarks/prior_worth.py --curves DIR --work prior-work --orders 10 --dial
    nice -n 19 python benchmarks/prior_worth.py --curves DIR --work prior-work --orders 6 --shift

Cards are those of the starter library, without the card of the study that is played, or without its whole family.
Orders, curves and the simulation are those of `search_default.py`; cells are kept in the work folder.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import recorded  # noqa: E402  # the repository is not installed
from search_default import Cells, values_of  # noqa: E402

from benchmarks.searching.ideas import Believing  # noqa: E402
from benchmarks.searching.past import Finished  # noqa: E402
from benchmarks.searching.priors import of_other_families, of_similar  # noqa: E402
from benchmarks.searching.rules import Halving  # noqa: E402
from benchmarks.searching.study import Study  # noqa: E402
from benchmarks.searching.tables import ByFamily, apart, mean_of, weights_of  # noqa: E402
from benchmarks.searching.variants import Maker  # noqa: E402
from pruning.backtest import Task  # noqa: E402
from pruning.library.measures import Measures, Point  # noqa: E402
from pruning.library.shift import shifts  # noqa: E402

Arm = Callable[[Task], Maker]
NONE = 1e-3
"""A prior that counts as good as nothing."""
OVERRATED = 0.1
DIALS = (0.05, 0.1, 0.2)


def plain(**settings: object) -> Arm:
    return lambda task: lambda: Halving(**settings)  # type: ignore[arg-type]


def believing(**settings: object) -> Arm:
    return lambda task: lambda: Believing(**settings)  # type: ignore[arg-type]


def with_others(rule: type[Halving], **settings: object) -> Arm:
    return lambda task: lambda: rule(prior=of_other_families(task.family), **settings)  # type: ignore[arg-type]


def with_similar(rule: type[Halving], **settings: object) -> Arm:
    return lambda task: lambda: rule(prior=of_similar(task.name).agreement, **settings)  # type: ignore[arg-type]


WORTH: Mapping[str, Arm] = {
    "no prior": plain(prior_weight=NONE),
    "general prior": plain(),
    "other families": with_others(Halving),
    "similar studies": with_similar(Halving),
    "similar studies, from the first trial on": with_similar(Believing),
}

DIAL: Mapping[str, Arm] = {
    "waits for its own pairs, 10 %": plain(risk=0.1),
    **{f"believes, {risk:.0%}": believing(risk=risk) for risk in DIALS},
    "believes other families, 10 %": with_others(Believing, risk=0.1),
    "believes, as 3 pairs, 10 %": believing(risk=0.1, prior_weight=3.0),
    "believes other families, as 3 pairs, 10 %": with_others(Believing, risk=0.1, prior_weight=3.0),
    "believes, 2 errors off young links, 10 %": believing(risk=0.1, young_lcb=2.0),
    "believes, 8 unselected, 10 %": believing(risk=0.1, unselected=8),
    "believes, tail 0.02, 10 %": believing(risk=0.1, tail=0.02),
}


def figures_of(arm: Arm, tasks: Sequence[Task], cells: Cells, orders: int) -> ByFamily:
    """Return an arm's figures per study, by family."""
    found: dict[str, list[np.ndarray]] = {}
    for task in tasks:
        results = [cells.result(arm(task), task, order) for order in range(orders)]
        found.setdefault(task.family, []).append(np.mean(results, axis=0))
    return {family: np.array(studies) for family, studies in sorted(found.items())}


def worth(tasks: Sequence[Task], cells: Cells, orders: int) -> Iterator[str]:
    """Yield what each prior buys, against none and against the general one."""
    figures = {name: figures_of(arm, tasks, cells, orders) for name, arm in WORTH.items()}
    none, general = figures["no prior"], figures["general prior"]
    weights = weights_of(none)
    yield "| Prior | Compute | Regret | Best lost | Compute, to none's | Regret, to none's | Regret, to the general's |"
    yield "| - | -: | -: | -: | - | - | - |"
    for name, own in figures.items():
        apart_from = (apart(own, none, weights, figure=0), apart(own, none, weights), apart(own, general, weights))
        yield f"| {name} | {_said(own)} | {' | '.join(apart_from)} |"


def dial(tasks: Sequence[Task], cells: Cells, orders: int) -> Iterator[str]:
    """Yield what is lost at each dial, in all and by family."""
    figures = {name: figures_of(arm, tasks, cells, orders) for name, arm in DIAL.items()}
    families = list(next(iter(figures.values())))
    yield f"| Dial | Compute | Regret | Best lost | {' | '.join(families)} |"
    yield "| - | -: | -: | -: |" + " -: |" * len(families)
    for name, own in figures.items():
        by = " | ".join(f"{100 * own[family][:, 2].mean():.0f} %" for family in families)
        yield f"| {name} | {_said(own)} | {by} |"


def _said(own: ByFamily) -> str:
    compute, regret, lost = mean_of(own)
    return f"{100 * compute:.1f} % | {regret:.4f} | {100 * lost:.0f} %"


def shift(tasks: Sequence[Task], orders: int) -> Iterator[str]:
    """Yield, by family, why the dial of 10 % that believes its prior loses winners, and whether the study says so.

    Where: the median share of the training at which the winner was left. Overrated: the agreement used there is more
    than 0.1 above that of all the pool's curves. A warning is looked for where a running study looks: the links to
    the end of training, as measured in the end, against the prior that the library gives; none without such a prior.
    """
    counts: dict[str, Counter[str]] = {}
    left: dict[str, list[float]] = {}
    for task in tasks:
        prior, count = of_similar(task.name), counts.setdefault(task.family, Counter())
        for order in range(orders):
            rule = Believing(risk=0.1)
            study = Study(values_of(task, order), rule)
            is_lost = bool(study.play()[2])
            observed = Measures(profile=tuple(_profile(rule)))
            is_warned = any("worth less" in one.sentence for one in shifts(observed, prior, (), horizon=study.horizon))
            count.update(runs=1, lost=is_lost, warned=is_warned, both=is_lost and is_warned, known=bool(prior.studies))
            winner = int(np.argmin(study.ends))
            if is_lost and winner in study.paused:
                look = study.paused[winner]
                left.setdefault(task.family, []).append(float(study.steps[look]) / study.horizon)
                count.update(overrated=_excess(rule, look) > OVERRATED)
    yield "| | Runs | With similar studies | Warned | Lost | Left at | Overrated | Lost and warned |"
    yield "| - | -: | -: | -: | -: | -: | -: | -: |"
    for family, count in sorted(counts.items()):
        told = [str(count[name]) for name in ("runs", "known", "warned", "lost", "overrated", "both")]
        where = f"{100 * median(left[family]):.0f} %" if family in left else "-"
        yield f"| {family} | {' | '.join([*told[:4], where, *told[4:]])} |"


def _profile(rule: Halving) -> Iterator[Point]:
    """Yield the links of all looks to the end of training."""
    study = rule.study
    ended = rule.normal(study.ends, study.looks)
    for look, step in enumerate(study.steps.tolist()):
        pairs, agreement = rule.measured(rule.normal(rule.keys[look], look), ended, look, study.looks)
        if agreement is not None:
            yield Point(share=step / study.horizon, agreement=agreement, pairs=pairs)


def _excess(rule: Halving, look: int) -> float:
    """Return by how much a look's order was taken to agree better with the end than it does over all trials."""
    study = rule.study
    whole = Finished("", study.values).agreement(rule.score, float(study.steps[look]) / study.horizon)
    return (rule.agreements[look] or 0.0) - whole


def main() -> None:
    """Read the arguments, play what is missing, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, required=True, help="folder with index.json and one Parquet file a task")
    parser.add_argument("--work", type=Path, default=Path("prior-work"), help="folder of finished cells; continued")
    parser.add_argument("--orders", type=int, default=10)
    parser.add_argument("--trials", type=int, nargs="*", default=(), help="sizes of study to play with every prior")
    parser.add_argument("--dial", action="store_true", help="what the dial loses that believes its prior at once")
    parser.add_argument("--shift", action="store_true", help="why it loses winners, and whether studies say so")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    tasks = list(recorded.tasks(options.curves))
    for trials in options.trials:
        cells = Cells(options.work / f"{trials}.jsonl", trials=trials)
        rows = worth(tasks, cells, options.orders)
        print("\n".join(["", f"**{trials} trials**, {options.orders} orders", "", *rows]), flush=True)
    if options.dial:
        rows = dial(tasks, Cells(options.work / "100.jsonl", trials=100), options.orders)
        print("\n".join(["", f"**the dial**, {options.orders} orders", "", *rows]), flush=True)
    if options.shift:
        print("\n".join(["", f"**shift**, {options.orders} orders", "", *shift(tasks, options.orders)]), flush=True)


if __name__ == "__main__":
    main()
