"""Replay pruning policies on recorded curves: compute spent, regret, winners lost.

    nice -n 19 python benchmarks/replay.py --curves DIR --work replays.jsonl --orders 10

Every policy meets the same trials in the same orders (pools of min(100, 80 %) of a task's runs, drawn anew for
every order) with four asynchronous workers. A cell (task, order, policy) that the work file already holds is not
run again, so the program may be killed and started at will. Tables are printed, and written with --markdown.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import recorded  # noqa: E402  # the repository is not installed

from pruning.backtest import NAMED, Cell, Maker, Scores, WorkFile, play, tables  # noqa: E402
from pruning.backtest.named import asha, bare, full, percentile  # noqa: E402
from pruning.looks import Geometric  # noqa: E402
from pruning.policy import Policy  # noqa: E402
from pruning.rules.calibrated_halving import CalibratedHalving  # noqa: E402
from pruning.rules.divergence import Divergence  # noqa: E402
from pruning.safeguards import Safeguards  # noqa: E402
from pruning.simulate import Pool  # noqa: E402

DOUBLING = Geometric(first=1, factor=2.0)
PUBLISHED = ""
"""Stands for the digest of curves that never change."""


def gated(pool: Pool) -> Policy:
    """Return the divergence gate as it comes, alone."""
    return Policy(gates=(Divergence(),), safeguards=Safeguards(control_every=0))


def calibrated(*, control_every: int = 0, **settings: Any) -> Maker:
    return lambda pool: bare(CalibratedHalving(**settings), DOUBLING, pool, control_every=control_every)


def ahead(**settings: Any) -> Maker:
    """Return calibrated halving that pauses and ranks trials by where they are heading."""
    return calibrated(action="pause", by="ahead", **settings)


TAIL: Mapping[str, Any] = {"risk": 0.35, "tail": 0.1, "min_pairs_jump": 5}
"""One winner in ten may rank anywhere."""

POLICIES: Mapping[str, Maker] = {
    "full": full,
    "divergence": gated,
    "safe": NAMED["safe"],
    "balanced": NAMED["balanced"],
    "fast": NAMED["fast"],
    "asha 3": asha(3.0),
    "asha 2": asha(2.0),
    "median": percentile(50.0, "finished"),
    "median, all peers": percentile(50.0, "reached"),
    "percentile 25": percentile(25.0, "finished"),
    "stop 10 %": calibrated(risk=0.1),
    "stop 20 %": calibrated(risk=0.2),
    "stop 20 %, from 20": calibrated(risk=0.2, min_members=20),
    "stop payoff": calibrated(aim="payoff"),
    "stop tail 35 %": calibrated(**TAIL),
    "pause 5 %": calibrated(action="pause", risk=0.05),
    "pause 10 %": calibrated(action="pause", risk=0.1),
    "pause 20 %": calibrated(action="pause", risk=0.2),
    "pause 20 %, control": calibrated(action="pause", risk=0.2, control_every=20),
    "pause 20 %, wait 20": calibrated(action="pause", risk=0.2, wait=20),
    "pause 20 %, prior": calibrated(action="pause", risk=0.2, min_pairs=0, min_pairs_jump=0),
    "pause 50 %, prior": calibrated(action="pause", risk=0.5, min_pairs=0, min_pairs_jump=0),
    "pause 75 %, prior": calibrated(action="pause", risk=0.75, min_pairs=0, min_pairs_jump=0),
    "pause 20 %, 8 pairs": calibrated(action="pause", risk=0.2, min_pairs=8),
    "pause 35 %": calibrated(action="pause", risk=0.35),
    "pause payoff": calibrated(action="pause", aim="payoff"),
    "ahead 10 %": ahead(risk=0.1, lcb=0.5),
    "ahead 20 %": ahead(risk=0.2, lcb=0.5),
    "ahead 20 %, lcb 1": ahead(risk=0.2),
    "ahead 35 %": ahead(risk=0.35),
    "ahead 50 %": ahead(risk=0.5),
    "ahead 65 %": ahead(risk=0.65),
    "ahead 80 %, tail 0.2": ahead(risk=0.8, tail=0.2),
    "ahead 65 %, tail 0.15": ahead(risk=0.65, tail=0.15),
    "ahead 65 %, tail 0.2": ahead(risk=0.65, tail=0.2),
    "ahead 65 %, tail 0.3": ahead(risk=0.65, tail=0.3),
    "pause tail 35 %": calibrated(action="pause", **TAIL),
    "pause tail 35 %, wait 20": calibrated(action="pause", wait=20, **TAIL),
    "pause tail 35 %, prior": calibrated(action="pause", risk=0.35, tail=0.1, min_pairs=0, min_pairs_jump=0),
}


def main() -> None:
    """Read the arguments, run the cells that are missing, print the tables."""
    options = arguments()
    chosen = options.policies or list(POLICIES)
    cells: list[Cell] = []
    with WorkFile(options.work) as work:
        for task in recorded.tasks(options.curves, wanted=options.tasks):
            policies = {name: POLICIES[name](task.pool) for name in chosen}
            cells += play(task, policies, orders=options.orders, workers=options.workers, work=work, curves=PUBLISHED)
            print(f"{task.name}: {len(task.pool.recordings)} runs of {task.pool.horizon} reports", flush=True)
    text = tables(Scores(cells, chosen), against=options.against)
    print(text)
    if options.markdown:
        options.markdown.write_text(text + "\n")


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, required=True, help="folder with index.json and one Parquet file a task")
    parser.add_argument(
        "--work", type=Path, required=True, help="JSON-lines file of finished cells; continued if there"
    )
    parser.add_argument("--orders", type=int, default=10)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--tasks", nargs="*", default=(), help="beginnings of task names")
    parser.add_argument("--policies", nargs="*", choices=list(POLICIES), metavar="NAME", help=", ".join(POLICIES))
    parser.add_argument("--against", nargs="*", default=(), help="policies to which differences are shown")
    parser.add_argument("--markdown", type=Path, help="write the tables here too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
