"""Small readers of the environment; each refuses a bad value by the variable's name and says what would do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"0", "false", "no", "off"})
POSTGRES_SCHEMES = frozenset({"postgres", "postgresql"})
BROKER_SCHEMES = frozenset({"filesystem", "amqp", "amqps", "redis", "rediss"})
# Query parameters of DATABASE_URL that go to the driver; anything else is a typing error worth a word.
POSTGRES_OPTIONS = frozenset({"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name"})
MAX_PORT = 65_535
SMTP_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class BadSetting(ImproperlyConfigured):
    """A variable of the environment holds a value that cannot be used."""

    def __init__(self, name: str, value: str, remedy: str) -> None:
        super().__init__(f"{name}={value!r} cannot be used: {remedy}.")
        self.name = name


@dataclass(frozen=True)
class Environment:
    """Read variables from a mapping and remember which names were asked for.

    ``asked`` lets ``manage.py doctor`` point at an ``ESPALIER_…`` variable that nothing reads: a typing error.
    """

    variables: Mapping[str, str]
    asked: set[str] = field(default_factory=set)

    def text(self, name: str, default: str) -> str:
        self.asked.add(name)
        value = self.variables.get(name, "").strip()
        if "\x00" in value:
            raise BadSetting(name, value, "remove the NUL character")
        return value or default

    def boolean(self, name: str, default: bool) -> bool:
        value = self.text(name, "")
        if not value:
            return default
        if value.lower() in YES:
            return True
        if value.lower() in NO:
            return False
        raise BadSetting(name, value, "say 1 or 0")

    def integer(self, name: str, default: int, *, at_least: int, at_most: int) -> int:
        value = self.text(name, "")
        if not value:
            return default
        # isdecimal also accepts other scripts' digits, which int() reads as well; a sign is never meant here.
        if not value.isdecimal() or len(value) > 18 or not at_least <= int(value) <= at_most:
            raise BadSetting(name, value, f"give a whole number from {at_least} to {at_most}")
        return int(value)

    def words(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Read a list separated by commas."""
        value = self.text(name, "")
        return tuple(word.strip() for word in value.split(",") if word.strip()) if value else default

    def hosts(self, name: str, default: tuple[str, ...]) -> list[str]:
        hosts = self.words(name, default)
        for host in hosts:
            if "/" in host or any(character.isspace() for character in host):
                raise BadSetting(name, host, "give host names separated by commas, without scheme or path")
        return list(hosts)

    def origins(self, name: str) -> list[str]:
        origins = self.words(name, ())
        for origin in origins:
            if not origin.startswith(("http://", "https://")):
                raise BadSetting(name, origin, "give origins with their scheme, such as https://tuning.example")
        return list(origins)

    def folder(self, name: str, default: Path) -> Path:
        value = self.text(name, "")
        path = Path(value).expanduser() if value else default
        if path.exists() and not path.is_dir():
            raise BadSetting(name, str(path), "name a folder; this is a file")
        return path.absolute()

    def folders(self, name: str) -> dict[str, Path]:
        """Read folders by name, ``name=/path,other=/path``; they need not exist yet."""
        found: dict[str, Path] = {}
        for pair in self.words(name, ()):
            key, equals, path = (part.strip() for part in pair.partition("="))
            if not equals or not path or not FOLDER_NAME.fullmatch(key) or key in found:
                raise BadSetting(
                    name, pair, "write name=/path, pairs separated by commas, every name once: letters, digits, - and _"
                )
            found[key] = Path(path).expanduser().absolute()
        return found

    def database(self, name: str, default: Path) -> dict[str, Any]:
        """Read a database URL into Django's settings: ``postgres://user:password@host:port/name`` or ``sqlite:///file``."""
        value = self.text(name, "")
        return parse_database(name, value) if value else sqlite_settings(default)

    def broker(self, name: str, default: str) -> str:
        value = self.text(name, default)
        scheme = value.partition("://")[0]
        if scheme not in BROKER_SCHEMES or "://" not in value:
            raise BadSetting(
                name, without_password(value), "use amqp://, redis:// or leave it out for the embedded one"
            )
        return value

    def smtp(self, name: str) -> dict[str, Any]:
        """Read a mail server's URL into Django's settings; without one there is no mail.

        ``smtp://user:password@host:587`` speaks TLS as soon as the server offers it (STARTTLS), ``smtps://`` from the
        beginning, ``smtp+plain://`` never.
        """
        value = self.text(name, "")
        return parse_smtp(name, value) if value else {"EMAIL_HOST": ""}

    def unread(self, prefix: str = "ESPALIER_") -> list[str]:
        """Name the variables that look like ours and that no setting has asked for."""
        return sorted(name for name in self.variables if name.startswith(prefix) and name not in self.asked)


