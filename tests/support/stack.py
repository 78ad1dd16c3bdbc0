# SPDX-License-Identifier: EUPL-1.2
"""A database and a broker of one's own for a test session: real servers, free ports, fresh data."""

import contextlib
import hashlib
import itertools
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from random import SystemRandom

from rich.console import Console

from stadttakt_local import layout
from stadttakt_local import postgres as postgres_module
from stadttakt_local.mosquitto import Mosquitto
from stadttakt_local.postgres import Postgres
from stadttakt_local.progress import on_console
from stadttakt_local.root import ensure_root

_counter = itertools.count(1)
_FIRST_PORT, _LAST_PORT = 11_000, 32_000
_ports = itertools.cycle(
    [
        *range(begin := SystemRandom().randrange(_FIRST_PORT, _LAST_PORT), _LAST_PORT),
        *range(_FIRST_PORT, begin),
    ]
)


@dataclass(frozen=True)
class Stack:
    """The two backing services of one test session."""

    postgres: Postgres
    mosquitto: Mosquitto


class _Forgetful(Postgres):
    """A database that would not survive a power cut, for tests that end no server."""

    def command(self) -> list[str]:
        off = [f"--{name}=off" for name in ("fsync", "synchronous_commit", "full_page_writes")]
        return [*super().command(), *off]


@contextmanager
def running_stack(*, durable: bool = True) -> Iterator[Stack]:
    """Yield a running database and broker that no other session shares; their data go with them."""
    with fresh_stack(durable=durable) as stack, stack.postgres, stack.mosquitto:
        yield stack


@contextmanager
def fresh_stack(*, durable: bool = True) -> Iterator[Stack]:
    """Yield a database and a broker that are not started yet; whatever runs of them at the end is killed.

    Only a durable database keeps what it committed through a power cut; the other one answers sooner.
    """
    root = installed_root()
    sessions = layout.data_home(root) / "test"
    _remove_left_over(root, sessions)
    folder = sessions / str(os.getpid()) / str(next(_counter))
    folder.mkdir(parents=True)
    _copy_template(root, folder / "postgres")
    database_port, broker_port = free_ports(2)
    stack = Stack(
        (Postgres if durable else _Forgetful)(root, folder / "postgres", database_port),
        Mosquitto(root, folder / "mosquitto", broker_port),
    )
    try:
        yield stack
    finally:
        stack.mosquitto.kill()
        stack.postgres.kill()
        shutil.rmtree(folder)
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()


@contextmanager
def fresh_broker() -> Iterator[Mosquitto]:
    """Yield one more broker, a partner's, that is not started yet; if it runs at the end it is killed."""
    root = installed_root()
    folder = layout.data_home(root) / "test" / str(os.getpid()) / str(next(_counter))
    folder.mkdir(parents=True)
    broker = Mosquitto(root, folder / "mosquitto", free_ports(1)[0])
    try:
        yield broker
    finally:
        broker.kill()
        shutil.rmtree(folder)


def installed_root() -> Path:
    """Return the private root, installed on the first call on a machine."""
    with on_console(Console(stderr=True)) as report:
        return ensure_root(report)


def free_ports(count: int) -> list[int]:
    """Return TCP ports of 127.0.0.1 that nobody listens on now, none of them twice.

    They lie below those that Linux gives to outgoing connections (32768 and up): between this answer and its use another
    process would get one of those.
    """
    found: list[int] = []
    while len(found) < count:
        port = next(_ports)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return found


def _copy_template(root: Path, target: Path) -> None:
    """Copy a created cluster: initdb and the extension cost seconds, the copy a fraction of one."""
    source = Path(postgres_module.__file__).read_bytes()
    template = layout.data_home(root) / f"template-{hashlib.sha256(source).hexdigest()[:12]}"
    with (layout.LOCAL / "template.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not template.exists():
            for old in template.parent.glob("template-*"):
                shutil.rmtree(old)
            unfinished = template.with_suffix(".part")
            with Postgres(root, unfinished, free_ports(1)[0]):
                pass
            unfinished.rename(template)
        subprocess.run(["cp", "--archive", "--reflink=auto", template, target], check=True)


def _remove_left_over(root: Path, sessions: Path) -> None:
    for session in sessions.glob("*"):
        if Path(f"/proc/{session.name}").exists():
            continue
        for folder in session.iterdir():
            Postgres(root, folder / "postgres", 0).kill()
            Mosquitto(root, folder / "mosquitto", 0).kill()
        shutil.rmtree(session, ignore_errors=True)
