"""Replay pruning policies on recorded curves: compute spent, regret, winners lost.

    nice -n 19 python benchmarks/replay.py --curves DIR --work replays.jsonl --orders 10

Every policy meets the same trials in the same orders (pools of min(100, 80 %) of a task's runs, drawn anew for
every order) with four asynchronous workers. A cell (task, order, policy) that the work file already holds is not
run again, so the program may be killed and started at will. Tables are printed, and written with --markdown.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from io import RawIOBase
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import recorded  # noqa: E402  # the repository is not installed
import replay_tables  # noqa: E402

from pruning.looks import Geometric, Looks  # noqa: E402
from pruning.policy import Policy  # noqa: E402
from pruning.rules.asha import Asha  # noqa: E402
from pruning.rules.base import Rule  # noqa: E402
from pruning.rules.calibrated_halving import CalibratedHalving  # noqa: E402
from pruning.rules.divergence import Divergence  # noqa: E402
from pruning.rules.percentile import Percentile  # noqa: E402
from pruning.safeguards import Safeguards  # noqa: E402
from pruning.simulate import Pool, draw_pool, outcome_of, simulate  # noqa: E402

DOUBLING = Geometric(first=1, factor=2.0)
MOST_LOOKS = 60


def made(strategy: Rule | None, looks: Looks, pool: Pool, *, min_peers: int = 0, control_every: int = 0) -> Policy:
    """Return a policy whose gate stops what is not a number and nothing else, as all policies here do."""
    return Policy(
        looks=looks,
        gates=(Divergence(grace=pool.horizon),),
        strategy=strategy,
        safeguards=Safeguards(min_peers=min_peers, top_k=0, control_every=control_every),
    )


def full(pool: Pool) -> Policy:
    return made(None, (), pool)


def gated(pool: Pool) -> Policy:
    """Return the divergence gate as it comes, alone."""
    return Policy(gates=(Divergence(),), safeguards=Safeguards(control_every=0))


def preset(name: str) -> Callable[[Pool], Policy]:
    """Return a preset as it ships: other looks, the whole divergence gate, the control arm."""
    return lambda pool: Policy.from_mapping(name)


def asha(eta: float) -> Callable[[Pool], Policy]:
    return lambda pool: made(Asha(eta=eta), Geometric(first=1, factor=eta), pool)


def percentile(keep: float, peers: str) -> Callable[[Pool], Policy]:
    """Return a percentile cut at (almost) every report, from five peers on."""

    def make(pool: Pool) -> Policy:
        every = -(-pool.horizon // MOST_LOOKS)
        return made(Percentile(keep=keep, peers=peers), tuple(range(every, pool.horizon, every)), pool, min_peers=5)

    return make


def calibrated(*, control_every: int = 0, **settings: Any) -> Callable[[Pool], Policy]:
    return lambda pool: made(CalibratedHalving(**settings), DOUBLING, pool, control_every=control_every)


TAIL: Mapping[str, Any] = {"risk": 0.35, "tail": 0.1, "min_pairs_jump": 5}
"""One winner in ten may rank anywhere."""

POLICIES: Mapping[str, Callable[[Pool], Policy]] = {
    "full": full,
    "divergence": gated,
    "safe": preset("safe"),
    "balanced": preset("balanced"),
    "fast": preset("fast"),
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
    "pause tail 35 %": calibrated(action="pause", **TAIL),
    "pause tail 35 %, wait 20": calibrated(action="pause", wait=20, **TAIL),
    "pause tail 35 %, prior": calibrated(action="pause", risk=0.35, tail=0.1, min_pairs=0, min_pairs_jump=0),
}


def main() -> None:
    """Read the arguments, run the cells that are missing, print the tables."""
    options = arguments()
    finished = read_cells(options.work)
    chosen = options.policies or list(POLICIES)
    cells: list[dict[str, Any]] = []
    with options.work.open("a+b", buffering=0) as work:
        end_last_line(work)
        for family, task, pool in recorded.tasks(options.curves, wanted=options.tasks):
            for order in range(options.orders):
                drawn = pool.subset(draw_pool(name=task, size=len(pool.recordings), order=order))
                for name in chosen:
                    policy = POLICIES[name](pool)
                    key = (task, order, name, options.workers, policy.fingerprint)
                    if key not in finished:
                        what = {"family": family, "task": task, "order": order, "policy": name}
                        finished[key] = what | run_cell(policy, drawn, order=order, workers=options.workers)
                        work.write(json.dumps(finished[key]).encode() + b"\n")
                    cells.append(finished[key])
            print(f"{task}: {len(pool.recordings)} runs of {pool.horizon} reports", flush=True)
    text = replay_tables.tables(cells, chosen, against=options.against)
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


Key = tuple[str, int, str, int, str]
"""Task, order, policy, workers, the policy's fingerprint: a policy that was changed is run again."""


def read_cells(path: Path) -> dict[Key, dict[str, Any]]:
    """Return the finished cells; a line that was cut off is left out."""
    cells: dict[Key, dict[str, Any]] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            cell = json.loads(line)
        except ValueError:
            continue
        cells[cell["task"], cell["order"], cell["policy"], cell["workers"], cell["fingerprint"]] = cell
    return cells


def end_last_line(work: RawIOBase) -> None:
    """Close a line that was cut off, so that what follows stands on its own."""
    if work.tell() and (work.seek(-1, 2), work.read(1))[1] != b"\n":
        work.write(b"\n")


def run_cell(policy: Policy, pool: Pool, *, order: int, workers: int) -> dict[str, Any]:
    """Simulate one study and return what it was worth."""
    began = time.process_time()
    outcome = outcome_of(pool, simulate(pool, policy, workers=workers, seed=order))
    return {
        "workers": workers,
        "fingerprint": policy.fingerprint,
        "compute": outcome.compute,
        "regret": outcome.regret,
        "lost": outcome.lost,
        "material": outcome.is_material,
        "cpu_s": round(time.process_time() - began, 3),
    }


if __name__ == "__main__":
    main()
