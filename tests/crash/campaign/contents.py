# SPDX-License-Identifier: EUPL-1.2
"""What rows say beside their id, otherwise than the messages that they came of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import md5
from typing import Any

from crash.campaign.line import DIRECTION, LINE
from crash.campaign.reckoning import ROUND_OVER, Truth
from crash.campaign.town import UPLINK_DOOR
from crash.campaign.traffic import Told

STORED = {
    "uplink": "select uplink_id::text, observed_at, md5(raw) from uplink.uplink",
    "observation": "select event_id, observed_at, asset_id from uplink.observation",
    "bay_event": "select event_id, observed_at, bay_id, reading from parking.bay_event",
    "gate_event": """
select event_id, observed_at, lot_id || '/' || gate, mode, count_in, count_out from parking.gate_event
""",
    "reading": "select event_id, observed_at, vehicle_id, door, body from transit.reading",
    "position": "select event_id, observed_at, vehicle_id, lat, lon from transit.position",
    "assignment": """
select event_id, observed_at, vehicle_id, line, direction, start_date, trip_id, stop_id
  from transit.assignment where event_id not like 'followed:%'
""",
}
"""Of each table the ids, and what is compared beside them."""

HOMES = {
    "bay_event": ("bay", "short", "past"),
    "gate_event": ("gate",),
    "reading": ("door", "mass"),
    "position": ("position",),
    "assignment": ("trip",),
}
"""What each consumer's table holds."""

Rows = Sequence[tuple[Any, ...]]


def differing_contents(truth: Truth, stored: Mapping[str, Rows]) -> Iterator[str]:
    """Yield the first row of each table that says something else than its message, and how many do."""
    uplinks = truth.uplinks()
    wanted: dict[str, dict[str, tuple[Any, ...]]] = {
        "uplink": {str(each.uplink): (each.at, md5(each.payload).hexdigest()) for each in uplinks},
        "observation": {each.event_id: (each.at, each.place) for each in uplinks},
        **{
            table: {each.event_id: (each.at, *_SAYS[each.kind](each)) for each in truth.of(*kinds)}
            for table, kinds in HOMES.items()
        },
    }
    for table, messages in wanted.items():
        found = {key: _said(table, says) for key, *says in stored[table]}
        odd = [key for key, content in messages.items() if found.get(key) != content]
        if odd:
            example = f"{odd[0]} says {found.get(odd[0])} instead of {messages[odd[0]]}"
            yield f"{table}: {len(odd)} rows say something else, e.g. {example}"


def _said(table: str, row: Sequence[Any]) -> tuple[Any, ...]:
    """Return a row as its message says it: of a reading people of all classes together, or a mass."""
    if table != "reading":
        return tuple(row)
    at, bus, door, body = row
    if "mass_kg" in body:
        return at, bus, door, body["mass_kg"]
    came, went = (sum(pair[way] for pair in body["counts"].values()) for way in (0, 1))
    return at, bus, door, body["mode"], came, went


def _of_bay(told: Told) -> tuple[Any, ...]:
    return told.place, "occupied" if told.says[0] else "free"


def _of_gate(told: Told) -> tuple[Any, ...]:
    mode, came, went = told.says
    return told.place, mode, came % ROUND_OVER, went % ROUND_OVER


def _of_door(told: Told) -> tuple[Any, ...]:
    bus, _, door = told.place.partition("/")
    return bus, door or UPLINK_DOOR, *told.says


def _of_trip(told: Told) -> tuple[Any, ...]:
    (call,) = told.says
    return told.place, LINE, DIRECTION, call.start_date, call.trip_id, call.stop_id


_SAYS: Mapping[str, Callable[[Told], tuple[Any, ...]]] = {
    **dict.fromkeys(HOMES["bay_event"], _of_bay),
    "gate": _of_gate,
    "door": _of_door,
    "mass": lambda told: (told.place, None, *told.says),
    "position": lambda told: (told.place, *told.says),
    "trip": _of_trip,
}
