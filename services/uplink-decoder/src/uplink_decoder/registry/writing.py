# SPDX-License-Identifier: EUPL-1.2
"""Writes wishes into the registry: all of them or none, with what follows for stored uplinks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from uplink_decoder.domain.periods import OverlapError, rewritten
from uplink_decoder.domain.registration import Entry, Owner, Step, Wish, fulfil
from uplink_decoder.domain.selection import Selection
from uplink_decoder.storage import registry, replays
from uplink_decoder.storage.registry import Author

AT_ONCE = 100
"""Devices between two turns of the event loop, so that live traffic waits a few milliseconds."""


class Refusal(NamedTuple):
    """A wish, by its place among them, that the device's history does not allow."""

    position: int
    detail: str


async def read_all(connection: Any, euis: Sequence[str] | None) -> dict[str, Entry]:
    """Return these devices, or all, with turns for others in between."""
    wanted = await registry.all_euis(connection) if euis is None else euis
    entries: dict[str, Entry] = {}
    for start in range(0, len(wanted), AT_ONCE):
        entries |= await registry.read_entries(connection, wanted[start : start + AT_ONCE])
    return entries


async def plan(
    entries: dict[str, Entry], wishes: Iterable[Wish], *, by: Owner, author: Author
) -> tuple[list[Step], list[Refusal]]:
    """Return what the wishes make of the entries, and which of them cannot be fulfilled."""
    steps: list[Step] = []
    refused: list[Refusal] = []
    for position, wish in enumerate(wishes):
        if position % AT_ONCE == 0:
            await asyncio.sleep(0)
        try:
            steps.append(fulfil(entries.get(wish.dev_eui), wish, by=by, now=author.at))
        except OverlapError as error:
            refused.append(Refusal(position, str(error)))
    return steps, refused


def nothing(_count: int) -> None:
    """Tell nobody of progress."""


async def write(
    connection: Any,
    steps: Sequence[Step],
    author: Author,
    advance: Callable[[int], object] = nothing,
) -> None:
    """Write what changed; uplinks that went to an asset they should not are decoded again.

    `advance` is told how many are done.
    """
    for start in range(0, len(steps), AT_ONCE):
        some = steps[start : start + AT_ONCE]
        await registry.write(connection, some, author)
        advance(len(some))
    for step in steps:
        await _decode_again(connection, step, author)


async def _decode_again(connection: Any, step: Step, author: Author) -> None:
    if step.before is None:
        return
    span = rewritten(step.before.history, step.after.history, author.at)
    if span is None:
        return
    selection = Selection(dev_euis=(step.after.dev_eui,), from_time=span[0], to_time=span[1])
    await replays.create(connection, replays.Request("assignment", selection, author.name))
