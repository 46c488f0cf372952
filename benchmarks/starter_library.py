"""Make the starter library: one card per recorded task, shipped as `pruning/library/starter.json`.

    nice -n 19 python benchmarks/starter_library.py --curves DIR --work starter-work --orders 10

DIR is a folder of recorded curves as `manage.py backtest --curves` reads it; the curves recorded here
(`benchmarks/data`) are taken along. Tasks that are compared by seconds (AlgoPerf) are left out: they stay untouched to
validate on. A task whose card lies in the work folder already is not played again, unless a policy has changed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import recorded  # noqa: E402  # the repository is not installed

from pruning.backtest import NAMED, Task  # noqa: E402
from pruning.backtest.scores import Estimate  # noqa: E402
from pruning.curves.folder import index  # noqa: E402
from pruning.library.card import FIGURES, Card, Played, Provenance  # noqa: E402
from pruning.library.descriptors import Descriptors  # noqa: E402
from pruning.library.measures import Measures, measured  # noqa: E402
from pruning.library.playing import makers, played  # noqa: E402

OUT = HERE.parent / "pruning" / "library" / "starter.json"
MOST_BYTES = 200_000
DIGITS = 4
WORDS: Mapping[str, tuple[str, ...]] = {
    "taskset": ("text", "classification", "rnn"),
    "deepobs": ("image", "classification", "cnn"),
    "deepobs__mnist_vae": ("image", "autoencoder", "vae"),
    "deepobs__quadratic_deep": ("synthetic", "quadratic"),
    "stepback": ("image", "classification", "cnn"),
    "stepback__cifar10_vit": ("image", "classification", "transformer"),
    "stepback__mnist_mlp": ("image", "classification", "mlp"),
    "brax_ppo": ("control", "reinforcement learning", "ppo"),
    "bert_ft": ("text", "classification", "transformer", "fine-tuning"),
    "lora_lm": ("language", "model", "transformer", "fine-tuning"),
}
"""What each benchmark, or one task of it, trains; from the sources' own descriptions."""
TRAINABLES = {"lora_lm": "lora_lm"}


def main() -> None:
    """Make, or finish, the file."""
    arguments = _arguments()
    arguments.work.mkdir(parents=True, exist_ok=True)
    cards = [
        _card(task, entry, arguments) for folder in (arguments.curves, HERE / "data") for task, entry in _tasks(folder)
    ]
    told = {"made": _provenance(arguments), "cards": [card.to_mapping() for card in cards]}
    text = json.dumps(told, separators=(",", ":"), allow_nan=False, sort_keys=True) + "\n"
    if len(text) > MOST_BYTES:
        raise SystemExit(f"{len(text)} bytes: more than {MOST_BYTES}; leave policies out")
    arguments.out.write_text(text, encoding="utf-8")
    print(f"{len(cards)} cards, {len(text)} bytes: {arguments.out}")


def _tasks(folder: Path) -> Iterator[tuple[Task, Mapping[str, Any]]]:
    entries = {entry["name"]: entry for entry in index(folder)}
    for task in recorded.tasks(folder):
        yield task, entries[task.name]


def _card(task: Task, entry: Mapping[str, Any], arguments: argparse.Namespace) -> Card:
    kept = arguments.work / f"{task.name}.json"
    if kept.exists():
        card = Card.from_mapping(json.loads(kept.read_text(encoding="utf-8")))
        if _is_current(card, arguments.orders):
            return card
    began = time.process_time()
    card = Card(
        name=task.name,
        family=task.family,
        descriptors=_descriptors(task, entry),
        measures=_rounded_measures(measured(task.pool)),
        played=tuple(map(_rounded, played(task, makers(), orders=arguments.orders))),
        provenance=_source(task, entry),
    )
    kept.write_text(json.dumps(card.to_mapping()), encoding="utf-8")
    print(f"{task.name}: {time.process_time() - began:.0f} s of CPU", flush=True)
    return card


def _is_current(card: Card, orders: int) -> bool:
    """Say whether a kept card tells of the policies as they are now."""
    presets = [NAMED[name](None) for name in ("safe", "balanced", "payoff", "fast")]  # type: ignore[arg-type]
    enough = all(one.orders == orders for one in card.played)
    return enough and all(card.of(policy.fingerprint) is not None for policy in presets)


def _descriptors(task: Task, entry: Mapping[str, Any]) -> Descriptors:
    pool = task.pool
    return Descriptors(
        metric=pool.metric,
        direction="maximize" if pool.maximize else "minimize",
        unit=entry.get("step_unit", "steps").split("(")[0].strip(),
        horizon=pool.horizon,
        reports=len(pool.report_steps()),
        trainable=TRAINABLES.get(task.family, ""),
        tags=WORDS.get(task.name) or WORDS.get(task.family, ()),
        parameters=tuple(name.removeprefix("hp_") for name in entry.get("hyperparameters", ())),
    )


def _source(task: Task, entry: Mapping[str, Any]) -> Provenance:
    source = entry["source"]
    if "repo" in source:
        text = f"{source['repo']} at {source['commit'][:12]}, {source['path']}"
    else:
        text = f"recorded by {source['program']}"
    return Provenance(
        source=text,
        licence=source["licence"],
        made_by=source.get("repo", "this project"),
        made_at=datetime.now(UTC).date().isoformat(),
        code=_commit(),
        digest=task.digest,
        note=f"{len(task.pool.recordings)} complete runs. {task.left_out}".strip(),
    )


def _provenance(arguments: argparse.Namespace) -> dict[str, object]:
    return {
        "by": "benchmarks/starter_library.py",
        "orders": arguments.orders,
        "note": "Every figure was computed from curves that others recorded and published, or that are recorded here. "
        "Not drawn from: AlgoPerf, which is kept to validate on.",
    }


def _rounded(one: Played) -> Played:
    return replace(one, **{figure: _short(getattr(one, figure)) for figure in FIGURES})


def _short(one: Estimate) -> Estimate:
    low, high = (None if value is None else round(value, DIGITS) for value in (one.low, one.high))
    return Estimate(at_least=round(one.at_least, DIGITS), at_most=round(one.at_most, DIGITS), low=low, high=high)


def _rounded_measures(found: Measures) -> Measures:
    def short(value: float | None) -> float | None:
        return None if value is None else round(value, DIGITS)

    points = tuple(
        replace(point, share=round(point.share, DIGITS), agreement=round(point.agreement, DIGITS))
        for point in found.profile
    )
    return replace(
        found,
        profile=points,
        noise=short(found.noise),
        diverged=round(found.diverged, DIGITS),
        crossing=short(found.crossing),
        ties=round(found.ties, DIGITS),
    )


def _commit() -> str:
    done = subprocess.run(["git", "-C", str(HERE), "rev-parse", "--short=12", "HEAD"], capture_output=True, check=False)
    return done.stdout.decode().strip() or "unknown"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for finished cards")
    parser.add_argument("--orders", type=int, default=10)
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
