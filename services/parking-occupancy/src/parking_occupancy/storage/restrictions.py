"""Who may park how long, as rows have it; no SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from parking_occupancy.domain.restrictions import BayKind, Restriction


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


def _timed(row: Any, usual: tuple[BayKind, ...]) -> Iterator[Restriction]:
    stored = orjson.loads(row["timed_kinds"]) if row["timed_kinds"] else {}
    for each in stored.get("kinds", ()):
        groups = groups_of(each.get("groups")) or (BayKind(each["kind"]),)
        yield from (Restriction(group, each.get("max_stay_min"), each["hours"]) for group in groups)
    for each in stored.get("limits", ()):
        yield from (Restriction(group, each["max_stay_min"], each["hours"]) for group in usual)


def lot_restrictions(row: Any) -> tuple[Restriction, ...]:
    """Return what a lot itself says of who may park how long."""
    stored = orjson.loads(row["restrictions"]) if row["restrictions"] else []
    return tuple(
        Restriction(BayKind(group), each["max_stay_min"], each["hours"])
        for each in stored
        for group in each["groups"]
    )
