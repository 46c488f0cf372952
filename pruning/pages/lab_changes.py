"""What a person may do to a backtest: have a failed one go on, rename it, delete it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from pruning.lab import sessions
from pruning.lab.deletions import forget
from pruning.models import Backtest
from pruning.pages.lab_access import deletable_backtest, editable_backtest
from pruning.pages.lab_words import title_of


@require_POST
def go_on(request: HttpRequest, backtest_id: int) -> HttpResponse:
    """Have a failed backtest go on; what was played is kept."""
    shown = editable_backtest(request, backtest_id)
    if sessions.go_on(shown):
        messages.success(request, "It goes on where it was as soon as a worker is free.")
    else:
        messages.info(request, "It has not failed: there is nothing to go on with.")
    return redirect(shown)


@require_POST
def rename(request: HttpRequest, backtest_id: int) -> HttpResponse:
    """Give a backtest another name; without one it is called after its policies."""
    shown = editable_backtest(request, backtest_id)
    sessions.rename(shown, request.POST.get("name", ""))
    messages.success(request, f"It is called {title_of(shown)} now.")
    return redirect(shown)


@require_POST
def delete(request: HttpRequest, backtest_id: int) -> HttpResponse:
    """Delete a backtest with its figures."""
    shown = deletable_backtest(request, backtest_id)
    title = title_of(shown)
    forget(Backtest.objects.filter(pk=shown.pk))
    messages.success(request, f"Deleted the replay {title}.")
    return redirect("pruning:lab")
