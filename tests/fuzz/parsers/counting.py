# SPDX-License-Identifier: EUPL-1.2
"""How many inputs a parser was fed and let through: kept where it outlives the process, which atheris ends unasked."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Self

_FORMAT = struct.Struct("=QQ")


class Counts:
    """Two numbers in a file."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self.fed, self.let_through = _FORMAT.unpack_from(memory)

    @classmethod
    def begin(cls, file: Path) -> Self:
        """Begin to count anew."""
        file.write_bytes(bytes(_FORMAT.size))
        return cls.read(file)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Return what was counted."""
        if not file.exists():
            file.write_bytes(bytes(_FORMAT.size))
        with file.open("r+b") as opened:
            return cls(mmap.mmap(opened.fileno(), _FORMAT.size))

    def note(self, let_through: bool) -> None:  # noqa: FBT001 (what a parser answers)
        """Count one input."""
        self.fed += 1
        self.let_through += let_through
        _FORMAT.pack_into(self._memory, 0, self.fed, self.let_through)

    @property
    def share(self) -> str:
        """Return which part was let through, in percent."""
        return f"{100 * self.let_through / self.fed:.1f} %" if self.fed else "-"
