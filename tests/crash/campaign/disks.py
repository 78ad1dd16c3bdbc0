# SPDX-License-Identifier: EUPL-1.2
"""Disks of the servers that can be full: small file systems in memory, and a file that fills one.

Logs are kept beside them: a full disk could not tell of itself.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stadttakt_local.server import Server

SIZES_MB = {"postgres": 1200, "mosquitto": 150}
CHUNK = bytes(1 << 20)
TOPPED_UP_EVERY_S = 0.1


@contextmanager
def small_disks(*servers: Server) -> Iterator[bool]:
    """Give each stopped server a disk of its own; yields whether that could be done (it takes root)."""
    mounted: list[Path] = []
    try:
        try:
            for server in servers:
                _mount(server, mounted)
        except (subprocess.CalledProcessError, PermissionError):
            yield False
        else:
            yield True
    finally:
        for server in servers:
            server.kill()
        for folder in mounted:
            subprocess.run(["umount", folder], check=True)


def _mount(server: Server, mounted: list[Path]) -> None:
    folder = server.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder.with_suffix(".aside")
    folder.rename(aside)
    folder.mkdir()
    size = f"size={SIZES_MB[server.name]}m"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
        mounted.append(folder)
    finally:
        shutil.copystat(aside, folder)
        subprocess.run(["cp", "--archive", f"{aside}/.", folder], check=True)
        shutil.rmtree(aside)
    _keep_log_beside(server)


def _keep_log_beside(server: Server) -> None:
    beside = server.data_dir.with_suffix(".log")
    if server.log_file.exists():
        shutil.move(server.log_file, beside)
    beside.touch()
    server.log_file.symlink_to(beside)


def fill(server: Server) -> None:
    """Leave no byte on a server's disk, also where some came free again."""
    with (server.data_dir / "filler").open("ab", buffering=0) as file:
        try:
            while os.write(file.fileno(), CHUNK):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def clear(server: Server) -> None:
    """Give the space back."""
    (server.data_dir / "filler").unlink(missing_ok=True)


def stay_full(
    fill: Callable[[], None], seen: Callable[[], int], seconds: float, within_s: float
) -> tuple[float, int]:
    """Keep a disk full for `seconds`, and until it was `seen` to be met, but no longer than `within_s` then.

    Returns how many seconds it was full, and how often it was met.
    """
    began, times, lasted = time.monotonic(), 0, 0.0
    while lasted < seconds or (not times and lasted < within_s):
        fill()
        time.sleep(TOPPED_UP_EVERY_S)
        times = seen()
        lasted = time.monotonic() - began
    return lasted, times
