"""A long study on real workers, killed with `kill -9` and started again, over and over.

    python benchmarks/kill_and_restart.py --trials 1000 --kills 10

The study's trials are simulated (they count to ten and report a falling loss, with a checkpoint at every step);
everything else is real: `manage.py up`, its workers, their children, the default broker and SQLite. Web server,
workers, clock and children are killed together at moments spread over the study. At the end the ledger must verify
and replay, every trial must have ended once, and no decision point may have been decided twice, but for a pause and
its resumption.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

import psutil  # noqa: E402

from tests.trials.running.bench import Bench  # noqa: E402

POLICY = {
    "looks": [2, 4],
    "gates": [{"rule": "divergence"}],
    "strategy": {"rule": "calibrated_halving", "action": "pause", "min_members": 3, "wait": 8, "min_keep": 1},
    "safeguards": {"min_peers": 3, "control_every": 10},
}
PORT = 8797


def kill_all(bench: Bench) -> int:
    """Kill everything that `up` has started, and itself, at once; return how many processes that were."""
    assert bench.up is not None
    processes = [psutil.Process(bench.up.pid), *psutil.Process(bench.up.pid).children(recursive=True)]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=20)
    bench.up.wait()
    return len(processes)


def begun(bench: Bench, study: int) -> int:
    """Return how many trials have begun; paused ones end only with the study."""
    return sum(trial["n_attempts"] > 0 for trial in bench.ask("trials", study_id=study))


def await_begun(bench: Bench, study: int, wanted: int, *, seconds: float = 1800) -> None:
    """Wait until so many trials have begun."""
    until = time.monotonic() + seconds
    while begun(bench, study) < wanted:
        if time.monotonic() > until:
            raise SystemExit(f"only {begun(bench, study)} of {wanted} trials began within {seconds:g} s")
        time.sleep(0.5)


def decided_twice(bench: Bench) -> tuple[int, list[str]]:
    """Return (verdicts at decision points, those that stand beside another but for PAUSE and RESUME)."""
    os.environ.update(bench.environment)
    import django

    django.setup()
    from pruning.models import PruningEvent

    said: dict[tuple[int, int], list[str]] = defaultdict(list)
    rows = PruningEvent.objects.filter(kind="verdict", step__in=POLICY["looks"]).order_by("sequence")
    for number, step, verdict, shadow in rows.values_list("trial_number", "step", "verdict", "shadow"):
        if not shadow:
            said[number, step].append(verdict)
    doubled = [
        f"trial {number} at step {step}: {', '.join(verdicts)}"
        for (number, step), verdicts in said.items()
        if len(verdicts) > 1 and verdicts != ["PAUSE", "RESUME"]
    ]
    return sum(map(len, said.values())), doubled


def play(bench: Bench, chosen: argparse.Namespace) -> tuple[int, int, list[str]]:
    """Run the study with its kills and check its ledger; return (trials, verdicts at looks, those decided twice)."""
    started = time.monotonic()
    bench.start_remote()
    bench.start_up("--slots", str(chosen.slots))
    study = bench.ask("launch", trials=chosen.trials, policy=POLICY)
    for kill in range(1, chosen.kills + 1):
        await_begun(bench, study, kill * chosen.trials // (chosen.kills + 1))
        time.sleep(0.1 * kill)  # another moment of a trial's life each time
        n = kill_all(bench)
        print(f"kill {kill}: {n} processes, {begun(bench, study)} trials had begun", flush=True)
        bench.start_up("--slots", str(chosen.slots))
    trials = bench.await_end(study, seconds=3600)
    states = Counter(trial["state"] for trial in trials)
    print(f"ended after {time.monotonic() - started:.0f} s: {dict(states)}", flush=True)
    bench.manage("ledger", "verify")
    bench.manage("ledger", "replay")
    return len(trials), *decided_twice(bench)


def main() -> None:
    """Run, kill, start again, check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--slots", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), port=PORT)
        try:
            n_trials, n_verdicts, doubled = play(bench, chosen)
        finally:
            bench.stop()
    print(f"the ledger verifies and replays; {n_verdicts} verdicts at looks, {len(doubled)} decided twice")
    if doubled or n_trials != chosen.trials:
        raise SystemExit("\n".join(doubled) or f"{n_trials} trials, not {chosen.trials}")


if __name__ == "__main__":
    main()
