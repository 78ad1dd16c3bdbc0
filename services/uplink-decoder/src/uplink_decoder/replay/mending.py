# SPDX-License-Identifier: EUPL-1.2
"""What a replay means for the quarantine: what its codec refuses now, and what it takes after all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from uplink_decoder.domain.ledger import Account, Fate, Key, key_of
from uplink_decoder.domain.uplink import Flag
from uplink_decoder.replay.judging import Verdict
from uplink_decoder.storage import ledger, quarantine_states
from uplink_decoder.storage.quarantine_states import Author, HeldUplink, Settled

MAX_DETAIL = 2000
NO_RIGHT = "no_right"


async def hold(connection: Any, verdicts: Sequence[Verdict]) -> None:
    """Quarantine the uplinks that their codec refuses now."""
    failing = [held_uplink(verdict) for verdict in verdicts if verdict.errors]
    await quarantine_states.hold_uplinks(connection, failing)


async def mend(connection: Any, verdicts: Sequence[Verdict], *, by: str) -> None:
    """Note that what was refused and is taken now need not be decided about any more."""
    mended = [v.row["uplink_id"] for v in verdicts if v.row["errors"] and not v.errors]
    rows = await quarantine_states.open_of_uplinks(connection, mended)
    settled = [Settled(row["quarantine_id"], "resolved") for row in rows]
    await quarantine_states.settle(connection, settled, Author(by))
    await shift(connection, [(row, "stored") for row in rows])


async def shift(connection: Any, moved: Sequence[tuple[Any, Fate]]) -> None:
    """Have the ledger count quarantined messages as what became of them now.

    In the hour of their last receipt: one delivery of theirs at least is counted there.
    """
    stored: Counter[Key] = Counter()
    duplicate: Counter[Key] = Counter()
    for row, fate in moved:
        if row["ledger_class"] is not None:
            account = Account(row["source_id"], row["ledger_class"])
            sums = duplicate if fate == "duplicate" else stored
            sums[key_of(account, row["last_received_at"])] += 1
    keys = {*stored, *duplicate}
    await ledger.shift(connection, {key: (stored[key], duplicate[key]) for key in keys})


def held_uplink(verdict: Verdict) -> HeldUplink:
    """Return what the quarantine shall say of a stored uplink that is refused."""
    codec = verdict.item.codec
    reason = NO_RIGHT if Flag.NO_RIGHT in verdict.flags else verdict.item.reason
    return HeldUplink(
        verdict.times.observed_at,
        verdict.row["uplink_id"],
        reason,
        detail_of(verdict.errors),
        codec.codec_id if codec else None,
        codec.version if codec else None,
    )


def detail_of(errors: Sequence[str]) -> str:
    """Return errors as one text that the database takes."""
    return "; ".join(errors).replace("\x00", "�")[:MAX_DETAIL]
