"""One connection to the server: JSON out, JSON in, and retries that end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from trials.client.errors import ServerAway, refusal

TIMEOUT_SECONDS = 10.0
SHORTEST_TIMEOUT_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 15.0
# Answers that a later try may change: too early, too many, and whatever is broken on the way or over there.
PASSING = frozenset({408, 425, 429, *range(500, 600)})

Body = dict[str, Any]


class Link:
    """Sends requests with the token. `clock` and `sleep` are there so that tests need not wait."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"url: {url!r} has no scheme; write it as http://127.0.0.1:8000, or set $ESPALIER_URL")
        if not (token.isascii() and token.isprintable() and token.strip()):
            raise ValueError("token: none given, or not one; pass it or set $ESPALIER_TOKEN (see the page of tokens)")
        self.url = url.rstrip("/")
        self.clock = clock
        self.sleep = sleep
        self._http = httpx.Client(
            base_url=f"{self.url}/api/v1/",
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=TIMEOUT_SECONDS,
            transport=transport,
        )

    def once(self, method: str, path: str, body: Body | None = None, *, timeout: float = TIMEOUT_SECONDS) -> Any:
        """Send a request once and return the answer's JSON; raise `ServerAway` or `Refused`."""
        try:
            response = self._http.request(method, path, json=body, timeout=timeout)
        except httpx.HTTPError as error:
            raise ServerAway(f"{self.url} does not answer: {type(error).__name__} {error}".rstrip()) from error
        if response.status_code in PASSING:
            raise ServerAway(f"{self.url} answers {response.status_code}")
        return _read(response, self.url)

    def patiently(self, method: str, path: str, body: Body | None = None, *, patience: float) -> Any:
        """Send a request again and again for `patience` seconds at most; raise `ServerAway` or `Refused` in the end."""
        deadline, pause = self.clock() + patience, FIRST_PAUSE_SECONDS
        while True:
            left = max(SHORTEST_TIMEOUT_SECONDS, deadline - self.clock())
            try:
                return self.once(method, path, body, timeout=min(left, TIMEOUT_SECONDS))
            except ServerAway:
                if self.clock() + pause > deadline:
                    raise
                self.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def _read(response: httpx.Response, url: str) -> Any:
    try:
        body = response.json()
    except ValueError as error:
        # A proxy's own page, a login form: whoever answered, it was not the server.
        raise ServerAway(f"{url} answers {response.status_code} with something that is not JSON") from error
    if not response.is_success:
        raise refusal(response.status_code, body if isinstance(body, dict) else {})
    return body
