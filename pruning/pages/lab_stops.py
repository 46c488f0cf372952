"""One order of one study: who would have been stopped where, would-be-lost winners first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest
from django.urls import reverse

from pruning.backtest import Cell, Ending, Trace
from pruning.backtest.roles import REFERENCE
from pruning.backtest.traces import BEST, FINISHED, UNSEEN, WAITED, best_of
from pruning.lab.figures import Figures
from pruning.models import Backtest, BacktestCell, BacktestTask
from pruning.pages.lab_parts import Opened, Option, Said, StopCell, StopRow, Stops, Verdicts
from pruning.pages.words import GLYPHS
from pruning.rules.reasons import motive_of
from pruning.rules.words import listed
from pruning.simulate import draw_pool
from trials.models import Study
from trials.pages.parts import Paragraph
from trials.pages.selection import address
from trials.pages.words import NOT_TOLD, brief, counted, number, percent, say, whole


@dataclass(frozen=True, kw_only=True)
class Replay:
    """One order of one study as every policy played it."""

    task: BacktestTask
    order: int
    policies: Sequence[str]
    traces: Mapping[str, Trace]
    """By policy."""
    cells: Mapping[str, Sequence[Cell]]
    """Every order's cell by policy."""

    @cached_property
    def drawn(self) -> tuple[int, ...]:
        """Return the recordings of this order, in the order in which their trials began."""
        return draw_pool(name=self.task.name, size=len(self.task.names), order=self.order)

    @cached_property
    def best(self) -> list[int]:
        """Return the places, in the order, of the best trials, the winner first."""
        sign = -1.0 if self.task.picture["maximize"] else 1.0
        values = [self.task.values[place] for place in self.drawn]
        return best_of([math.inf if value is None else sign * value for value in values], BEST)

    def name(self, place: int) -> str:
        """Return a trial's name by its place in the order."""
        return str(self.task.names[self.drawn[place]])

    def stopped(self, place: int) -> list[str]:
        """Return the policies that would have stopped a trial before its end."""
        return [name for name in self.policies if is_stopped(self.traces[name].endings[place])]

    def find(self, name: str) -> int | None:
        """Return the place of one of the best trials by its name."""
        return next((place for place in self.best if self.name(place) == name), None)


def is_stopped(ending: Ending) -> bool:
    """Say whether a policy left a trial before its end."""
    return ending.kind not in {FINISHED, UNSEEN, WAITED}


def replay_of(figures: Figures, place: int, order: int | None = None) -> Replay | None:
    """Return an order of a study; without a number the one in which most policies lost the winner. None if unplayed."""
    known = figures.tasks.get(place)
    if known is None:
        return None
    task = BacktestTask.objects.get(pk=known.pk)
    played = [name for name in figures.scores.policies if name in task.policies]
    names = [name for name in played if figures.roles[name].kind != REFERENCE] or played
    by_print: dict[str, list[Cell]] = {}
    for row in BacktestCell.objects.filter(task=task).only("fingerprint", "line").order_by("order"):
        by_print.setdefault(row.fingerprint, []).append(row.to_cell())
    cells = {name: by_print.get(task.policies[name], []) for name in names}
    orders = sorted({cell.order for found in cells.values() for cell in found})
    if not orders or (order is not None and order not in orders):
        return None
    if order is None:
        losses = Counter(cell.order for found in cells.values() for cell in found if _lost(cell))
        order = max(orders, key=lambda one: (losses[one], -one))
    rows = BacktestCell.objects.filter(task=task, order=order, fingerprint__in={task.policies[name] for name in names})
    traces = {row.fingerprint: row.to_trace() for row in rows.only("fingerprint", "trace")}
    policies = [name for name in names if task.policies[name] in traces]
    return Replay(
        task=task,
        order=order,
        policies=policies,
        traces={name: traces[task.policies[name]] for name in policies},
        cells=cells,
    )


def stops_of(request: HttpRequest, backtest: Backtest, figures: Figures, replay: Replay) -> Stops:
    """Return what the page shows of an order."""
    task, picture = replay.task, replay.task.picture
    chosen = replay.find(request.GET.get("trial", ""))
    chosen = replay.best[0] if chosen is None and replay.best else chosen
    study = Study.objects.visible_to(request.user).filter(pk=task.study_id).first() if task.study_id else None
    here = reverse("pruning:backtest", args=[backtest.pk])
    orders = sorted({cell.order for found in replay.cells.values() for cell in found})
    return Stops(
        task=task.name,
        metric=str(picture["metric"]),
        sentences=[_sentence(replay)],
        policies=replay.policies,
        rows=[_row(replay, place, rank, here, request, chosen=chosen) for place, rank in _lost_first(replay)],
        lost=[_losses(replay.cells[name]) for name in replay.policies],
        spent=[_spent(replay, name) for name in replay.policies],
        note=_note(replay),
        tasks=[
            Option(str(place), one.name, place == task.place)
            for place, one in figures.tasks.items()
            if figures.scores.played(one.name)
        ],
        orders=[Option(str(one), f"Order {one + 1} of {backtest.orders}", one == replay.order) for one in orders],
        opened=_opened(replay, chosen, study, backtest) if chosen is not None else None,
    )


