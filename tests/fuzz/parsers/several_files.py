# SPDX-License-Identifier: EUPL-1.2
"""Several files as one input: one after the other, each begun by a line `==name`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

MEMORY = "/dev/shm"
"""Where files of a moment lie."""
SEPARATOR = b"\n=="


def joined(files: Mapping[str, str]) -> bytes:
    """Return files by name as one input."""
    return b"".join(SEPARATOR + f"{name}\n{text}".encode() for name, text in files.items())


def write(data: bytes, known: Collection[str], folder: Path) -> None:
    """Write the files of an input that have a known name."""
    for part in data.split(SEPARATOR):
        name, _, content = part.partition(b"\n")
        if (found := name.decode(errors="replace")) in known:
            (folder / found).write_bytes(content)
