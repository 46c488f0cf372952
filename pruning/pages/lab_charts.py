"""What the lab's charts fetch: the frontier, and one trial with where each policy left it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from pruning.backtest.scores import Estimate, Summary
from pruning.lab.figures import Figures, figures_of
from pruning.models import Backtest
from pruning.pages.lab_access import Chosen, done_backtest
from pruning.pages.lab_stops import Replay, glyph_of, is_stopped, replay_of
from pruning.pages.lab_table import interval, middle, reach, spelled
from trials.charts.packing import Packed, gapped, pack, unpack
from trials.pages.live import json_if_changed


@require_GET
def frontier_json(request: HttpRequest, backtest_id: int) -> HttpResponse:
    """Return compute and regret of every policy with their intervals."""
    backtest = done_backtest(request, backtest_id)
    chosen = Chosen.of(request, backtest, figures_of(backtest))
    tag = f"{backtest.pk}-{backtest.job_id}-{chosen.view.key}-{chosen.against}"
    return json_if_changed(request, tag.encode("ascii", "xmlcharrefreplace").decode(), lambda: frontier(chosen))


@require_GET
def trial_json(request: HttpRequest, backtest_id: int) -> HttpResponse:
    """Return a trial's curve, and where each policy left it."""
    backtest = done_backtest(request, backtest_id)
    replay, place = _asked(request, figures_of(backtest))
    return JsonResponse(trial(replay, place))


@require_GET
def backtest_json(request: HttpRequest, backtest_id: int) -> HttpResponse:
    """Return the figures as `manage.py backtest --json` writes them, to be kept."""
    backtest: Backtest = done_backtest(request, backtest_id)
    response = JsonResponse(backtest.job.result, json_dumps_params={"indent": 1})
    response["Content-Disposition"] = f'attachment; filename="backtest-{backtest.pk}.json"'
    return response


def frontier(chosen: Chosen) -> dict[str, object]:
    """Return the JSON of docs/charts.md."""
    summary, figures = chosen.summary, chosen.figures
    return {
        "against": chosen.against if chosen.against in summary.policies else None,
        "dial": [name for name, _ in figures.dial(summary)],
        "policies": [
            {
                "name": name,
                "kind": figures.roles[name].kind,
                "risk": figures.roles[name].risk,
                **{figure: _plain(summary, name, figure) for figure in ("compute", "regret", "lost")},
            }
            for name in summary.policies
        ],
    }


def trial(replay: Replay, place: int) -> dict[str, object]:
    """Return the JSON of docs/charts.md."""
    picture: Mapping[str, Any] = replay.task.picture
    curves: Mapping[str, Mapping[str, Packed]] = picture["curves"]
    own = curves[replay.name(place)]
    others = [(rank, curves[replay.name(one)]) for rank, one in enumerate(replay.best) if one != place]
    joined = gapped(
        (rank, unpack(curve["x"]).astype(np.int64), unpack(curve["y"]).astype(np.float64)) for rank, curve in others
    )
    return {
        "objective": picture["metric"],
        "direction": "maximize" if picture["maximize"] else "minimize",
        "unit": picture["unit"],
        "horizon": picture["horizon"],
        "trial": replay.name(place),
        "own": own,
        "others": {"trials": joined.trials, "offsets": joined.offsets, "x": pack(joined.x), "y": pack(joined.y)},
        "band": picture["band"],
        "stops": _stops(replay, place, own),
    }


def _stops(replay: Replay, place: int, own: Mapping[str, Packed]) -> list[dict[str, object]]:
    """Return where the trial was left, with everybody who left it there."""
    x, y = unpack(own["x"]), unpack(own["y"])
    left: dict[tuple[int, str], list[str]] = {}
    for policy in replay.policies:
        ending = replay.traces[policy].endings[place]
        if is_stopped(ending):
            left.setdefault((ending.step, glyph_of(ending)), []).append(policy)
    return [
        {
            "step": step,
            "value": float(y[max(0, int((x <= step).sum()) - 1)]),
            "kind": kind,
            "policies": policies,
        }
        for (step, kind), policies in sorted(left.items())
    ]


def _plain(summary: Summary, name: str, figure: str) -> dict[str, object]:
    one: Estimate = summary.estimate(name, figure)
    low, high = reach(one) or (one.at_least, one.at_most)
    return {
        "value": middle(one),
        "low": low,
        "high": high,
        "text": spelled(one, figure),
        "interval": interval(one, figure),
    }


def _asked(request: HttpRequest, figures: Figures) -> tuple[Replay, int]:
    study, order = request.GET.get("study", ""), request.GET.get("order", "")
    if not all(text.isdecimal() and len(text) < 9 for text in (study, order)):
        raise Http404("There is no such order.")
    replay = replay_of(figures, int(study), int(order))
    place = replay.find(request.GET.get("trial", "")) if replay is not None else None
    if replay is None or place is None:
        raise Http404("There is no such trial among the best of this order.")
    return replay, place
