# SPDX-License-Identifier: EUPL-1.2
"""Who may park how long, as rows have it; no SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from parking_occupancy.domain.bay import TimedKind
from parking_occupancy.domain.opening import Hours
from parking_occupancy.domain.restrictions import BayKind, Restriction
from parking_occupancy.opening_hours_osm import read_hours


def groups_of(stored: Iterable[str] | None) -> tuple[BayKind, ...]:
    """Return user groups; none where the kind of the bay says it."""
    return tuple(BayKind(each) for each in stored or ())


def bay_restrictions(row: Any) -> tuple[Restriction, ...]:
    """Return who may park in a bay and how long, first always, then at hours."""
    usual = groups_of(row["groups"]) or (BayKind(row["kind"]),)
    longest = row["max_stay_min"] or row["lot_max_stay_min"]
    return (
        *(Restriction(group, longest) for group in usual),
        *_timed(row, usual),
    )


def timed_kinds(row: Any) -> tuple[TimedKind, ...]:
    """Return of which kinds a bay is at which hours."""
    stored = orjson.loads(row["timed_kinds"]) if row["timed_kinds"] else None
    if stored is None:
        return ()
    place = {"lat": row["lat"], "lon": row["lon"]}
    clock = {"timezone": stored["timezone"], "region": stored["region"]}
    return tuple(
        TimedKind(
            BayKind(each["kind"]),
            read_hours(each["hours"], **clock, **place),
            groups_of(each.get("groups")),
        )
        for each in stored["kinds"]
    )


def _timed(row: Any, usual: tuple[BayKind, ...]) -> Iterator[Restriction]:
    stored = orjson.loads(row["timed_kinds"]) if row["timed_kinds"] else {}
    for each in (*stored.get("kinds", ()), *stored.get("limits", ())):
        groups = usual
        if "kind" in each:
            groups = groups_of(each.get("groups")) or (BayKind(each["kind"]),)
        on = _hours(row, stored, each["hours"])
        for group in groups:
            yield Restriction(group, each.get("max_stay_min"), each["hours"], on)


def _hours(row: Any, clock: Mapping[str, Any], hours: str) -> Hours:
    place = {"lat": row["lat"], "lon": row["lon"]}
    return read_hours(hours, timezone=clock["timezone"], region=clock["region"], **place)


def told_hours(restrictions: Iterable[Restriction]) -> tuple[Hours, ...]:
    """Return the hours at which restrictions change, each once."""
    return tuple({each.hours: each.on for each in restrictions if each.on is not None}.values())


def lot_restrictions(row: Any) -> tuple[Restriction, ...]:
    """Return what a lot itself says of who may park how long."""
    stored = orjson.loads(row["restrictions"]) if row["restrictions"] else []
    clock = orjson.loads(row["hours"]) if row["hours"] else None
    return tuple(
        Restriction(
            BayKind(group),
            each["max_stay_min"],
            each["hours"],
            _hours(row, clock, each["hours"]) if clock and each["hours"] else None,
        )
        for each in stored
        for group in each["groups"]
    )
