"""Where a message may go. A webhook's address comes from a person, and the request for it from inside the network.

So private, loopback and link-local addresses are refused unless the settings allow them, after the name was resolved;
the request then goes to the very address that was looked at, and redirects are not followed.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

MOST_CHARACTERS = 1000
PORTS = {"http": 80, "https": 443}


class RefusedTarget(ValueError):
    """An address that nothing is sent to, with what would do instead."""


class UnknownHost(RefusedTarget):
    """A host whose name has no address now; it may have one later."""


@dataclass(frozen=True)
class Target:
    """A webhook's address, and the one IP address behind it that was looked at."""

    parts: SplitResult
    ip: str

    @property
    def host(self) -> str:
        """Return the host's name, as the address has it."""
        return self.parts.hostname or ""

    @property
    def url(self) -> str:
        """Return the address with the IP address in the place of the host's name."""
        ip = f"[{self.ip}]" if ":" in self.ip else self.ip
        netloc = ip if self.parts.port is None else f"{ip}:{self.parts.port}"
        return self.parts._replace(netloc=netloc, fragment="").geturl()

    @property
    def host_header(self) -> str:
        """Return what the Host header says."""
        return self.parts.netloc


def read(url: str) -> SplitResult:
    """Read a webhook's address; RefusedTarget if it is none."""
    if len(url) > MOST_CHARACTERS or any(character.isspace() or not character.isprintable() for character in url):
        raise RefusedTarget(f"give one address of at most {MOST_CHARACTERS} characters, without spaces")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise RefusedTarget("this is not an address: host or port cannot be read")
    if parts.scheme not in PORTS or not host:
        raise RefusedTarget("give an address that begins with https:// or http:// and names a host")
    if parts.username is not None or parts.password is not None:
        raise RefusedTarget("leave user and password out of the address; use the signing secret instead")
    return parts


def resolve(url: str) -> Target:
    """Return where a webhook's address leads now; RefusedTarget if nothing may be sent there."""
    parts = read(url)
    host = parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, parts.port or PORTS[parts.scheme], type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnknownHost(f"the host {host} has no address")
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not settings.ALERTS_MAY_REACH_PRIVATE and (private := [ip for ip in addresses if not _is_public(ip)]):
        raise RefusedTarget(
            f"{host} is at {private[0]}, an address of a private network; "
            "set ESPALIER_ALERTS_PRIVATE=1 where the site shall reach such addresses"
        )
    return Target(parts, addresses[0])


def shown(channel: str, target: str) -> str:
    """Return as much of a target as may be shown: an e-mail address, or a webhook's host."""
    if channel == "email":
        return target
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}/…"


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    if mapped is not None:
        ip = mapped
    return ip.is_global and not ip.is_multicast and not ip.is_reserved
