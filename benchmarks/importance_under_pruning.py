"""How well importance is told from pruned studies: every reading's rank error against functions that are known.

    python benchmarks/importance_under_pruning.py --seeds 20 --kept var/importance
    python benchmarks/importance_under_pruning.py --seeds 2 --by-refits 24     # does the number of refits matter?

Studies of made-up training runs, whose final values are known functions of six parameters, are searched at random and
pruned by the product's own policies (`pruning.simulate`). The truth is each parameter's share of the variance of the
final rank, from 200,000 configurations trained to their ends. Every reading is explained as the page does it; its rank
error is the mean distance, in places, between a parameter's rank and its true one (0: all in order). Naive is to use
the finished trials alone. Differences are paired by study, with 95 % bootstrap intervals over the seeds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the repository is not installed

from pruning.policy import Policy
from pruning.simulate import Ended, Pool, Recording, Run, simulate
from trials.importance import Courses, Fate, Settings, coded, explain
from trials.importance.readings import FINISHED, IMPUTED, KEYS, ranked, unchecked
from trials.importance.refits import BY, FANOVA
from trials.space import Float, Space

Floats = NDArray[np.float64]
N_PARAMETERS, HORIZON, REPORTS = 6, 64, 16
STEPS = np.linspace(HORIZON / REPORTS, HORIZON, REPORTS).astype(np.int64)
SPACE = Space(tuple(Float(name=f"x{j}", low=0.0, high=1.0) for j in range(N_PARAMETERS)))
POLICIES: dict[str, object] = {
    "asynchronous halving": "fast",
    "median": {
        "looks": {"factor": 2.0},
        "gates": [{"rule": "divergence"}],
        "strategy": {"rule": "percentile", "keep": 50.0},
        "safeguards": {"control_every": 20},
    },
    "calibrated halving": "balanced",
}


def additive(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Return (start, pace, end) where five parameters add up; the curves' order is that of their ends early on."""
    end = x[:, 0] + 1.5 * (x[:, 1] - 0.5) ** 2 + 0.45 * x[:, 2] + 0.3 * np.sqrt(x[:, 3]) + 0.15 * x[:, 4]
    return np.full(len(x), 4.0), np.full(len(x), 5.0), end


