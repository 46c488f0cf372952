"""Sending one message, and what may be done about one that did not arrive."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
from collections.abc import Mapping
from typing import NamedTuple

import httpx
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from trials.alerts.targets import RefusedTarget, UnknownHost, resolve
from trials.models import Alert

SECONDS = 10.0
AGENT = "Espalier alerts"
SIGNATURE = "X-Espalier-Signature"
WORTH_TRYING_AGAIN = frozenset({408, 425, 429})
"""Answers below 500 that speak of the moment, not of the message."""


class Sent(NamedTuple):
    """What became of a message."""

    arrived: bool
    answer: str
    may_retry: bool = False


def send(alert: Alert, message: Mapping[str, object]) -> Sent:
    """Send a message to an alert's target; nothing is raised that the target could cause."""
    return _mail(alert, message) if alert.channel == Alert.Channel.EMAIL else _post(alert, message)


def signature(secret: str, body: bytes) -> str:
    """Return the header that lets a receiver check who sent a body: `sha256=` and its HMAC-SHA256 in hex."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _post(alert: Alert, message: Mapping[str, object]) -> Sent:
    try:
        target = resolve(alert.target)
    except RefusedTarget as error:
        return Sent(False, f"Not sent: {error}.", may_retry=isinstance(error, UnknownHost))
    body = json.dumps(message).encode()
    headers = {"Host": target.host_header, "Content-Type": "application/json", "User-Agent": AGENT}
    if alert.secret:
        headers[SIGNATURE] = signature(alert.secret, body)
    try:
        with (
            httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
            # The answer's body is of no use, and could be without end.
            client.stream(
                "POST", target.url, content=body, headers=headers, extensions={"sni_hostname": target.host}
            ) as response,
        ):
            return _judged(response)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return Sent(False, f"Not sent: {type(error).__name__}: {error}"[:500], may_retry=True)


def _judged(response: httpx.Response) -> Sent:
    code = response.status_code
    if response.is_success:
        return Sent(True, f"Answered {code}.")
    if response.is_redirect:
        where = response.headers.get("Location", "")[:200]
        return Sent(False, f"Answered {code}, a redirect to {where}, which is not followed: give the final address.")
    return Sent(False, f"Answered {code}.", may_retry=code >= 500 or code in WORTH_TRYING_AGAIN)


def _mail(alert: Alert, message: Mapping[str, object]) -> Sent:
    if not settings.EMAIL_HOST:
        return Sent(False, "Not sent: no mail server is set (ESPALIER_SMTP_URL).")
    subject = " ".join(f"[Espalier] {message['headline']}: {message.get('study', '')}".split()).rstrip(": ")[:200]
    lines = [str(message["sentence"]), str(message.get("url", "")), f"Sent because of the alert {alert.name!r}."]
    mail = EmailMessage(subject=subject, body="\n\n".join(filter(None, lines)), to=[alert.target])
    mail.connection = get_connection(timeout=SECONDS)
    try:
        mail.send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as error:
        return Sent(False, f"The mail server refused it: {error}"[:500])
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return Sent(False, f"Not sent: {type(error).__name__}: {error}"[:500], may_retry=True)
    return Sent(True, "Taken by the mail server.")