def parse_database(name: str, url: str) -> dict[str, Any]:
    """Turn a database URL into an entry of ``DATABASES``; raise BadSetting without ever quoting the password."""
    shown = without_password(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadSetting(name, shown, "the address or port is not valid; escape special characters as %XX") from None
    if parts.scheme == "sqlite":
        return _sqlite_from(name, shown, parts.netloc, unquote(parts.path))
    if parts.scheme not in POSTGRES_SCHEMES:
        raise BadSetting(name, shown, "use postgres://user:password@host:port/name or sqlite:///path/to/file")
    database = unquote(parts.path.lstrip("/"))
    if not database:
        raise BadSetting(name, shown, "the name of the database is missing after the last slash")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(options.keys() - POSTGRES_OPTIONS):
        raise BadSetting(name, shown, f"unknown option {unknown[0]!r}; known: {', '.join(sorted(POSTGRES_OPTIONS))}")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(port or ""),
        "OPTIONS": {"connect_timeout": "5", "application_name": "espalier"} | options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }


def parse_smtp(name: str, url: str) -> dict[str, Any]:
    """Turn a mail server's URL into Django's ``EMAIL_…`` settings; raise BadSetting without quoting the password."""
    shown = without_password(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadSetting(name, shown, "the address or port is not valid; escape special characters as %XX") from None
    if parts.scheme not in SMTP_PORTS or not parts.hostname or parts.path.strip("/"):
        raise BadSetting(name, shown, "use smtp://user:password@host:587, smtps://… or smtp+plain://…")
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or SMTP_PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": 10,
    }


def _sqlite_from(name: str, shown: str, netloc: str, path: str) -> dict[str, Any]:
    # sqlite:///relative/file and sqlite:////absolute/file, as other tools write them.
    if netloc or not path.strip("/"):
        raise BadSetting(name, shown, "write sqlite:///relative/file or sqlite:////absolute/file")
    return sqlite_settings(Path(path[1:]))


def sqlite_settings(path: Path) -> dict[str, Any]:
    """Settings for one SQLite file: write-ahead log, full durability, writers that queue.

    ``wal_autocheckpoint=0`` because many builds of SQLite carry the WAL-reset bug, which two checkpoints at once can
    trigger; `tuning_site.sqlite.checkpoint_once` is the only one that checkpoints. IMMEDIATE makes a transaction wait
    for the write lock at its begin, where the 30 seconds of patience still help.
    """
    file = path.expanduser().absolute()
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        # Tests use a file as well: a database in memory has neither a log nor other processes.
        "TEST": {"NAME": str(file.with_name(f"test-{file.name}"))},
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": (
                "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA wal_autocheckpoint=0;"
                "PRAGMA journal_size_limit=67108864;PRAGMA cache_size=-16384;PRAGMA temp_store=MEMORY"
            ),
        },
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": False,
        "ATOMIC_REQUESTS": False,
    }


def without_password(url: str) -> str:
    """Return the URL with its password replaced, fit to be shown; works on strings that do not parse."""
    scheme, separator, rest = url.partition("://")
    credentials, at, tail = rest.rpartition("@")
    if not separator or not at:
        return url
    user, colon, _ = credentials.partition(":")
    return f"{scheme}://{user}{':***' if colon else ''}@{tail}"