def paired(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Return curves in which two parameters decide together, as a rate and a batch size do."""
    end = 0.9 * x[:, 0] + 2.5 * (x[:, 1] + x[:, 2] - 1) ** 2 * (0.4 + x[:, 1]) + 0.3 * x[:, 3] + 0.1 * x[:, 4]
    return 4 + 0.2 * x[:, 5], np.full(len(x), 5.0), end


def late(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Return curves in which x1 helps the end by slowing the way there, and x5 speeds the way without helping."""
    end = 0.8 * x[:, 0] - 0.7 * x[:, 1] + 0.35 * x[:, 2] + 0.2 * x[:, 3] + 0.05 * x[:, 4]
    return np.full(len(x), 3.0), 3 + 4 * x[:, 5] - 1.5 * x[:, 1], end


def cliff(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Return curves of which those with x0 beyond a cliff run away, the sooner the farther; below it x0 helps."""
    end = -0.9 * x[:, 0] + 0.6 * x[:, 1] + 1.2 * (x[:, 2] - 0.4) ** 2 + 0.2 * x[:, 3] + 0.08 * x[:, 4]
    return np.full(len(x), 4.0), np.full(len(x), 5.0), np.where(x[:, 0] > 0.85, np.nan, end)


FUNCTIONS: dict[str, Callable[[Floats], tuple[Floats, Floats, Floats]]] = {
    "additive": additive,
    "paired": paired,
    "late": late,
    "cliff": cliff,
}


def curves(
    function: Callable[[Floats], tuple[Floats, Floats, Floats]], x: Floats, random: np.random.Generator
) -> Floats:
    """Return every configuration's reports, float64[n, REPORTS]: exponential falls with noise; NaN once run away."""
    start, pace, end = function(x)
    at = STEPS / HORIZON
    left = np.exp(-pace[:, None] * at) - np.exp(-pace[:, None])
    told = np.nan_to_num(end, nan=2.0)[:, None] + (start - np.nan_to_num(end, nan=2.0))[:, None] * left
    told += random.normal(0, 0.03, told.shape)
    lost = np.isnan(end)
    when = np.where(lost, 0.1 + 0.8 * random.random(len(x)), 2.0)
    told[at[None, :] >= when[:, None]] = np.nan
    return told


def truth(name: str) -> Floats:
    """Return each parameter's own share of the variance of the final rank."""
    random = np.random.default_rng(12345)
    x = random.random((200_000, N_PARAMETERS))
    scores = ranked(FUNCTIONS[name](x)[2])
    cells = np.minimum((x * 64).astype(int), 63)
    means = [np.bincount(cells[:, j], scores, 64) / np.bincount(cells[:, j], minlength=64) for j in range(N_PARAMETERS)]
    shares = np.array([mean.var() for mean in means]) / scores.var()
    # What is left of a parameter without any effect is the noise of this estimate.
    return np.where(shares < 5e-4, 0.0, shares)


def courses_of(pool: Pool, run: Run, looks: tuple[int, ...]) -> Courses:
    """Return what the page would know of a simulated study after its end."""
    reasons = {
        judged.trial: judged.verdict.motive for judged in run.verdicts if judged.verdict.kind in ("STOP", "PAUSE")
    }
    fates = np.full(len(run.fates), int(Fate.OPEN), dtype=np.int8)
    values = np.full(len(run.fates), np.nan)
    at_looks = np.full((len(run.fates), len(looks)), np.nan)
    for number, fate in enumerate(run.fates):
        keys = pool.keys(number)[: fate.reports]
        steps = pool.recordings[number].curve.steps[: fate.reports]
        best = np.minimum.accumulate(keys)
        for k, look in enumerate(looks):
            if steps[-1] >= look:
                at_looks[number, k] = best[np.searchsorted(steps, look)]
        if fate.ended is Ended.COMPLETE:
            fates[number], values[number] = Fate.FINISHED, fate.best
        elif fate.ended in (Ended.PRUNED, Ended.PAUSED):
            fates[number] = Fate.BROKEN if reasons.get(number) == "risk" else Fate.STOPPED
    return Courses(fates, values, at_looks, looks)


def study(name: str, policy: Policy, *, seed: int, trials: int) -> tuple[list[dict[str, object]], Courses]:
    """Return the configurations of one pruned study, and its courses."""
    random = np.random.default_rng([seed, sum(map(ord, name))])
    x = random.random((trials, N_PARAMETERS))
    recordings = [Recording.of(str(k), STEPS, told) for k, told in enumerate(curves(FUNCTIONS[name], x, random))]
    pool = Pool(metric="val_loss", maximize=False, horizon=HORIZON, recordings=tuple(recordings))
    run = simulate(pool, policy, seed=seed)
    looks = tuple(policy.grid(horizon=HORIZON, report_steps=pool.report_steps()))
    return [dict(zip(SPACE.names, map(float, row), strict=True)) for row in x], courses_of(pool, run, looks)


def rank_error(shares: Floats, true: Floats) -> float:
    """Return the mean distance in places; shares that tie stand in the middle of their places."""
    return float(np.abs(rankdata(-true) - rankdata(-shares)).mean())


def errors(name: str, policy: Policy, true: Floats, *, seed: int, trials: int, refits: int) -> tuple[Floats, Floats]:
    """Return rank errors, float64[evaluators, readings], and how many trials each reading used."""
    configurations, courses = study(name, policy, seed=seed, trials=trials)
    cells = coded(SPACE, configurations)
    readings = unchecked(courses, cells.features())
    found = explain(SPACE, configurations, cells, readings, settings=Settings(refits=refits, seed=seed))
    rows = []
    for by in BY:
        shares = [
            np.array([interval[0] for interval in found["readings"][key]["by"][by]])
            if not found["readings"][key]["missing"]
            else np.zeros(N_PARAMETERS)
            for key in KEYS
        ]
        rows.append([rank_error(share, true) for share in shares])
    return np.array(rows), np.array([len(reading) for reading in readings])


def interval(differences: Floats) -> tuple[float, float, float]:
    """Return the mean difference with its 95 % bootstrap interval over the seeds."""
    random = np.random.default_rng(0)
    means = random.choice(differences, (4000, differences.size)).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(differences.mean()), float(low), float(high)


def played(name: str, asked: argparse.Namespace) -> dict[str, Floats]:
    """Return rank errors, float64[seeds, evaluators, readings], by policy; under `n ...` how many trials were used."""
    true, found = truth(name), {}
    for policy_name, wanted in POLICIES.items():
        policy = Policy.from_mapping(wanted)  # type: ignore[arg-type]
        runs = []
        for seed in range(asked.seeds):
            runs.append(errors(name, policy, true, seed=seed, trials=asked.trials, refits=asked.refits))
            print(f"{name}, {policy_name}: {seed + 1} of {asked.seeds}", file=sys.stderr, flush=True)
        found[f"{name}, {policy_name}"] = np.array([run[0] for run in runs])
        found[f"n {name}, {policy_name}"] = np.median([run[1] for run in runs], axis=0)
    return found


def by_refits(asked: argparse.Namespace) -> None:
    """Print fANOVA's rank error by how many refits its median is of, and how far that order is from the last one's."""
    counts = [n for n in (1, 2, 4, 8, 12, 24, 48) if n < asked.by_refits] + [asked.by_refits]
    found: list[Floats] = []
    for name in asked.only:
        true = truth(name)
        for policy in (Policy.from_mapping(wanted) for wanted in POLICIES.values()):  # type: ignore[arg-type]
            for seed in range(asked.seeds):
                found.append(steadiness(name, policy, true, counts, seed=seed, trials=asked.trials))
                print(f"{name}: {len(found)} studies", file=sys.stderr, flush=True)
    print(f"{len(found)} studies; the mean over them\n")
    print("| Refits | Finished | Expected end | Places from the last row's order, finished | expected end |")
    print("| -: " * 5 + "|")
    for count, row in zip(counts, np.mean(found, axis=0), strict=True):
        print(f"| {count} | {' | '.join(f'{cell:.2f}' for cell in row)} |")


def steadiness(name: str, policy: Policy, true: Floats, counts: Sequence[int], *, seed: int, trials: int) -> Floats:
    """Return, by number of refits, rank errors of the two readings and the distances of their orders to the last."""
    configurations, courses = study(name, policy, seed=seed, trials=trials)
    cells = coded(SPACE, configurations)
    readings = [one for one in unchecked(courses, cells.features()) if one.key in (FINISHED, IMPUTED)]
    fits = [
        explain(SPACE, configurations, cells, readings, settings=Settings(refits=1, seed=1_000 * seed + refit))
        for refit in range(counts[-1])
    ]
    shares = {
        key: np.array([[share[0] for share in fit["readings"][key]["by"][FANOVA]] for fit in fits])
        for key in (FINISHED, IMPUTED)
    }
    medians = {key: [np.median(shares[key][:count], axis=0) for count in counts] for key in shares}
    columns = [[rank_error(one, true) for one in medians[key]] for key in (FINISHED, IMPUTED)]
    columns += [[rank_error(one, medians[key][-1]) for one in medians[key]] for key in (FINISHED, IMPUTED)]
    return np.array(columns).T


def table(kept: dict[str, Floats], by: str) -> None:
    """Print one evaluator's rank errors, and each reading's difference to the naive one."""
    print(f"\n{by}: rank error, and its difference to the finished trials alone [95 % interval]\n")
    print("| Study, pruned by | Finished | " + " | ".join(f"{key}" for key in KEYS if key != FINISHED) + " |")
    print("| - " * (len(KEYS) + 1) + "|")
    studies = [name for name in kept if not name.startswith("n ")]
    place, rows = BY.index(by), []
    for name in studies:
        rows.append(kept[name][:, place])
        print(f"| {name} | {cells_of(rows[-1], int(kept[f'n {name}'][KEYS.index(FINISHED)]))} |")
    print(f"| all | {cells_of(np.concatenate(rows))} |")


def cells_of(found: Floats, n: int | None = None) -> str:
    """Return one row of the table: rank error of the finished trials, and the others' with their differences."""
    naive = found[:, KEYS.index(FINISHED)]
    used = f" (n {n})" if n is not None else ""
    parts = [f"{naive.mean():.2f}{used}"]
    for k, key in enumerate(KEYS):
        if key != FINISHED:
            _, low, high = interval(found[:, k] - naive)
            settled = "**" if high < 0 else ""
            parts.append(f"{found[:, k].mean():.2f} {settled}[{low:+.2f}, {high:+.2f}]{settled}".replace("-", "−"))
    return " | ".join(parts)


def main() -> None:
    """Play the studies asked for, or print the tables of what was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--trials", type=int, default=150)
    parser.add_argument("--refits", type=int, default=6)
    parser.add_argument("--only", choices=list(FUNCTIONS), nargs="+", default=list(FUNCTIONS))
    parser.add_argument("--kept", type=Path, help="the folder to keep errors in, one file per function")
    parser.add_argument("--by-refits", type=int, metavar="N", help="compare medians of one to N refits instead")
    parser.add_argument("--tables", action="store_true", help="play nothing: print the tables of what was kept")
    asked = parser.parse_args()
    if asked.by_refits:
        by_refits(asked)
        return
    if asked.kept is None:
        parser.error("--kept: name the folder to keep errors in, or compare numbers of refits with --by-refits N")
    asked.kept.mkdir(parents=True, exist_ok=True)
    if not asked.tables:
        for name in asked.only:
            np.savez(asked.kept / f"{name}.npz", **played(name, asked))
    files = [asked.kept / f"{name}.npz" for name in FUNCTIONS]
    kept = {name: found for file in files if file.exists() for name, found in np.load(file).items()}
    for name in FUNCTIONS:
        print(f"{name}: true shares {np.round(truth(name), 3).tolist()}")
    for by in BY:
        table(kept, by)


if __name__ == "__main__":
    main()
