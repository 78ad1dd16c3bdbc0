# SPDX-License-Identifier: EUPL-1.2
"""Counts lots at their gates within a change's transaction: forward, or anew from a checkpoint."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from parking_occupancy.board import Board
from parking_occupancy.domain import counted_lot
from parking_occupancy.domain.balance import (
    Anchor,
    Balance,
    Balancing,
    Cause,
    Correction,
    Entry,
    key_of,
    take,
    unknown_balance,
)
from parking_occupancy.domain.city import City
from parking_occupancy.domain.gate import Finding, GateCount
from parking_occupancy.domain.history import FINEST, Span, floor
from parking_occupancy.domain.known_empty import known_times
from parking_occupancy.domain.restrictions import PERSONAL_KINDS
from parking_occupancy.storage import counts, history
from parking_occupancy.storage.counts import GateEvent
from stadttakt_messages.base import LotId

SPACING = timedelta(hours=1)
"""Between checkpoints: a late message costs at most the counts of so long before it."""
NEAR_SPACING = timedelta(seconds=20)
"""Between those of the last hour: what comes by two ways overtakes itself by moments all the time."""
AT_ONCE = 100
"""So many entries are taken before others have their turn."""
PART = 10_000
"""After so many what was found is written: the server lets go of who says nothing in a transaction for a minute."""
NEAR = timedelta(days=1)
"""So long after an entry of long ago every bucket is marked; further on those counted before.

