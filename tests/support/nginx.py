"""A real nginx: the machine's, else Debian's, unpacked beside the project."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

from stadttakt_local import layout
from stadttakt_local.debian_tools import unpack

_FOLDER = layout.LOCAL / "nginx"


def nginx_program() -> tuple[Path, dict[str, str]]:
    """Return the program and its environment; installed on the first call on a machine."""
    on_machine = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if on_machine is not None:
        return Path(on_machine), {}
    layout.LOCAL.mkdir(exist_ok=True)
    with _FOLDER.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _FOLDER.exists():
            unfinished = _FOLDER.with_suffix(".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            unpack(["nginx"], unfinished)
            unfinished.rename(_FOLDER)
    root = _FOLDER / "debian"
    libraries = [*root.glob("usr/lib/*-linux-gnu"), *root.glob("lib/*-linux-gnu")]
    return root / "usr/sbin/nginx", {"LD_LIBRARY_PATH": ":".join(map(str, libraries))}
