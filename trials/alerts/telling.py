"""Writing down what is to be told, in the transaction of what happened: no message of what was rolled back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from trials.alerts.kinds import HEADLINES, TEST
from trials.models import Alert, Delivery, Study
from trials.running import doorbell

MOST_AN_HOUR = 5
"""Messages of one kind about one study to one target: a broken machine must not fill a mailbox."""
HOUR = timedelta(hours=1)


def tell(kind: str, *, study: Study, key: str, sentence: str, at: datetime) -> int:
    """Tell everybody who wants to hear of it; return how many messages were written.

    `key` names what happened, once and for all: telling it again does nothing. The caller has opened a transaction.
    """
    alerts = Alert.objects.hearing(kind, study.project_id)
    made = [message for alert in alerts if (message := _message(alert, kind, study, key, sentence, at)) is not None]
    Delivery.objects.bulk_create(made, ignore_conflicts=True)
    if made:
        transaction.on_commit(doorbell.ask_for_deliveries)
    return len(made)


def test(alert: Alert, *, person: str, at: datetime) -> Delivery:
    """Write a message that tests the target; it is sent as any other is."""
    sentence = f"{person} asked for this message, to see whether {alert.name} arrives."
    delivery = Delivery.objects.create(
        alert=alert,
        kind=TEST,
        key=f"test:{at.isoformat()}",
        message=_said(TEST, None, sentence, at),
        due_at=at,
        created_at=at,
    )
    transaction.on_commit(doorbell.ask_for_deliveries)
    return delivery


def _message(alert: Alert, kind: str, study: Study, key: str, sentence: str, at: datetime) -> Delivery | None:
    """Return the message, or None if there were too many like it."""
    lately = Delivery.objects.filter(alert=alert, kind=kind, study=study, created_at__gt=at - HOUR).count()
    if lately >= MOST_AN_HOUR:
        return None
    if lately == MOST_AN_HOUR - 1:
        sentence = f"{sentence} That was the {MOST_AN_HOUR}th of its kind within an hour: more are not sent."
    message = _said(kind, study, sentence, at)
    return Delivery(alert=alert, study=study, kind=kind, key=key, message=message, due_at=at, created_at=at)


def _said(kind: str, study: Study | None, sentence: str, at: datetime) -> dict[str, object]:
    """Return what is sent. `text` is what chat services show of a webhook's message."""
    headline = HEADLINES[kind]
    where = f"{study.project.slug}/{study.name}" if study else ""
    said: dict[str, object] = {
        "event": kind,
        "headline": headline,
        "sentence": sentence,
        "text": f"{headline}{f': {where}' if where else ''}. {sentence}",
        "at": at.isoformat(timespec="seconds"),
    }
    if study:
        address = f"{settings.SITE_ADDRESS.rstrip('/')}{study.get_absolute_url()}"
        said |= {"study": study.name, "study_id": study.pk, "project": study.project.slug, "url": address}
    return said
