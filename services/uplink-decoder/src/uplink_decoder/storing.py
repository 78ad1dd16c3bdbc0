# SPDX-License-Identifier: EUPL-1.2
"""Sorts out and writes one batch, whoever brings it: live messages or retried ones; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from stadttakt_messages.topics import Topics
from uplink_decoder.batch import (
    Batch,
    assemble,
    environment_rows,
    identified,
    observation_row,
    refuse_reused,
)
from uplink_decoder.decode import Outcome, ReadObservation
from uplink_decoder.devices import DeviceBook
from uplink_decoder.storage import batches, environment


class Tried:
    """The tries of one batch's transaction: what one decided that was committed without an answer still holds.

    The next try finds its own rows: they are no duplicates, though nothing is written again.
    """

    def __init__(self) -> None:
        self._claimed: set[uuid.UUID] = set()
        self._last: Batch | None = None
        self.is_committed = False

    def note(
        self,
        batch: Batch,
        ids: Mapping[uuid.UUID, datetime],
        known: Mapping[uuid.UUID, datetime | None],
    ) -> None:
        """Take what a try decided, given its identities with their times of receipt and those claimed before."""
        if any(known.get(each) == ids[each] for each in self._claimed):
            self.is_committed = True
        if not self.is_committed:
            self._claimed, self._last = set(ids.keys() - known.keys()), batch

    def told(self, batch: Batch) -> Batch:
        """Return the batch as it is counted: that of the try that was committed."""
        return self._last if self.is_committed and self._last is not None else batch


async def sort_out(
    connection: Any,
    outcomes: Sequence[Outcome],
    devices: DeviceBook,
    topics: Topics,
    *,
    tried: Tried | None = None,
) -> Batch:
    """Claim the identities of outcomes and sort these into rows, publishes and fates, in order."""
    ids = identified(outcomes)
    known = await batches.claim_identities(connection, list(ids), list(ids.values()))
    told = [o.uplink_id for o in outcomes if isinstance(o, ReadObservation) if o.uplink_id in known]
    contents = await batches.canonical_contents(connection, told)
    outcomes = refuse_reused(outcomes, contents) if contents else outcomes
    batch = assemble(outcomes, known, devices, topics)
    if tried is not None:
        tried.note(batch, ids, known)
    return batch


async def store(connection: Any, batch: Batch, writer: str) -> list[int]:
    """Write all rows of a batch but its quarantine; return its observations' sequence numbers."""
    await batches.add_unknown_devices(connection, list(batch.unknown.values()))
    await batches.write_uplinks(connection, batch.uplinks)
    await batches.write_device_events(connection, batch.events)
    await batches.write_canonical(connection, batch.canonical)
    sequence = await batches.take_sequence(connection, len(batch.observations))
    rows = [
        observation_row(found, seq, writer)
        for found, seq in zip(batch.observations, sequence, strict=True)
    ]
    await batches.write_observations(connection, rows)
    await environment.write(connection, environment_rows(batch.observations))
    return sequence
