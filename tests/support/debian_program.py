# SPDX-License-Identifier: EUPL-1.2
"""Programs of Debian for tests, unpacked beside the project on the first call where the machine has none."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Sequence
from pathlib import Path

from stadttakt_local import layout
from stadttakt_local.debian_tools import unpack


def unpacked(name: str, packages: Sequence[str]) -> Path:
    """Return the folder into which packages were unpacked; `debian` in it is their root."""
    folder = layout.LOCAL / name
    layout.LOCAL.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            unpack(list(packages), unfinished)
            unfinished.rename(folder)
    return folder


def libraries_of(folder: Path) -> str:
    """Return the folders of unpacked libraries, as LD_LIBRARY_PATH has them."""
    patterns = ("usr/lib/*-linux-gnu", "lib/*-linux-gnu", "usr/lib/*-linux-gnu/pulseaudio")
    found = [path for pattern in patterns for path in (folder / "debian").glob(pattern)]
    return ":".join(str(path) for path in sorted(found))
