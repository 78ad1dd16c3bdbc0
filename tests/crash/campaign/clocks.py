# SPDX-License-Identifier: EUPL-1.2
"""Clocks of services and database that can be set: libfaketime between a process and the wall clock, never the monotonic one."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg

from crash.campaign.processes import wait_until
from crash.services import Service
from stadttakt_local.errors import StackError
from stadttakt_local.layout import inside
from stadttakt_local.server import Server
from support.debian_program import unpacked

PLACE = "usr/lib/*/faketime/libfaketimeMT.so.1"
NOTICED_AFTER_S = 2.1
"""libfaketime counts whole seconds, and reads its file anew once more than one is over."""

ALIKE_S = 5.0
"""A wrong clock is off by much more, and who tells it may have looked a moment before."""

_TELLS = 'stadttakt_clock_off_seconds{clock="machine"} '

Told = Callable[[], float | None]
"""Returns by how many seconds somebody says that its clock is ahead; nothing where nobody says it."""


def library() -> Path | None:
    """Return Debian's libfaketime, the machine's or unpacked beside the project; nothing where it is not to be had."""
    if installed := next(Path("/").glob(PLACE), None):
        return installed
    try:
        folder = unpacked("faketime", ["libfaketime"])
    except StackError:
        return None
    return next((folder / "debian").glob(PLACE), None)


class Clock:
    """The wall clock of one process: right, or so many seconds off; both files have other names inside a root."""

    def __init__(self, file: Path, preload: Path, root: Path = Path("/")) -> None:
        self._file = file
        self.settings = {
            "LD_PRELOAD": inside(root, preload),
            "FAKETIME_TIMESTAMP_FILE": inside(root, file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.set_off(0)

    def set_off(self, seconds: float) -> None:
        """Set it so many seconds ahead of the right time, or behind it."""
        unfinished = self._file.with_suffix(".part")
        unfinished.write_text(f"{seconds:+.3f}\n")
        unfinished.replace(self._file)


def clock_of(server: Server, preload: Path) -> Clock:
    """Return the clock that a server goes by from its next start on."""
    own = server.data_dir.with_suffix(".faketime.so")
    shutil.copy(preload, own)
    own.chmod(0o755)
    clock = Clock(server.data_dir.with_suffix(".clock"), own, server.root)
    server.environment |= clock.settings
    return clock


def told_by_service(service: Service) -> Told:
    """Return who asks a service about the clock of its machine."""

    def told() -> float | None:
        try:
            lines = service.http.get("/metrics").text.splitlines()
        except httpx.TransportError:
            return None
        found = [line.removeprefix(_TELLS) for line in lines if line.startswith(_TELLS)]
        return float(found[0]) if found else None

    return told


def told_by_database(url: str) -> Told:
    """Return who compares a database's clock to one's own."""

    def told() -> float | None:
        try:
            with psycopg.connect(url, connect_timeout=5) as connection:
                row = connection.execute(
                    "select extract(epoch from clock_timestamp())::float8"
                ).fetchone()
        except psycopg.OperationalError:
            return None
        return None if row is None else float(row[0]) - time.time()

    return told


def wait_off(told: Told, off_s: float) -> float:
    """Wait until a clock is told to be so much off, and return how many seconds that took.

    Raises InVainError where nobody says so: such a clock is right, whatever was done to it.
    """

    def is_off() -> bool:
        found = told()
        return found is not None and abs(found - off_s) < ALIKE_S

    return wait_until(is_off, f"no clock was told to be {off_s:+.0f} s off")
