"""The page of one's alerts: what is told to whom, a test, and the log of what was sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trials.alerts import telling
from trials.alerts.forms import AlertForm
from trials.alerts.kinds import HEADLINES
from trials.alerts.targets import shown
from trials.models import Alert, Delivery

LOG_ROWS = 50
SOON = timedelta(minutes=1)
"""While a message is due this soon, the page looks what has become of it."""


class AlertRow(NamedTuple):
    """One alert, as the page shows it: no secret in it."""

    pk: int
    name: str
    about: str
    channel: str
    where: str
    kinds: Sequence[str]
    is_enabled: bool
    is_signed: bool


class LogRow(NamedTuple):
    """One message that was sent, or will be."""

    alert: str
    what: str
    study: str
    study_url: str
    sentence: str
    state: str
    glyph: str
    answer: str
    created_at: object
    due_at: object


@never_cache
@require_http_methods(["GET", "POST"])
def alerts(request: HttpRequest) -> HttpResponse:
    """Show one's alerts and those of the projects one owns; a POST adds one."""
    form = AlertForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        alert = _created(request, form)
        messages.success(request, f"{alert.name} is on. Send a test to see whether it arrives.")
        return redirect("trials:alerts")
    return _page(request, form, status=400 if form.is_bound else 200)


@never_cache
@require_GET
def alert_log(request: HttpRequest) -> HttpResponse:
    """Show the log alone: the page asks for it while a message is on its way."""
    mine = Alert.objects.manageable_by(request.user).values_list("pk", flat=True)
    return render(request, "trials/parts/alert_log.html", _log_context(list(mine)))


@require_POST
def test_alert(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a message that tests the target."""
    alert = _mine(request, pk)
    telling.test(alert, person=request.user.get_username(), at=timezone.now())
    messages.success(request, f"A test is on its way to {alert.name}: the log says what became of it.")
    return redirect("trials:alerts")


@require_POST
def switch_alert(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch an alert off, or on again."""
    alert = _mine(request, pk)
    Alert.objects.filter(pk=alert.pk).update(is_enabled=not alert.is_enabled)
    return redirect("trials:alerts")


@require_POST
def delete_alert(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an alert with its log."""
    _mine(request, pk).delete()
    return redirect("trials:alerts")


def _mine(request: HttpRequest, pk: int) -> Alert:
    return get_object_or_404(Alert.objects.manageable_by(request.user), pk=pk)


def _created(request: HttpRequest, form: AlertForm) -> Alert:
    said, project = form.cleaned_data, form.project
    return Alert.objects.create(
        user_id=None if project else request.user.pk,
        project=project,
        name=said["name"],
        channel=said["channel"],
        target=said["target"],
        secret=said["secret"] if said["channel"] == Alert.Channel.WEBHOOK else "",
        kinds=said["kinds"],
        created_at=timezone.now(),
    )


def _page(request: HttpRequest, form: AlertForm, *, status: int) -> HttpResponse:
    mine = list(Alert.objects.manageable_by(request.user).select_related("project", "user").order_by("name", "pk"))
    context = {
        "form": form,
        "alerts": [_row(alert) for alert in mine],
        **_log_context([alert.pk for alert in mine]),
        "has_mail": bool(settings.EMAIL_HOST),
        "live": None,
    }
    return render(request, "trials/alerts.html", context, status=status)


def _row(alert: Alert) -> AlertRow:
    return AlertRow(
        pk=alert.pk,
        name=alert.name,
        about=f"project {alert.project.name}" if alert.project else "studies I may see",
        channel=alert.get_channel_display(),
        where=shown(alert.channel, alert.target),
        kinds=[HEADLINES.get(kind, kind) for kind in alert.kinds],
        is_enabled=alert.is_enabled,
        is_signed=bool(alert.secret),
    )


STATES = {
    Delivery.State.SENT: ("Sent", "finished"),
    Delivery.State.FAILED: ("Given up", "failed"),
    Delivery.State.WAITING: ("Waiting", "waiting"),
}


def _log_context(alert_ids: Sequence[int]) -> dict[str, object]:
    soon = timezone.now() + SOON
    waits = Delivery.objects.filter(alert__in=alert_ids, state=Delivery.State.WAITING, due_at__lte=soon)
    return {"log": _log(alert_ids), "is_sending": waits.exists()}


def _log(alert_ids: Sequence[int]) -> list[LogRow]:
    """Return the newest messages of these alerts. Whoever may see an alert may see what it told."""
    rows = Delivery.objects.filter(alert__in=alert_ids).select_related("alert", "study").order_by("-created_at", "-pk")
    found = []
    for row in rows[:LOG_ROWS]:
        state, glyph = STATES[Delivery.State(row.state)]
        if row.state == Delivery.State.WAITING and row.n_attempts:
            state = f"Try {row.n_attempts + 1} to come"
        said: dict[str, str] = defaultdict(str, row.message)
        found.append(
            LogRow(
                alert=row.alert.name,
                what=HEADLINES.get(row.kind, row.kind),
                study=said["study"],
                study_url=row.study.get_absolute_url() if row.study else "",
                sentence=said["sentence"],
                state=state,
                glyph=glyph,
                answer=row.answer,
                created_at=row.created_at,
                due_at=row.due_at if row.state == Delivery.State.WAITING else None,
            )
        )
    return found
