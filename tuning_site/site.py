"""A whole site on one machine: web, workers, clock and checkpoints, as `manage.py up` and `manage.py demo` start it."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.core.management import call_command
from django.db import Error, connections

from tuning_site import collecting
from tuning_site.parts import Part, Parts, adopt_orphans, bury_orphans, sole_owner
from tuning_site.sqlite import checkpoint_once

PORTS_TRIED = 20
TEND_SECONDS = 0.25
CHECKPOINT_SECONDS = 1.0
WEB_THREADS = 8
BURY_SECONDS = 1.0
# Checks of routes and templates are the web's affair; without them a worker starts in half the time.
WORKER_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "CELERY_SKIP_CHECKS": "1"}


class Site:
    """The running site; `tend` it until `is_stopping`."""

    def __init__(self, *, slots: int | None, say: Callable[[str], None]) -> None:
        self.queue_name, self.slots = slots_here(slots)
        self._listener = free_port(settings.WEB_HOST, settings.WEB_PORT, say=say)
        self._parts = Parts(
            site_parts(queue_name=self.queue_name, slots=self.slots, listener=self._listener),
            logs=Path(settings.DATA_DIR) / "logs",
            root=Path(settings.BASE_DIR),
            say=say,
        )
        self._stopping = threading.Event()
        self._next_checkpoint = 0.0

    @property
    def address(self) -> str:
        """Return where a browser finds the site."""
        host, port = self._listener.getsockname()[:2]
        shown = "localhost" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"

    @property
    def is_stopping(self) -> bool:
        """Say whether somebody asked the site to stop."""
        return self._stopping.is_set()

    def request_stop(self) -> None:
        """Have the site stop at the next look."""
        self._stopping.set()

    def tend(self, seconds: float = TEND_SECONDS) -> None:
        """Look after the parts for a while; return early when the site is to stop."""
        until = time.monotonic() + seconds
        while not self.is_stopping:
            self._parts.tend()
            # This process has no children but the parts, and what they left behind.
            bury_orphans(but=self.pids().values())
            self._checkpoint()
            if time.monotonic() >= until:
                return
            self._stopping.wait(min(TEND_SECONDS, max(0.0, until - time.monotonic())))

    def pids(self) -> dict[str, int]:
        """Return the process of every part, by its name."""
        return self._parts.pids()

    def start(self) -> None:
        """Start every part."""
        self._parts.start()

    def stop(self) -> None:
        """Stop every part and leave no process behind."""
        self._parts.stop()
        self._listener.close()
        deadline = time.monotonic() + BURY_SECONDS
        while not bury_orphans() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _checkpoint(self) -> None:
        if time.monotonic() < self._next_checkpoint:
            return
        self._next_checkpoint = time.monotonic() + CHECKPOINT_SECONDS
        try:
            checkpoint_once()
        except (Error, OSError):
            # Busy, full or gone: the log waits for the next second.
            return


@contextmanager
def running_site(*, slots: int | None, say: Callable[[str], None]) -> Iterator[Site]:
    """Prepare the data directory, start the site, and stop it whatever happens; Ctrl-C and SIGTERM ask it to stop."""
    with sole_owner(Path(settings.DATA_DIR) / "up.lock"):
        prepare_data(say=say)
        site = Site(slots=slots, say=say)
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def ask_to_stop(number: int, frame: FrameType | None) -> None:
            site.request_stop()

        for number in before:
            signal.signal(number, ask_to_stop)
        try:
            adopt_orphans()
            site.start()
            yield site
        finally:
            site.stop()
            for number, handler in before.items():
                signal.signal(number, handler)
            # The interpreter's last collection would walk through all of Django: half a second that finds nothing.
            gc.freeze()


def prepare_data(*, say: Callable[[str], None]) -> None:
    """Bring the database and the static files up to date."""
    call_command("migrate", interactive=False, verbosity=0)
    if settings.HASHED_STATIC and not collecting.are_fresh():
        say("Collecting static files ...")
        call_command("collectstatic", interactive=False, verbosity=0)
    # The parts open their own connections; a child must not inherit one of ours.
    connections.close_all()


def slots_here(slots: int | None) -> tuple[str, int]:
    """Return the device class of this machine and how many trials it runs at once."""
    from trials.running.devices import all_devices
    from trials.running.slots import n_cores

    wanted = slots or settings.SLOTS
    n_devices = len(all_devices())
    return ("cuda", wanted or n_devices) if n_devices else ("cpu", wanted or n_cores())


def site_parts(*, queue_name: str, slots: int, listener: socket.socket) -> list[Part]:
    """Return the parts of a whole site on one machine."""
    fd = listener.fileno()
    gunicorn = [sys.executable, "-m", "gunicorn", "tuning_site.wsgi:application", "--bind", f"fd://{fd}"]
    gunicorn += [
        "--worker-class",
        "gthread",
        "--threads",
        str(WEB_THREADS),
        "--graceful-timeout",
        "3",
        "--no-control-socket",
    ]
    return [
        Part(name="web", command=gunicorn, pass_fds=(fd,)),
        worker_part("trials", queue=queue_name, pool="threads", n=slots),
        worker_part("work", queue="work", pool="prefork", n=1),
        worker_part("sweep", queue="sweep", pool="threads", n=1),
        Part(
            name="beat", command=[*_celery(), "beat", "--loglevel", "WARNING", "--pidfile", ""], env=WORKER_ENVIRONMENT
        ),
    ]


def worker_part(name: str, *, queue: str, pool: str, n: int) -> Part:
    """Return one Celery worker as a part."""
    # Workers know each other through the database; what they would tell each other by message is not needed.
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
    command = [
        *_celery(),
        "worker",
        "-Q",
        queue,
        "-n",
        f"{name}-{os.getpid()}@%h",
        "--pool",
        pool,
        "-c",
        str(n),
        *quiet,
    ]
    return Part(name=name, command=command, env=WORKER_ENVIRONMENT)


def _celery() -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "tuning_site"]


def free_port(host: str, port: int, *, say: Callable[[str], None]) -> socket.socket:
    """Return a listening socket on the port, or on the next free one, and say so."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + PORTS_TRIED, 65_536)):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
        except OSError:
            listener.close()
            continue
        listener.listen(128)
        if candidate != port:
            say(f"Port {port} is taken; using {candidate}.")
        return listener
    raise OSError(f"no free port on {host} from {port} to {port + PORTS_TRIED - 1}; set ESPALIER_PORT to another")
