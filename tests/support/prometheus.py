"""Debian's Prometheus for tests, unpacked beside the project on the first call."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

from stadttakt_local import layout
from stadttakt_local.debian_tools import unpack


def prometheus_program(name: str) -> Path:
    """Return the path of `prometheus` or `promtool`: the machine's, else Debian's."""
    on_machine = shutil.which(name)
    if on_machine is not None:
        return Path(on_machine)
    folder = layout.LOCAL / "prometheus"
    layout.LOCAL.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            unpack(["prometheus"], unfinished)
            unfinished.rename(folder)
    return folder / "debian/usr/bin" / name
