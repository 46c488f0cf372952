"""`manage.py backtest --curves DIR | --study ID ... --policies A,B,... --orders N --workers W --json OUT`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pruning.backtest import NAMED, Cell, Maker, Scores, Skipped, Task, WorkFile, fitting, play, report, tables
from pruning.curves import folder, studies
from pruning.management.policies import read_policies
from pruning.policy import Policy
from pruning.rules.settings import PolicyError
from trials.management.finding import find_study
from trials.management.lines import Lines

DEFAULTS = "default,payoff,safe,fast,asha,hyperband,median,full"
ORDERS, WORKERS = 10, 4
MOST_ORDERS, MOST_WORKERS = 10_000, 1_000
BAR = 30

Plan = list[tuple[Task, dict[str, Policy]]]
"""What is to be played: every task with the policies that fit it."""


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
        parser.add_argument(
            "--json", type=Path, metavar="OUT", help="write the figures here, and finished cells beside"
        )

    def handle(self, *args: Any, **options: Any) -> str:
        _check(options)
        makers = read_policies(options["policies"])
        against = options["against"] or next(iter(makers))
        if against not in makers:
            raise CommandError(f"--against {against!r} is none of the policies played: {', '.join(makers)}")
        plan, skipped = _plan(list(self._found(options)), makers)
        self._say([*skipped, *(f"{task.name}: {told}" for task, _ in plan for told in task.warnings)])
        cells = self._played(plan, options)
        played = {cell.task for cell in cells}
        unlucky = [_undrawn(task) for task, _ in plan if task.name not in played]
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
                policies=_fingerprints(plan, list(makers)),
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
        orders, workers = options["orders"], options["workers"]
        total = orders * sum(len(policies) for _, policies in plan)
        cells: list[Cell] = []
        lines = Lines(sys.stderr)
        try:
            with _work(options["json"]) as work:
                for task, policies in plan:
                    for cell in play(task, policies, orders=orders, workers=workers, work=work):
                        cells.append(cell)
                        lines.show(_bar(len(cells), total, task.name))
        except KeyboardInterrupt:
            kept = "the same command goes on there" if options["json"] else "nothing is kept without --json"
            raise CommandError(f"Stopped after {len(cells)} of {total} cells; {kept}.")
        finally:
            lines.end()
        return cells


def _check(options: Mapping[str, Any]) -> None:
    """Refuse what cannot be meant before anything is read."""
    if not options["curves"] and not options["study"]:
        raise CommandError("Name what to play on: --curves DIR, or --study ID (once for every study).")
    if options["tasks"] and not options["curves"]:
        raise CommandError("--tasks chooses among the tasks of a folder: give --curves DIR too.")
    for name, most in (("orders", MOST_ORDERS), ("workers", MOST_WORKERS)):
        if not 1 <= options[name] <= most:
            raise CommandError(f"--{name} {options[name]}: give a number from 1 to {most}.")
    out = options["json"]
    if out and (out.is_dir() or not out.parent.is_dir()):
        raise CommandError(f"--json {out}: give the name of a file in a folder that exists.")


def _plan(found: Sequence[Task | Skipped], makers: Mapping[str, Maker]) -> tuple[Plan, list[Skipped]]:
    """Return what can be played and what not; CommandError if nothing can, or a policy fits no study."""
    skipped = [one for one in found if isinstance(one, Skipped)]
    known = [one for one in found if isinstance(one, Task)]
    if not known:
        raise CommandError("\n".join(["There is nothing to play on.", *(f"  {one}" for one in skipped)]))
    plan: Plan = []
    for task in known:
        fit: dict[str, Policy] = {}
        for name, make in makers.items():
            try:
                fit[name] = fitting(make, task.pool)
            except PolicyError as error:
                skipped.append(Skipped(task=task.name, policy=name, reason="; ".join(map(str, error.problems))))
        if fit:
            plan.append((task, fit))
    for name in makers:
        if not any(name in fit for _, fit in plan):
            reasons = [f"  {one.task}: {one.reason}" for one in skipped if one.policy == name]
            raise CommandError("\n".join([f"The policy {name} fits none of the studies:", *reasons]))
    return plan, skipped


def _undrawn(task: Task) -> Skipped:
    return Skipped(
        task=task.name, reason="no order drew two complete curves that differ: let more trials run to an end"
    )


def _fingerprints(plan: Plan, names: Sequence[str]) -> dict[str, dict[str, str]]:
    return {
        name: {task.name: policies[name].fingerprint for task, policies in plan if name in policies} for name in names
    }


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
