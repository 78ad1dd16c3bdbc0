# SPDX-License-Identifier: EUPL-1.2
"""A real nginx for tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from support.debian_program import libraries_of, unpacked


def nginx_program() -> tuple[Path, dict[str, str]]:
    """Return the program, the machine's or Debian's, and its environment."""
    on_machine = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if on_machine is not None:
        return Path(on_machine), {}
    folder = unpacked("nginx", ["nginx"])
    return folder / "debian/usr/sbin/nginx", {"LD_LIBRARY_PATH": libraries_of(folder)}
