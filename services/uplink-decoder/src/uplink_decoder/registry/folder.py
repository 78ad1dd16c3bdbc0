# SPDX-License-Identifier: EUPL-1.2
"""Brings the registry in line with the city folder, leaving alone what operators took over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from uplink_decoder.domain.registration import Action, Entry, Owner, Step, Wish, fulfil, retire
from uplink_decoder.registry.sharing import joining_now, shared_bays
from uplink_decoder.registry.writing import plan, read_all, write
from uplink_decoder.storage import registry
from uplink_decoder.storage.registry import Author


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply changed, and which devices it left as operators have them."""

    changed: int
    retired: int
    kept: Sequence[str]
    shared: Sequence[str] = ()


class PlannedOtherwiseError(ValueError):
    """A line contradicts what is planned for its device; `position` is the line's place."""

    def __init__(self, position: int, detail: str) -> None:
        super().__init__(detail)
        self.position = position


async def apply_folder(connection: Any, wishes: Sequence[Wish], author: Author) -> Applied:
    """Write the folder's devices, retire its devices that are no longer in it.

    A device that an operator changed is left as it is; it is the folder's again as soon as its
    line says the same.

    Raises:
        PlannedOtherwiseError: an assignment planned for later is in the way of a line.

    """
    await registry.take_turn(connection)
    entries = await read_all(connection, None)
    own = [wish for wish in wishes if not _is_operators(entries.get(wish.dev_eui))]
    joining = await joining_now(connection, entries, own, author.at)
    steps, refused = await plan(entries, joining, by=Owner.CITY, author=author)
    if refused:
        wrong = own[refused[0].position]
        raise PlannedOtherwiseError(wishes.index(wrong), refused[0].detail)
    given_back, kept = _compare(entries, wishes, author)
    named = {wish.dev_eui for wish in wishes}
    absent = _retire_absent(entries, named, author)
    await write(connection, [*steps, *given_back, *absent], author)
    await registry.set_in_folder(connection, sorted(named), present=True)
    gone = [entry.dev_eui for entry in entries.values() if entry.dev_eui not in named]
    await registry.set_in_folder(connection, gone, present=False)
    changed = sum(step.action != Action.UNCHANGED for step in steps)
    shared = await shared_bays(connection, steps, author.at)
    return Applied(changed, len(absent), kept, sorted({each.bay_id for each in shared}))


def _is_operators(entry: Entry | None) -> bool:
    return entry is not None and entry.owner == Owner.OPERATOR


def _compare(
    entries: Mapping[str, Entry], wishes: Sequence[Wish], author: Author
) -> tuple[list[Step], list[str]]:
    """Return which operators' devices are the folder's again, and which differ from their line."""
    given_back, kept = [], []
    for wish in wishes:
        entry = entries.get(wish.dev_eui)
        if entry is None or not _is_operators(entry):
            continue
        if _says_the_same(entry, wish, author):
            after = replace(entry, owner=Owner.CITY)
            given_back.append(Step(Action.RELEASED, entry, after))
        else:
            kept.append(wish.dev_eui)
    return given_back, kept


def _says_the_same(entry: Entry, wish: Wish, author: Author) -> bool:
    try:
        step = fulfil(entry, wish, by=Owner.CITY, now=author.at)
    except ValueError:
        return False
    return step.action == Action.UNCHANGED


def _retire_absent(entries: Mapping[str, Entry], named: set[str], author: Author) -> list[Step]:
    return [
        Step(Action.RETIRED, entry, retire(entry, author.at))
        for entry in entries.values()
        if entry.owner == Owner.CITY and entry.retired_at is None and entry.dev_eui not in named
    ]