A clock that stands in another year would otherwise mark hundreds of thousands of empty ones. What
came within `LONGEST_ABSENCE` changes all buckets that follow.
"""
LONGEST_ABSENCE = timedelta(days=31)
"""After it, hours at which lots were known to be empty are made up for no further back."""

LEAST_SLIP = 10
"""By so many vehicles, or as many as fit, a barrier may have counted wrong and yet be heard."""


class Counting:
    """The entries of one change, in one try of its transaction.

    Where the try before may have been committed without an answer, nothing that is stored tells
    whether it was counted in memory: then everything is counted as if it were new.
    """

    def __init__(self, connection: Any, board: Board, *, repeated: bool) -> None:
        self._connection = connection
        self._city = board.city
        self._balances = board.balances
        self._repeated = repeated
        self.findings: list[tuple[GateCount, Finding]] = []

    async def take(
        self, events: Sequence[GateEvent], anchors: Sequence[Anchor], now: datetime
    ) -> dict[LotId, Balance]:
        """Store counts and anchors and return the balances that they change."""
        entries: list[Entry] = [*anchors]
        if events:
            stored = await counts.insert(self._connection, events)
            entries += (
                event.count
                for event in events
                if self._repeated or (event.count.observed_at, event.count.event_id) in stored
            )
        if anchors:
            await counts.insert_anchors(self._connection, anchors)
        by_lot: defaultdict[LotId, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_lot[entry.lot_id].append(entry)
        changed = {
            lot_id: replace(await self._lot(lot_id, by_lot[lot_id], now), passed_until=now)
            for lot_id in by_lot
        }
        for lot_id, taken in by_lot.items():
            await self._mark_far(lot_id, min(key_of(entry)[0] for entry in taken), now)
        if changed:
            await counts.write_states(self._connection, changed)
        return changed

    async def take_back(self, anchors: Sequence[Anchor], now: datetime) -> dict[LotId, Balance]:
        """Drop anchors and return the balances as if they had never been."""
        changed = {}
        for anchor in anchors:
            await counts.drop_anchor(self._connection, anchor)
            await self._mark_far(anchor.lot_id, anchor.at, now)
            balance = await self._anew(anchor.lot_id, anchor.at, now)
            changed[anchor.lot_id] = replace(balance, passed_until=now)
        if changed:
            await counts.write_states(self._connection, changed)
        return changed

    async def _mark_far(self, lot_id: LotId, at: datetime, now: datetime) -> None:
        """Have the buckets counted anew that an entry of long ago changes."""
        far = floor(at + NEAR, FINEST)
        if far < now:
            ended = floor(now, FINEST)
            whole = Span(far if at >= now - LONGEST_ABSENCE else ended, ended)
            await history.mark_following(self._connection, lot_id, far, whole=whole)

    async def _lot(self, lot_id: LotId, entries: list[Entry], now: datetime) -> Balance:
        rules = self._rules(lot_id)
        before = self._balances.get(lot_id) or unknown_balance(rules, now)
        entries = sorted({key_of(entry): entry for entry in entries}.values(), key=key_of)
        corrected = any(isinstance(each, GateCount) and each.corrects for each in entries)
        if corrected or (before.newest is not None and key_of(entries[0]) <= before.newest):
            return await self._anew(lot_id, key_of(entries[0])[0], now)
        return await self._forward(lot_id, before, entries, now)

    async def _anew(self, lot_id: LotId, late: datetime, now: datetime) -> Balance:
        connection, rules = self._connection, self._rules(lot_id)
        found = await counts.checkpoint(connection, lot_id, late)
        since, start = found or (None, unknown_balance(rules, now))
        await counts.forget_since(connection, lot_id, late, since)
        entries = await counts.entries(connection, lot_id, since)
        after = await self._forward(lot_id, start, entries, now)
        # Found before; what is new among them was late anyhow.
        self.findings.clear()
        return after

    async def _forward(
        self, lot_id: LotId, balance: Balance, entries: Iterable[Entry], now: datetime
    ) -> Balance:
        rules = self._rules(lot_id)
        corrections: list[Correction] = []
        checkpoints: dict[datetime, Balance] = {}
        for number, entry in enumerate(entries, 1):
            if number % AT_ONCE == 0:
                # A month counted anew takes seconds; answers and heartbeats go on.
                await asyncio.sleep(0)
            if number % PART == 0:
                await self._write(lot_id, balance, corrections, checkpoints, now)
            at = key_of(entry)[0]
            for spacing in (SPACING, NEAR_SPACING) if at >= now - SPACING else (SPACING,):
                until = floor(at, spacing)
                if balance.newest is not None and balance.newest[0] < until:
                    checkpoints[until] = balance
            taken = take(rules, balance, entry)
            balance = taken.balance
            corrections += taken.corrections
            self.findings += taken.findings
        await self._write(lot_id, balance, corrections, checkpoints, now)
        return balance

    async def _write(
        self,
        lot_id: LotId,
        balance: Balance,
        corrections: list[Correction],
        checkpoints: dict[datetime, Balance],
        now: datetime,
    ) -> None:
        """Store what was found so far, and forget it; with a full hour the near checkpoints before the last one go."""
        connection = self._connection
        await counts.write_checkpoints(connection, lot_id, checkpoints)
        if any(until == floor(until, SPACING) for until in checkpoints):
            await counts.thin_checkpoints(connection, lot_id, now - SPACING)
        await counts.write_corrections(connection, lot_id, corrections, simulated=balance.simulated)
        checkpoints.clear()
        corrections.clear()

    def _rules(self, lot_id: LotId) -> Balancing:
        rules = self._city.lots[lot_id].balancing
        if rules is None:
            raise LookupError(f"lot {lot_id} is not counted at gates")
        return rules


def refusal_of(city: City, count: GateCount) -> tuple[str, str] | None:
    """Return why a count cannot be taken as the city is configured: reason, detail."""
    lot = city.lots.get(count.lot_id)
    rules = lot.balancing if lot else None
    gate = rules.gates.get(count.gate) if rules else None
    if rules is None or gate is None:
        return "unknown_gate", f"{count.lot_id}/{count.gate}"
    slip = max(rules.most, LEAST_SLIP)
    if count.inside is not None and not -slip <= count.inside <= rules.most + slip:
        return "absurd_count", f"{count.inside} vehicles inside, at most {rules.most}"
    most = max(count.counted)
    if count.mode == "delta" and most > gate.longest_delta:
        return "absurd_count", f"{most} vehicles in one message, at most {gate.longest_delta}"
    if count.mode == "cumulative" and gate.counter_bits and most >> gate.counter_bits:
        return "absurd_count", f"a counter at {most}, of {gate.counter_bits} bits"
    return None


def anchors_of(board: Board, lot_id: LotId, now: datetime) -> Iterator[Anchor]:
    """Yield what tells, beside its gates, how many vehicles are in a lot.

    These are the hours at which it is known to be empty, if they passed since the lot was looked
    at last, and bays whose sensors contradict the count.
    """
    lot = board.city.lots.get(lot_id)
    balance = board.balances.get(lot_id)
    if lot is None or lot.balancing is None or balance is None:
        return
    since = max(balance.passed_until, now - LONGEST_ABSENCE)
    for at, inside in known_times(lot.balancing.known_empty, since, now):
        ref = f"known-empty-{at.isoformat()}"
        yield Anchor(ref, lot_id, at, Cause.KNOWN_EMPTY, inside, inside)
    bays = (board.bays.get(bay_id) for bay_id in board.city.bays_of.get(lot_id, ()))
    heard = [
        report
        for report in bays
        # Of a person's bay not even its silence is told.
        if report is not None and (now < report.valid_until or report.kind in PERSONAL_KINDS)
    ]
    found = counted_lot.evidence(lot, lot.balancing, balance, bays=heard, now=now)
    if found is not None:
        yield found
