# SPDX-License-Identifier: EUPL-1.2
"""Sorts out and writes one batch, whoever brings it: live messages or retried ones; never commits."""

from __future__ import annotations

from collections.abc import Sequence
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


async def sort_out(
    connection: Any, outcomes: Sequence[Outcome], devices: DeviceBook, topics: Topics
) -> Batch:
    """Claim the identities of outcomes and sort these into rows, publishes and fates, in order."""
    ids = identified(outcomes)
    known = await batches.claim_identities(connection, list(ids), list(ids.values()))
    told = [o.uplink_id for o in outcomes if isinstance(o, ReadObservation) if o.uplink_id in known]
    contents = await batches.canonical_contents(connection, told)
    outcomes = refuse_reused(outcomes, contents) if contents else outcomes
    return assemble(outcomes, known, devices, topics)


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
