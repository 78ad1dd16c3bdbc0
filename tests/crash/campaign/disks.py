# SPDX-License-Identifier: EUPL-1.2
"""Disks of the servers that can be full: small file systems in memory, and a file that fills one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stadttakt_local.server import Server

SIZES_MB = {"postgres": 1200, "mosquitto": 150}
CHUNK = bytes(1 << 20)


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
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder]
    try:
        subprocess.run(mount, check=True, capture_output=True)
        mounted.append(folder)
    finally:
        shutil.copystat(aside, folder)
        subprocess.run(["cp", "--archive", f"{aside}/.", folder], check=True)
        shutil.rmtree(aside)


def fill(server: Server) -> None:
    """Leave no byte on a server's disk."""
    with (server.data_dir / "filler").open("wb", buffering=0) as file:
        try:
            while os.write(file.fileno(), CHUNK):
                pass
        except OSError:
            return


def clear(server: Server) -> None:
    """Give the space back."""
    (server.data_dir / "filler").unlink(missing_ok=True)
