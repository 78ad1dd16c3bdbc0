# SPDX-License-Identifier: EUPL-1.2
"""Partners' events that come over HTTP or from a file: checked, stored and published, each told of."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from stadttakt_runtime.database import Database
from uplink_decoder.canonical import Accepted, accept
from uplink_decoder.decode import Inbound
from uplink_decoder.domain.uplink import RejectedError
from uplink_decoder.intake import Intake
from uplink_decoder.sources import Origin, Source
from uplink_decoder.storage import batches

CHUNK = 500
"""Events that go into the pipeline together; live messages wait for no more than these."""


class Fate(StrEnum):
    """What became of one event."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class Taken(NamedTuple):
    """One event and what became of it; `reason` is a stable word, `detail` says it in full."""

    fate: Fate
    accepted: Accepted | None
    reason: str | None = None
    detail: str | None = None


class Taking:
    """Takes a source's events in; `via` is `http` or `import`, whose readings may be of any age."""

    def __init__(self, database: Database, intake: Intake, source: Source, *, via: str) -> None:
        self._database = database
        self._intake = intake
        self._via = via
        # As the quarantine's retry reads it: way in, source, kind of message.
        self._topic = f"{via}/{source.source_id}/event"
        self._origin = Origin(source, None, None, "observation", via=via)

    async def check(self, payloads: Sequence[bytes], now: datetime) -> list[Taken]:
        """Tell what would become of these events; nothing is stored."""
        return (await self._looked_at(payloads, now))[0]

    async def take(self, payloads: Sequence[bytes], now: datetime) -> list[Taken]:
        """Return once every event is stored and published, or rejected.

        A repeated event is published again, since it may come because the first try was cut off.
        """
        found, recent = await self._looked_at(payloads, now)
        inbound = [
            Inbound(self._origin, self._topic, payload, now)
            for payload, each in zip(payloads, found, strict=True)
            if each.accepted is not None
            and (each.fate is Fate.STORED or each.accepted.identity in recent)
        ]
        for begin in range(0, len(inbound), CHUNK):
            await self._intake.submit_all(inbound[begin : begin + CHUNK])
        said = await self._contents([e.accepted for e in found if e.accepted is not None])
        return [_confirmed(each, said) for each in found]

    async def _looked_at(
        self, payloads: Sequence[bytes], now: datetime
    ) -> tuple[list[Taken], set[uuid.UUID]]:
        """Return what becomes of each, and which of the known came so late that they may repeat."""
        checked = [self._checked(payload, now) for payload in payloads]
        said = await self._contents([e.accepted for e in checked if e.accepted is not None])
        async with self._database.connection() as connection:
            recent = await batches.known_identities(connection, list(said))
        found: list[Taken] = []
        for each in checked:
            if each.accepted is None:
                found.append(each)
                continue
            identity, content = each.accepted.identity, each.accepted.content
            if identity not in said:
                said[identity] = content
                found.append(each)
            elif said[identity] == content:
                found.append(Taken(Fate.DUPLICATE, each.accepted))
            else:
                found.append(_reused(each.accepted))
        return found, recent

    async def _contents(self, accepted: Sequence[Accepted]) -> dict[uuid.UUID, uuid.UUID]:
        async with self._database.connection() as connection:
            return await batches.canonical_contents(connection, [e.identity for e in accepted])

    def _checked(self, payload: bytes, now: datetime) -> Taken:
        try:
            accepted = accept(payload, self._origin.source, now, historical=self._via == "import")
        except RejectedError as error:
            return Taken(Fate.REJECTED, None, error.reason, error.detail)
        return Taken(Fate.STORED, accepted)


def _reused(accepted: Accepted) -> Taken:
    told = f"event {accepted.event_id!r} said something else before"
    return Taken(Fate.REJECTED, None, "id_reused", told)


def _confirmed(each: Taken, said: dict[uuid.UUID, uuid.UUID]) -> Taken:
    """Return what really became of an event that was to be stored."""
    if each.accepted is None or said.get(each.accepted.identity) == each.accepted.content:
        return each
    if each.accepted.identity in said:
        # Another request with the same id was faster.
        return _reused(each.accepted)
    return Taken(Fate.REJECTED, None, "refused_by_database", "it stands in the quarantine")
