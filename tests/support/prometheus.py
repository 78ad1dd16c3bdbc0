# SPDX-License-Identifier: EUPL-1.2
"""Prometheus' programs for tests."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.debian_program import unpacked


def prometheus_program(name: str) -> Path:
    """Return the path of `prometheus` or `promtool`: the machine's, else Debian's."""
    on_machine = shutil.which(name)
    if on_machine is not None:
        return Path(on_machine)
    return unpacked("prometheus", ["prometheus"]) / "debian/usr/bin" / name