def _lost_first(replay: Replay) -> list[tuple[int, int]]:
    """Return (place, rank) of the best trials: those that some policy would have stopped first, then by rank."""
    ranked = [(place, rank) for rank, place in enumerate(replay.best, start=1)]
    return sorted(ranked, key=lambda one: (not replay.stopped(one[0]), one[1]))


def _row(replay: Replay, place: int, rank: int, here: str, request: HttpRequest, *, chosen: int | None) -> StopRow:
    url = address(here, request.GET, study=replay.task.place, order=replay.order, trial=replay.name(place))
    value = replay.task.values[replay.drawn[place]]
    stopped = replay.stopped(place)
    return StopRow(
        name=replay.name(place),
        url=f"{url}#stops",
        place=rank,
        value=NOT_TOLD if value is None else number(value),
        cells=[_cell(replay, name, place) for name in replay.policies],
        stopped_by=f"{len(stopped)} of {len(replay.policies)}",
        chosen=place == chosen,
    )


def _cell(replay: Replay, policy: str, place: int) -> StopCell:
    ending = replay.traces[policy].endings[place]
    share = 100 * ending.step / (replay.task.picture["horizon"] or 1)
    return StopCell(
        kind=glyph_of(ending),
        share=round(min(100.0, share), 2),
        step=whole(ending.step) if ending.kind != FINISHED else "",
        title=f"{policy}: {words_of(ending)}",
    )


def glyph_of(ending: Ending) -> str:
    """Return the glyph of how a trial ended under a policy."""
    return {UNSEEN: "paused", WAITED: "waiting"}.get(ending.kind, ending.kind)


def words_of(ending: Ending) -> str:
    """Return how a trial ended under a policy, in words."""
    if ending.kind == FINISHED:
        return "trained to its end"
    if ending.kind == UNSEEN:
        return f"would have gone on at step {whole(ending.step)}, where its recording breaks off"
    if ending.kind == WAITED:
        return "never began"
    how = "paused and not resumed" if ending.paused else "stopped"
    return f"{how} at step {whole(ending.step)}"


def _sentence(replay: Replay) -> Paragraph:
    if not replay.best:
        return ()
    winner = replay.best[0]
    stopped = replay.stopped(winner)
    name = replay.name(winner)
    kept = [policy for policy in replay.policies if policy not in stopped]
    if not stopped:
        told = f"The winner, trial {name}, is kept by every policy."
    else:
        by_step: dict[int, list[str]] = {}
        for policy in stopped:
            by_step.setdefault(replay.traces[policy].endings[winner].step, []).append(policy)
        where = "; ".join(f"at step {whole(step)} by {listed(names)}" for step, names in sorted(by_step.items()))
        told = f"The winner, trial {name}, would have been lost {where}."
        told += f" {listed(kept)} {'keeps' if len(kept) == 1 else 'keep'} it." if kept else ""
    most = max(replay.policies, key=lambda policy: _given_up(replay, policy))
    given_up = _given_up(replay, most)
    return say(told, f" Of the {len(replay.best)} best, {most} gives up {given_up}." if given_up else "")


def _given_up(replay: Replay, policy: str) -> int:
    return sum(is_stopped(replay.traces[policy].endings[place]) for place in replay.best)


def _note(replay: Replay) -> str:
    size, drawn = len(replay.task.names), len(replay.drawn)
    drawing = f"Each order draws {drawn} of the study's {counted(size, 'curve')}" if drawn < size else ""
    return f"{drawing}, with the same trials for every policy." if drawing else ""


def _spent(replay: Replay, policy: str) -> str:
    cell = next(cell for cell in replay.cells[policy] if cell.order == replay.order)
    low, high = percent(cell.figures[0]), percent(cell.worst[0])
    return low if low == high else f"{low} to {high}"


def _losses(cells: Sequence[Cell]) -> str:
    """Return in how many orders the best was lost; bounds where recordings break off."""
    least, most = sum(bool(cell.figures[2]) for cell in cells), sum(map(_lost, cells))
    return f"{least if least == most else f'{least} to {most}'} of {len(cells)}"


def _lost(cell: Cell) -> bool:
    return bool(cell.worst[2])


def _opened(replay: Replay, place: int, study: Study | None, backtest: Backtest) -> Opened:
    name = replay.name(place)
    numbered = study is not None and name.isdecimal()
    return Opened(
        name=name,
        url=reverse("trials:trial", args=[study.pk, int(name)]) if study is not None and numbered else "",
        curve_url=address(
            reverse("pruning:backtest_trial_json", args=[backtest.pk]),
            study=replay.task.place,
            order=replay.order,
            trial=name,
        ),
        verdicts=[
            Verdicts(
                policy=policy,
                kind=glyph_of(replay.traces[policy].endings[place]),
                ending=words_of(replay.traces[policy].endings[place]),
                said=[
                    Said(
                        whole(one.step), GLYPHS.get(one.kind) or motive_of(one.reason) or "stopped", brief(one.sentence)
                    )
                    for one in replay.traces[policy].told.get(place, ())
                ],
            )
            for policy in replay.policies
        ],
    )
