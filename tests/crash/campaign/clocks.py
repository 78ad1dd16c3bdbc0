# SPDX-License-Identifier: EUPL-1.2
"""Clocks of services and database that can be set: libfaketime between a process and the wall clock, never the monotonic one."""

from __future__ import annotations

import shutil
from pathlib import Path

from stadttakt_local.errors import StackError
from stadttakt_local.layout import inside
from stadttakt_local.server import Server
from support.debian_program import unpacked

PLACE = "usr/lib/*/faketime/libfaketimeMT.so.1"
NOTICED_AFTER_S = 2.1
"""libfaketime counts whole seconds, and reads its file anew once more than one is over."""


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
