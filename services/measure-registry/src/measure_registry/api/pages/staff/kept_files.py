# SPDX-License-Identifier: EUPL-1.2
"""Files that were tried and may be taken next: kept in memory, for minutes, for the login that sent them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from hashlib import sha256

KEPT_MINUTES = 15
MOST_BYTES = 60_000_000


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file as it was sent, and in which form it is to be read."""

    name: str
    profile: str
    content: bytes

    @property
    def digest(self) -> str:
        """Return what a form names the file by; the other files of a login are not it."""
        return sha256(self.profile.encode() + b"\0" + self.content).hexdigest()


class KeptFiles:
    """One file of each login, `most_bytes` of all of them; where there is no room, the oldest goes first."""

    def __init__(self, lasts_s: float = KEPT_MINUTES * 60, most_bytes: int = MOST_BYTES) -> None:
        self._lasts_s, self._most_bytes = lasts_s, most_bytes
        self._kept: dict[bytes, KeptFile] = {}

    def keep(self, login_id: bytes, file: KeptFile) -> None:
        """Keep a file in place of the login's earlier one."""
        self._kept.pop(login_id, None)
        while self._kept and self._bytes() + len(file.content) > self._most_bytes:
            del self._kept[next(iter(self._kept))]
        self._kept[login_id] = file
        asyncio.get_running_loop().call_later(self._lasts_s, self.forget, login_id, file)

    def of(self, login_id: bytes, digest: str) -> KeptFile | None:
        """Return a login's file; nothing where it is another, or not kept any more."""
        file = self._kept.get(login_id)
        return file if file is not None and file.digest == digest else None

    def forget(self, login_id: bytes, file: KeptFile) -> None:
        """Forget a file, unless the login has sent another meanwhile."""
        if self._kept.get(login_id) is file:
            del self._kept[login_id]

    def _bytes(self) -> int:
        return sum(len(each.content) for each in self._kept.values())
