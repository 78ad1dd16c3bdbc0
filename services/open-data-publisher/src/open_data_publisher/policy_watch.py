# SPDX-License-Identifier: EUPL-1.2
"""Notices another publication policy in the city's folder; one that is wrong is refused, and the old one holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

from open_data_publisher import metrics
from open_data_publisher.domain.policy import Policy
from open_data_publisher.policy_file import POLICY_FILE, read_policy
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.plugins import CityError
from stadttakt_runtime.process import pause

LOOK_EVERY_S = 1.0
_NEVER = object()
log = get_logger(__name__)


class PolicyWatch:
    """Looks at the file once a second; what is the same at two looks is not being written any more."""

    def __init__(self, city: Path, in_force: Policy) -> None:
        self._city = city
        self._in_force = in_force
        self._seen: object = _NEVER
        self._judged: object = _NEVER

    async def another(self, stop: asyncio.Event) -> Policy | None:
        """Return the next policy that is another one; nothing where the process stops before."""
        while not stop.is_set():
            found = await asyncio.to_thread(self.look)
            if found is not None:
                return found
            await pause(stop, LOOK_EVERY_S)
        return None

    def look(self) -> Policy | None:
        """Return what the file says, where that is another policy than the one in force."""
        content = self._content()
        if content != self._seen or content == self._judged:
            self._seen = content
            return None
        self._judged = content
        try:
            found = self._read(content)
        except CityError as error:
            metrics.POLICY_REFUSED.set(1)
            log.warning("policy_refused", file=str(error.file), line=error.line, why=error.message)
            return None
        metrics.POLICY_REFUSED.set(0)
        if found == self._in_force:
            return None
        self._in_force = found
        return found

    def _read(self, content: bytes | str | None) -> Policy:
        if isinstance(content, str):
            raise CityError(self._city / POLICY_FILE, content)
        return read_policy(self._city)

    def _content(self) -> bytes | str | None:
        """Return the file's bytes, nothing where there is none: then nothing is public; or why it cannot be read."""
        try:
            return (self._city / POLICY_FILE).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"cannot be read: {error.strerror}"
