# SPDX-License-Identifier: EUPL-1.2
"""One run at a time, and the end of whatever an earlier one left; starts nothing."""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stadttakt_local.errors import StackError
from stadttakt_local.layout import LOCAL, PROJECT
from stadttakt_local.process_table import all_pids, send
from stadttakt_local.programs import MARK

_LOCK = LOCAL / "run.lock"
STOP_S = 90.0


@contextmanager
def only_run() -> Iterator[None]:
    """Hold the place of the one run of this project; a second one is refused."""
    LOCAL.mkdir(parents=True, exist_ok=True)
    with _LOCK.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackError(
                f"The stack is running already (process {_LOCK.read_text().strip()}).",
                "Use it, or stop it with Ctrl-C there or `make down` here.",
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def running_pid() -> int | None:
    """Return the pid of the run that is going on, if one is."""
    try:
        with _LOCK.open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return int(_LOCK.read_text())
    return None


def stop_run() -> bool:
    """End the run that is going on as Ctrl-C would, and wait for it; tell whether there was one."""
    pid = running_pid()
    if pid is None:
        return False
    send(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while running_pid() is not None:
        if time.monotonic() > deadline:
            raise StackError(
                f"Process {pid} does not stop.",
                f"Kill it (kill -9 {pid}) and call `make down` again.",
            )
        time.sleep(0.1)
    return True


def stop_orphans() -> int:
    """End services and simulators that a killed run left; return how many there were."""
    orphans = _marked()
    for pid in orphans:
        send(pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while _marked() and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in _marked():
        send(pid, signal.SIGKILL)
    return len(orphans)


def _marked() -> list[int]:
    mark = f"{MARK}={PROJECT}".encode()
    return [pid for pid in all_pids() if pid != os.getpid() and mark in _environment(pid)]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
