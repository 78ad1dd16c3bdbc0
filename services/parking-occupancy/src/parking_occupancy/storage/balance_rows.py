# SPDX-License-Identifier: EUPL-1.2
"""Balances as JSON and back; no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from parking_occupancy.domain.balance import Balance, Cause, Key
from parking_occupancy.domain.gate import GateTrack, Passed
from parking_occupancy.domain.miscount import Miscounts


def of_balance(balance: Balance) -> str:
    """Return a balance as JSON."""
    return orjson.dumps(balance, default=_plain).decode()


def _plain(value: object) -> object:
    if isinstance(value, Passed):
        return list(value)
    raise TypeError(type(value).__name__)


def to_balance(text: str) -> Balance:
    """Return the balance of its JSON."""
    found = orjson.loads(text)
    return Balance(
        passed_until=datetime.fromisoformat(found["passed_until"]),
        newest=_key(found["newest"]),
        gates={name: _track(track) for name, track in found["gates"].items()},
        count=found["count"],
        lowest=found["lowest"],
        highest=found["highest"],
        anchored_at=_time(found["anchored_at"]),
        anchored_by=Cause(found["anchored_by"]) if found["anchored_by"] else None,
        raw=found["raw"],
        traffic={name: Passed(*passed) for name, passed in found["traffic"].items()},
        owed=found["owed"],
        relief=found["relief"],
        miscounts=_miscounts(found["miscounts"]),
        simulated=found["simulated"],
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _key(found: list[Any] | None) -> Key | None:
    if found is None:
        return None
    at, rank, total, entry_id = found
    return datetime.fromisoformat(at), rank, total, entry_id


def _track(found: Mapping[str, Any]) -> GateTrack:
    return GateTrack(
        heard_at=datetime.fromisoformat(found["heard_at"]),
        since=datetime.fromisoformat(found["since"]),
        totals=Passed(*found["totals"]) if found["totals"] else None,
        doubted=Passed(*found["doubted"]) if found["doubted"] else None,
        passed=Passed(*found["passed"]),
    )


def _miscounts(found: Mapping[str, Any] | None) -> Miscounts | None:
    if found is None:
        return None
    return Miscounts(
        gates=tuple(found["gates"]),
        means=tuple(found["means"]),
        covariance=tuple(map(tuple, found["covariance"])),
        noise=tuple(found["noise"]),
        scale=found["scale"],
        resets=found["resets"],
    )
