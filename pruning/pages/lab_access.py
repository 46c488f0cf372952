"""Backtests as one person meets them, and what the address of a page chooses of their figures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from pruning.backtest.cells import FIGURES
from pruning.backtest.roles import OURS, PEER, REFERENCE
from pruning.backtest.scores import Summary
from pruning.lab.figures import Figures, View
from pruning.models import Backtest
from trials.models import Job

KNOWN_PEERS = ("hyperband", "asha", "median")


def visible_backtest(request: HttpRequest, backtest_id: int) -> Backtest:
    """Return the backtest if the person may see it and all that it played, else 404."""
    found = Backtest.objects.visible_to(request.user).select_related("project", "job", "created_by")
    return get_object_or_404(found, pk=backtest_id)


def editable_backtest(request: HttpRequest, backtest_id: int) -> Backtest:
    """Return the backtest for a change: 404 if the person may not see it, 403 if they may only read."""
    backtest = visible_backtest(request, backtest_id)
    if not Backtest.objects.editable_by(request.user).filter(pk=backtest_id).exists():
        raise PermissionDenied("You may read this project but not start anything in it; ask for the role of an editor.")
    return backtest


def deletable_backtest(request: HttpRequest, backtest_id: int) -> Backtest:
    """Return the backtest to be deleted: 404 if the person may not see it, 403 if it is not theirs to delete."""
    backtest = visible_backtest(request, backtest_id)
    if not Backtest.objects.deletable_by(request.user).filter(pk=backtest_id).exists():
        raise PermissionDenied("Whoever asked for a replay may delete it, and so may the project's owners.")
    return backtest


def done_backtest(request: HttpRequest, backtest_id: int) -> Backtest:
    """Return a backtest that has been played, else 404."""
    backtest = visible_backtest(request, backtest_id)
    if backtest.job.state != Job.State.DONE or backtest.job.result is None:
        raise Http404("It has not been played to its end.")
    return backtest


@dataclass(frozen=True)
class Chosen:
    """What of the figures is looked at."""

    figures: Figures
    view: View
    against: str
    figure: str
    """The one whose differences are drawn."""

    @classmethod
    def of(cls, request: HttpRequest, backtest: Backtest, figures: Figures) -> Chosen:
        """Read the address; what makes no sense counts as not asked."""
        key, against, figure = (request.GET.get(name, "") for name in ("view", "against", "of"))
        view = next((view for view in figures.views if view.key == key), figures.views[0])
        names = [name for name in figures.scores.policies if name in backtest.policy_names]
        return cls(
            figures,
            view,
            against if against in names else usual(backtest, figures, names),
            figure if figure in FIGURES else "regret",
        )

    @cached_property
    def summary(self) -> Summary:
        """Return the figures of the view."""
        return self.figures.summary(self.view)


def usual(backtest: Backtest, figures: Figures, names: list[str]) -> str:
    """Return what policies are compared with unless somebody says otherwise.

    That is the one named at the start; where that is ours, or nobody's, and somebody else's rule was played, that rule.
    """
    if backtest.against != backtest.policy_names[0] or figures.roles[backtest.against].kind == PEER:
        return backtest.against
    peers = [name for name in names if figures.roles[name].kind == PEER]
    return next(
        (name for name in KNOWN_PEERS if name in peers), peers[0] if peers else _not_reference(backtest, figures, names)
    )


def _not_reference(backtest: Backtest, figures: Figures, names: list[str]) -> str:
    if figures.roles[backtest.against].kind != REFERENCE:
        return backtest.against
    return next((name for name in names if figures.roles[name].kind == OURS), names[0])
