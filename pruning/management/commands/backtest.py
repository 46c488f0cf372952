"""`manage.py backtest --curves DIR | --study ID ... --policies A,B,... --orders N --workers W --json OUT`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pruning.backtest import (
    NAMED,
    Cell,
    NothingToPlay,
    Plan,
    Scores,
    Skipped,
    Task,
    WorkFile,
    cells_of,
    fingerprints,
    planned,
    play,
    report,
    tables,
    undrawn,
)
from pruning.backtest.processes import processes
from pruning.curves import folder, studies
from pruning.management.policies import read_policies
from trials.management.finding import find_study
from trials.management.lines import Lines

DEFAULTS = "default,payoff,safe,fast,asha,hyperband,median,full"
ORDERS, WORKERS = 10, 4
MOST_ORDERS, MOST_WORKERS, MOST_JOBS = 10_000, 1_000, 256
BAR = 30


class Command(BaseCommand):
    """Play policies on recorded curves and say what each would have spent and lost."""

    help = (
        "What would these policies have done? Plays each on curves that are known to the end, by the code that judges "
        "live studies, and compares compute, regret and how often the best trial is lost. A run that was interrupted "
        "goes on where it was if --json is given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--curves", type=Path, metavar="DIR", help="folder with index.json and Parquet files")
        parser.add_argument("--tasks", default="", metavar="A,B", help="of that folder, those whose names begin so")
        parser.add_argument("--study", action="append", default=[], metavar="ID", help="ended study, by id or name")
        parser.add_argument(
            "--policies", default=DEFAULTS, metavar="A,B", help=f"files of YAML or JSON, or names: {', '.join(NAMED)}"
        )
        parser.add_argument("--against", metavar="NAME", help="the policy others are compared with (the first)")
        parser.add_argument("--orders", type=int, default=ORDERS, metavar="N", help="random orders of every study")
        parser.add_argument("--workers", type=int, default=WORKERS, metavar="W", help="trials that train at a time")
        parser.add_argument("--jobs", type=int, default=1, metavar="J", help="orders that are played at a time")
        parser.add_argument(
            "--json", type=Path, metavar="OUT", help="write the figures here, and finished cells beside"
        )

    def handle(self, *args: Any, **options: Any) -> str:
        _check(options)
        makers = read_policies(options["policies"])
        against = options["against"] or next(iter(makers))
        if against not in makers:
            raise CommandError(f"--against {against!r} is none of the policies played: {', '.join(makers)}")
        try:
            plan, skipped = planned(self._found(options), makers)
        except NothingToPlay as error:
            raise CommandError(str(error))
        self._say([*skipped, *(f"{task.name}: {told}" for task, _ in plan for told in task.warnings)])
        cells = self._played(plan, options)
        unlucky = undrawn(plan, {cell.task for cell in cells})
        self._say(unlucky)
        if not cells:
            raise CommandError("No order of any study could be played; see above.")
        scores = Scores(cells, list(makers))
        if options["json"]:
            told = report(
                scores,
                [task for task, _ in plan],
                against=against,
                workers=options["workers"],
                skipped=[*skipped, *unlucky],
                policies=fingerprints(plan, list(makers)),
            )
            _write(options["json"], told)
        return tables(scores, against=[against] if len(makers) > 1 else [])

    def _say(self, lines: Sequence[object]) -> None:
        for line in lines:
            self.stderr.write(str(line))

    def _found(self, options: Mapping[str, Any]) -> Iterator[Task | Skipped]:
        """Yield what the command line names, each study once."""
        if options["curves"]:
            try:
                yield from folder.tasks(options["curves"], wanted=_names(options["tasks"]))
            except folder.NotInLayout as error:
                raise CommandError(str(error))
        chosen = {study.pk: study for study in map(find_study, options["study"])}
        yield from map(studies.task_of, chosen.values())

    def _played(self, plan: Plan, options: Mapping[str, Any]) -> list[Cell]:
        orders, workers, jobs = options["orders"], options["workers"], options["jobs"]
        total = cells_of(plan, orders)
        cells: list[Cell] = []
        lines = Lines(sys.stderr)
        try:
            with _work(options["json"]) as work, processes(jobs) as others:
                for task, policies in plan:
                    for cell in play(
                        task, policies, orders=orders, workers=workers, work=work, processes=others, ahead=2 * jobs
                    ):
                        cells.append(cell)
                        lines.show(_bar(len(cells), total, task.name))
        except KeyboardInterrupt:
            kept = "the same command goes on there" if options["json"] else "nothing is kept without --json"
            raise CommandError(f"Stopped after {len(cells)} of {total} cells; {kept}.")
        except BrokenProcessPool:
            raise CommandError(
                f"A process of --jobs was killed after {len(cells)} of {total} cells; play fewer at a time."
            )
        finally:
            lines.end()
        return cells


def _check(options: Mapping[str, Any]) -> None:
    """Refuse what cannot be meant before anything is read."""
    if not options["curves"] and not options["study"]:
        raise CommandError("Name what to play on: --curves DIR, or --study ID (once for every study).")
    if options["tasks"] and not options["curves"]:
        raise CommandError("--tasks chooses among the tasks of a folder: give --curves DIR too.")
    for name, most in (("orders", MOST_ORDERS), ("workers", MOST_WORKERS), ("jobs", MOST_JOBS)):
        if not 1 <= options[name] <= most:
            raise CommandError(f"--{name} {options[name]}: give a number from 1 to {most}.")
    out = options["json"]
    if out and (out.is_dir() or not out.parent.is_dir()):
        raise CommandError(f"--json {out}: give the name of a file in a folder that exists.")


def _work(out: Path | None) -> WorkFile:
    path = out.with_name(f"{out.name}.cells.jsonl") if out else None
    try:
        return WorkFile(path)
    except OSError as error:
        raise CommandError(f"Finished cells cannot be kept in {path}: {error}")


def _write(out: Path, told: Mapping[str, object]) -> None:
    """Write the figures whole or not at all."""
    draft = out.with_name(f"{out.name}.draft")
    try:
        draft.write_text(json.dumps(told, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        draft.replace(out)
    except OSError as error:
        raise CommandError(f"{out} cannot be written: {error}")


def _bar(done: int, total: int, name: str) -> str:
    full = BAR * done // total
    return f"[{'#' * full}{'.' * (BAR - full)}] {done} of {total} cells: {name}"


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
