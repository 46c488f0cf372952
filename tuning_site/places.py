"""The places that the bar on top of every page leads to."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True)
class Place:
    """One place of the site; `current` if the page belongs to it."""

    label: str
    url: str
    current: bool


def places(request: HttpRequest) -> dict[str, list[Place]]:
    """Give every template the site's places, in the order of `settings.SITE_PLACES` (a context processor)."""
    found = [(label, reverse(name)) for label, name in settings.SITE_PLACES]
    return {"places": [Place(label, url, _belongs(request.path, url)) for label, url in found]}


def _belongs(path: str, url: str) -> bool:
    return path == "/" or path.startswith("/studies/") if url == "/" else path.startswith(url)
