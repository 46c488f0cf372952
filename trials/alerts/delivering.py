"""Sending what is due: claimed one by one, tried again later and later, given up in the end."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from trials.alerts.sending import Sent, send
from trials.models import Delivery
from trials.sanitise import clean_text

S = Delivery.State
WAITS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4))
"""How long after each failure the next try is due; after the last there is none."""
CLAIM = timedelta(minutes=2)
"""What a process claimed is due again after so long, should it go away: it may arrive twice, never not at all."""
MOST_AT_ONCE = 20


def deliver_due(*, at: datetime | None = None) -> int:
    """Send the messages that are due; return how many were tried."""
    tried = 0
    due = Delivery.objects.filter(state=S.WAITING, due_at__lte=at or timezone.now()).order_by("due_at", "pk")
    for delivery in due.select_related("alert")[:MOST_AT_ONCE]:
        now = at or timezone.now()
        if _claim(delivery, now):
            _settle(delivery, send(delivery.alert, delivery.message), at=at or timezone.now())
            tried += 1
    return tried


def anything_due(*, at: datetime) -> bool:
    """Say whether a message is due."""
    return Delivery.objects.filter(state=S.WAITING, due_at__lte=at).exists()


def _claim(delivery: Delivery, at: datetime) -> bool:
    """Take a message for this process: False if another was faster."""
    still_due = Delivery.objects.filter(pk=delivery.pk, state=S.WAITING, due_at=delivery.due_at)
    won = still_due.update(due_at=at + CLAIM, n_attempts=F("n_attempts") + 1)
    delivery.n_attempts += won
    return won == 1


def _settle(delivery: Delivery, sent: Sent, *, at: datetime) -> None:
    answer = clean_text(sent.answer, max_length=500)
    mine = Delivery.objects.filter(pk=delivery.pk, state=S.WAITING, n_attempts=delivery.n_attempts)
    if sent.arrived:
        mine.update(state=S.SENT, answer=answer, ended_at=at)
    elif sent.may_retry and delivery.n_attempts <= len(WAITS):
        mine.update(answer=answer, due_at=at + WAITS[delivery.n_attempts - 1])
    else:
        mine.update(state=S.FAILED, answer=answer, ended_at=at)
