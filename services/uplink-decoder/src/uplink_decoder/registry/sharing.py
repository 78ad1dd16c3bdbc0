# SPDX-License-Identifier: EUPL-1.2
"""Which devices come to share a bay with others: no error, but most often a slip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from uplink_decoder.domain.periods import ALWAYS
from uplink_decoder.domain.readings import Asset
from uplink_decoder.domain.registration import Action, Entry, Step, Wish
from uplink_decoder.storage import assignments

BAY = "bay"


class Shared(NamedTuple):
    """A device watches a bay that others watch too."""

    dev_eui: str
    bay_id: str
    others: Sequence[str]

    def __str__(self) -> str:
        """Return it in words."""
        named = ", ".join(self.others[:5]) + (" …" if len(self.others) > 5 else "")
        return (
            f"bay {self.bay_id} is watched by {named} too; while they contradict each other,"
            " the bay is unknown"
        )


async def shared_bays(connection: Any, steps: Sequence[Step], now: datetime) -> list[Shared]:
    """Return what these steps make shared, whether they are written already or not."""
    mine = {step.after.dev_eui: _bays_of(step.after, now) for step in steps}
    changed = [s for s in steps if s.action not in (Action.UNCHANGED, Action.DELETED)]
    wanted = sorted({bay for step in changed for bay in mine[step.after.dev_eui]})
    if not wanted:
        return []
    stored = await assignments.watchers(connection, BAY, wanted, now)
    watchers = _together(stored, mine)
    return [
        Shared(step.after.dev_eui, bay, others)
        for step in changed
        for bay in sorted(mine[step.after.dev_eui])
        if (others := sorted(watchers[bay] - {step.after.dev_eui}))
    ]


async def joining_now(
    connection: Any, entries: Mapping[str, Entry], wishes: Sequence[Wish], now: datetime
) -> list[Wish]:
    """Return the wishes, with what first watches a bay that others have watched doing so from now.

    Reaching back for ever, what it saw in its box would contradict the others.
    """
    first = {
        wish.asset.asset_id
        for wish in wishes
        if _is_first(entries.get(wish.dev_eui), wish) and isinstance(wish.asset, Asset)
    }
    if not first:
        return list(wishes)
    known: dict[str, set[str]] = {}
    for row in await assignments.watchers(connection, BAY, sorted(first), ALWAYS):
        known.setdefault(row["asset_id"], set()).add(row["dev_eui"])
    return [
        replace(wish, since=now)
        if _is_first(entries.get(wish.dev_eui), wish)
        and isinstance(wish.asset, Asset)
        and known.get(wish.asset.asset_id, set()) - {wish.dev_eui}
        else wish
        for wish in wishes
    ]


def _is_first(entry: Entry | None, wish: Wish) -> bool:
    """Tell whether a wish gives a device the first asset ever, a bay, and says not since when."""
    is_bay = isinstance(wish.asset, Asset) and wish.asset.kind == BAY
    return is_bay and wish.since is None and not (entry and entry.history)


def _together(stored: Iterable[Any], mine: Mapping[str, frozenset[str]]) -> Mapping[str, set[str]]:
    watchers: dict[str, set[str]] = {}
    for dev_eui, bays in mine.items():
        for bay in bays:
            watchers.setdefault(bay, set()).add(dev_eui)
    for row in stored:
        if row["dev_eui"] not in mine:
            watchers.setdefault(row["asset_id"], set()).add(row["dev_eui"])
    return watchers


def _bays_of(entry: Entry, now: datetime) -> frozenset[str]:
    """Return the bays that a device watches now or will."""
    if entry.retired_at is not None:
        return frozenset()
    return frozenset(
        each.asset.asset_id for each in entry.history if each.asset.kind == BAY and each.end > now
    )
