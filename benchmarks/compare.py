"""Our policies beside Optuna's, Ray Tune's and Syne Tune's, by their own code in one simulation.

    pip install -r benchmarks/requirements-peers.txt
    nice -n 19 python benchmarks/compare.py --curves DIR --work cells.jsonl --out OUT

Everyone meets the same trials in the same orders with the same workers; a peer stands beside the setting of one grid of
ours whose compute lies nearest below its own. Sweeps of at least 30 runs are compared; tasks whose runs are compared by
seconds are kept for validation and reported apart. A cell that the work file holds is not played again, so the
program may be killed and started at will, also with libraries that do not fit into one environment: those absent here
are taken from the work file. Writes comparison.md, comparison.json and frontier.svg.

    python benchmarks/compare.py --quick

plays three small tasks that come with the repository, three orders, ours and Optuna's: about a minute.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.comparing import telling  # noqa: E402  # the repository is not installed
from benchmarks.comparing.autopsy import Autopsy, autopsy  # noqa: E402
from benchmarks.comparing.contestants import CONTESTANTS, GRID, ORACLE  # noqa: E402
from benchmarks.comparing.frontier import picture, points  # noqa: E402
from benchmarks.comparing.playing import Played, play  # noqa: E402
from benchmarks.comparing.verdicts import Loss, dial, losses, matches, oracle_distances  # noqa: E402
from benchmarks.peers.registry import PEERS  # noqa: E402
from pruning.backtest import Scores, WorkFile  # noqa: E402
from pruning.curves.folder import BY_SECONDS  # noqa: E402

EXTRACT = HERE / "data" / "recorded"
QUICK_ORDERS = 3
EXPLAINED = 12
"""So many of the worst losses are explained."""


def main() -> None:
    """Read the arguments, play what is missing, write what comes out."""
    options = arguments()
    began = time.monotonic()
    names = options.who or _chosen(options.quick)
    with WorkFile(options.work) as work:
        parts = []
        for title, wanted in (("Sweeps", ()), ("Validation", sorted(BY_SECONDS)))[: 1 if options.quick else 2]:
            played = play(
                options.curves,
                names,
                wanted=wanted,
                orders=options.orders if not wanted else options.validation_orders,
                workers=options.workers,
                processes=0 if options.only_tell else options.processes,
                work=work,
            )
            parts.append((title, played))
    if options.only_play:
        return
    text, plain = [_where(options.orders, options.workers)], {"versions": _versions()}
    for title, played in parts:
        section, data = _section(title, played, options)
        text, plain[title.lower()] = [*text, section], data
    spent = sum(cell.cpu_s for _, played in parts for cell in played.complete)
    text.append(f"CPU of all cells: {spent / 60:.0f} min; this run took {(time.monotonic() - began) / 60:.1f} min.")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "comparison.md").write_text("\n\n".join(text) + "\n")
    (options.out / "comparison.json").write_text(json.dumps(plain, indent=1) + "\n")
    print("\n\n".join(text))


def _chosen(is_quick: bool) -> list[str]:
    """Return who plays."""
    return [
        name
        for name, one in CONTESTANTS.items()
        if not is_quick or one.peer is None or one.peer.distribution == "optuna"
    ]


def _section(title: str, played: Played, options: argparse.Namespace) -> tuple[str, dict[str, object]]:
    """Return one set of tasks as text and data, and draw its picture."""
    scores, seen_scores = Scores(played.complete, played.names), Scores(played.seen, played.names)
    total, seen = scores.total(), seen_scores.total()
    if total is None or seen is None or ORACLE not in played.names or not set(GRID) & set(played.names):
        return f"### {title}\n\nNot played yet by ours and the oracle, in all of these orders.", {}
    found, distances = matches(total), oracle_distances(total)
    lost = losses(scores, found)
    explained = _explained(played, lost[:EXPLAINED], orders=scores.orders, workers=options.workers)
    cpu = {name: max(cell.cpu_s for cell in played.complete if cell.policy == name) for name in played.names}
    families = ", ".join(scores.families)
    head = f"{total.studies} tasks ({families}), {scores.orders} orders. Intervals: 95 %, bootstrap over {total.over}."
    lines = [f"### {title}", "", head, "", *telling.everyone(total, seen, distances, cpu), ""]
    lines += ["Ours beside every peer:", "", *telling.beside(found, total, seen), ""]
    lines += ["The dial:", "", *telling.dials(dial(scores, total, played.complete)), ""]
    lines += ["By family, ours less the peer:", "", *telling.by_family(scores, found), ""]
    lines += ["Where a peer does better:", "", *telling.lost_tasks(explained)]
    if played.absent:
        lines += ["", f"Not played: {', '.join(played.absent)}."]
    options.out.mkdir(parents=True, exist_ok=True)
    name = "frontier.svg" if title == "Sweeps" else f"frontier-{title.lower()}.svg"
    subtitle = f"{total.studies} tasks, {scores.orders} orders, {options.workers} workers; crosses are 95 % intervals"
    (options.out / name).write_text(picture(points(total), title="What it costs, what it loses", subtitle=subtitle))
    data: dict[str, object] = {
        "tasks": [task for _, task in scores.compared],
        "orders": scores.orders,
        "total": telling.plain_summary(total),
        "best_seen": telling.plain_summary(seen),
        "matches": [telling.plain_match(one) for one in found],
        "oracle": dict(distances),
        "losses": [{"task": one.task, "peer": one.peer, "regret": telling.plain_estimate(one.regret)} for one in lost],
    }
    return "\n".join(lines), data


def _explained(played: Played, lost: Sequence[Loss], *, orders: int, workers: int) -> list[tuple[Loss, Autopsy]]:
    tasks = {task.name: task for task in played.tasks}
    known: dict[tuple[str, str], Autopsy] = {}
    for one in lost:
        if (one.task, one.ours) not in known:
            known[one.task, one.ours] = autopsy(tasks[one.task], one.ours, orders=range(orders), workers=workers)
    return [(one, known[one.task, one.ours]) for one in lost]


def _where(orders: int, workers: int) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in _versions().items())
    return f"{orders} orders, {workers} workers. {platform.machine()}, Python {platform.python_version()}; {versions}."


def _versions() -> dict[str, str]:
    found = {}
    for name in ("numpy", "scipy", *sorted({peer.distribution for peer in PEERS.values()})):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, help="folder with index.json and one Parquet file a task")
    parser.add_argument("--work", type=Path, help="JSON-lines file of finished cells; continued if there")
    parser.add_argument("--out", type=Path, help="folder for comparison.md, comparison.json and frontier.svg")
    parser.add_argument("--orders", type=int, default=10)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--who", nargs="*", choices=list(CONTESTANTS), metavar="NAME", help=", ".join(CONTESTANTS).replace("%", "%%")
    )
    parser.add_argument("--only-play", action="store_true", help="fill the work file and write nothing else")
    parser.add_argument("--only-tell", action="store_true", help="play nothing, tell what the work file holds")
    parser.add_argument("--validation-orders", type=int, help="orders of the tasks kept for validation; as --orders")
    parser.add_argument("--quick", action="store_true", help="three small tasks, three orders, ours and Optuna's")
    options = parser.parse_args()
    if options.quick:
        options.curves, options.orders = options.curves or EXTRACT, QUICK_ORDERS
    options.validation_orders = options.validation_orders or options.orders
    if options.curves is None or not (options.out or options.only_play):
        parser.error("--curves and --out are needed, or --quick and --out")
    return options


if __name__ == "__main__":
    main()
